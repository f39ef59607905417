"""The random numbers of CUDA devices: seeds and states of their default generators."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from ..random.generator import cuda_generator, seed_cuda
from .devices import DeviceLike, device_count, existing, is_available


def manual_seed(seed: int) -> None:
    """Seed the generator of the current device; without CUDA nothing happens.

    >>> import gpugrad
    >>> gpugrad.cuda.manual_seed(0)
    """
    seed = int(seed)
    if is_available():
        cuda_generator().manual_seed(seed)


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all devices, also of those that are used later.

    >>> import gpugrad
    >>> gpugrad.cuda.manual_seed_all(0)
    """
    seed_cuda(int(seed))


def seed() -> None:
    """Seed the generator of the current device by chance; without CUDA nothing happens."""
    manual_seed(secrets.randbits(64))


def seed_all() -> None:
    """Seed the generators of all devices with one number, picked by chance."""
    manual_seed_all(secrets.randbits(64))


def initial_seed() -> int:
    """The seed of the current device's generator.

    Raises:
        RuntimeError: CUDA cannot be used.
    """
    return cuda_generator().initial_seed()


def get_rng_state(device: DeviceLike = "cuda") -> Any:
    """The state of a device's generator, a CPU tensor of ``uint8``.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
    """
    return cuda_generator(existing(device)).get_state()


def set_rng_state(new_state: Any, device: DeviceLike = "cuda") -> None:
    """Put a device's generator into a state that :func:`get_rng_state` gave.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
        TypeError: ``new_state`` is no CPU tensor of ``uint8``.
    """
    cuda_generator(existing(device)).set_state(new_state)


def get_rng_state_all() -> list[Any]:
    """The states of all devices' generators."""
    return [get_rng_state(index) for index in range(device_count())]


def set_rng_state_all(new_states: Iterable[Any]) -> None:
    """Set the states of all devices' generators."""
    for index, state in enumerate(new_states):
        set_rng_state(state, index)
