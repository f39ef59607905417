"""Generators of random numbers, and the default ones of every device.

A draw on the CPU gives PyTorch's numbers for the same seed. A draw on a CUDA device comes from
that device's own generator, Philox4x32-10, and does not depend on the model of the GPU.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from ..autograd.engine import TensorBase, wrap
from ..backend import get_backend, noted_streams
from ..backend.philox import PhiloxStream, current_index
from ..backend.random import CPUStream
from ..backend.stream import DEFAULT_SEED, Stream
from ..device import device as Device


class Generator:
    """A stream of random numbers on one device, to pass as ``generator=``.

    Args:
        device: where the numbers are made, ``"cpu"`` unless given.

    A new generator has the seed 67280421310721.

    Raises:
        RuntimeError: for an unknown device, or CUDA where it cannot be used.

    >>> import gpugrad
    >>> g = gpugrad.Generator().manual_seed(5)
    >>> gpugrad.rand(3, generator=g)
    tensor([0.8303, 0.1261, 0.9075])
    """

    stream: Stream

    def __init__(self, device: Any = "cpu") -> None:
        self._device = Device(device)
        if self._device.type == "cpu":
            self.stream = CPUStream()
        else:
            xp = get_backend(self._device).module
            index = self._device.index
            if index is None:
                index = current_index(xp)
                self._device = Device("cuda", index)
            self.stream = PhiloxStream(xp, index)

    @property
    def device(self) -> Device:
        """The device that the numbers are made on."""
        return self._device

    def manual_seed(self, seed: int) -> Generator:
        """Start again from ``seed`` and return the generator.

        Args:
            seed: -2**63 ... 2**64 - 1; a negative one stands for ``2**64 + seed``. The CPU's
                generator uses the lowest 32 bits, as PyTorch's does.

        Raises:
            RuntimeError: if ``seed`` is no int.
            ValueError: if it is out of range.
        """
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        self.stream.manual_seed(unsigned_seed(int(seed)))
        return self

    def seed(self) -> int:
        """Start again from a seed that the operating system picks, and return that seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.stream.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the generator was started from."""
        return self.stream.seed

    def get_state(self) -> Any:
        """The state as a tensor of ``uint8``, for :meth:`set_state`.

        The state of a CPU generator is laid out as PyTorch's, so the two can be exchanged.
        """
        return wrap(self.stream.get_state())

    def set_state(self, new_state: Any) -> Generator:
        """Continue from a state that :meth:`get_state` gave, and return the generator.

        Raises:
            TypeError: if ``new_state`` is no tensor of ``uint8`` on the CPU.
            RuntimeError: if it has the wrong size or is not a state.
        """
        if not isinstance(new_state, TensorBase):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if not isinstance(new_state.array, np.ndarray) or new_state.array.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        self.stream.set_state(new_state.array)
        return self


def unsigned_seed(seed: int) -> int:
    """``seed`` in 0 ... 2**64 - 1."""
    if not -(2**63) <= seed < 2**64:
        raise ValueError("Overflow when unpacking long long")
    return seed % 2**64


default_generator = Generator()
"""The generator of every draw on the CPU that is not given another."""
default_generator.seed()

_lock = threading.Lock()
_cuda_seed = DEFAULT_SEED
_cuda_generators: dict[int, Generator] = {}


def cuda_generator(index: int | None = None) -> Generator:
    """The default generator of a CUDA device, by default of the current one."""
    if index is None:
        index = current_index(get_backend(Device("cuda")).module)
    with _lock:
        found = _cuda_generators.get(index)
        if found is None:
            found = Generator(Device("cuda", index))
            _cuda_generators[index] = found.manual_seed(_cuda_seed)
        return found


def seed_cuda(seed: int) -> None:
    """Seed the default generators of all CUDA devices, also those not used so far."""
    global _cuda_seed
    with _lock:
        _cuda_seed = unsigned_seed(seed)
        for generator in _cuda_generators.values():
            generator.manual_seed(_cuda_seed)


def stream_of(where: Device, generator: Generator | None = None) -> Stream:
    """The stream that draws on a device: the given generator's, or the default one's.

    Raises RuntimeError if ``generator`` belongs to another type of device.
    """
    if generator is None:
        chosen = default_generator if where.type == "cpu" else cuda_generator(where.index)
        noted: Stream = noted_streams.noted_stream(chosen.stream)
        return noted
    if generator.device.type != where.type:
        raise RuntimeError(
            f"Expected a '{where.type}' device type for generator but found "
            f"'{generator.device.type}'"
        )
    own: Stream = noted_streams.noted_stream(generator.stream)
    return own


def manual_seed(seed: int) -> Generator:
    """Seed the default generators of all devices and return the CPU's.

    Args:
        seed: as in :meth:`Generator.manual_seed`; anything that ``int()`` takes.

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.rand(2)
    tensor([0.4963, 0.7682])
    """
    seed = int(seed)
    default_generator.manual_seed(seed)
    seed_cuda(seed)
    return default_generator


def seed() -> int:
    """Seed the default generators of all devices with one number from the operating system.

    >>> import gpugrad
    >>> gpugrad.seed() == gpugrad.initial_seed()
    True
    """
    chosen = default_generator.seed()
    seed_cuda(chosen)
    return chosen


def initial_seed() -> int:
    """The seed of the CPU's default generator.

    >>> import gpugrad
    >>> gpugrad.manual_seed(3).initial_seed() == gpugrad.initial_seed() == 3
    True
    """
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The state of the CPU's default generator, a tensor of ``uint8``.

    >>> import gpugrad
    >>> state = gpugrad.get_rng_state()
    >>> first = gpugrad.rand(3)
    >>> gpugrad.set_rng_state(state)
    >>> bool((gpugrad.rand(3) == first).all())
    True
    """
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Put the CPU's default generator into a state that :func:`get_rng_state` gave.

    >>> import gpugrad
    >>> gpugrad.set_rng_state(gpugrad.get_rng_state())
    """
    default_generator.set_state(new_state)
