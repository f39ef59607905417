"""The device beside the CPU, whichever it is; here CUDA, where there is a GPU.

Programs that name no kind of device ask this module, which hands on to :mod:`gpugrad.cuda`.

>>> import gpugrad
>>> found = gpugrad.accelerator.current_accelerator()
>>> device = found.type if found is not None else "cpu"
"""

from __future__ import annotations

from typing import Any

from . import cuda
from .device import device


def is_available() -> bool:
    """Whether there is an accelerator that can be used."""
    return cuda.is_available()


def device_count() -> int:
    """How many there are, 0 without one."""
    return cuda.device_count()


def current_accelerator(check_available: bool = False) -> device | None:
    """The kind of accelerator as a device without index; None where there is none."""
    return device("cuda") if cuda.is_available() else None


def _require() -> None:
    if not cuda.is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")


def current_device_index() -> int:
    """The index of the current device.

    Raises:
        RuntimeError: there is no accelerator; so do the functions below.
    """
    _require()
    return cuda.current_device()


def set_device_index(device: Any, /) -> None:
    """Make a device the current one of this thread."""
    _require()
    cuda.set_device(cuda.devices.index_of(device))


current_device_idx, set_device_idx = current_device_index, set_device_index


class device_index(cuda.device):  # noqa: N801  # PyTorch's name
    """A context in which the device of this index is the current one; None changes nothing."""


def current_stream(device: Any = None, /) -> cuda.Stream:
    """The stream to which this thread's work on a device goes."""
    _require()
    return cuda.current_stream(device)


def set_stream(stream: cuda.Stream) -> None:
    """Make a stream the one to which this thread's work goes."""
    _require()
    cuda.set_stream(stream)


def synchronize(device: Any = None, /) -> None:
    """Wait until everything that was started on a device has been done."""
    _require()
    cuda.synchronize(device)


def get_device_capability(device: Any = None, /) -> dict[str, Any]:
    """What a device can compute with: ``{"supported_dtypes": {...}}``."""
    from . import dtypes

    _require()
    without = () if cuda.is_bf16_supported() else (dtypes.bfloat16,)
    return {"supported_dtypes": {d for d in dtypes.ALL if d not in without}}


# --- memory ---------------------------------------------------------------------------------------


def empty_cache() -> None:
    """Give back memory that no tensor holds."""
    _require()
    cuda.empty_cache()


def memory_allocated(device_index: Any = None, /) -> int:
    """Bytes that tensors hold on a device."""
    _require()
    return cuda.memory_allocated(device_index)


def max_memory_allocated(device_index: Any = None, /) -> int:
    """The most bytes that tensors have held; see :func:`gpugrad.cuda.max_memory_allocated`."""
    _require()
    return cuda.max_memory_allocated(device_index)


def memory_reserved(device_index: Any = None, /) -> int:
    """Bytes that the pool of memory holds on a device."""
    _require()
    return cuda.memory_reserved(device_index)


def max_memory_reserved(device_index: Any = None, /) -> int:
    """The most bytes that the pool of memory has held."""
    _require()
    return cuda.max_memory_reserved(device_index)


def reset_peak_memory_stats(device_index: Any = None, /) -> None:
    """Start both peaks anew."""
    _require()
    cuda.reset_peak_memory_stats(device_index)


def get_memory_info(device_index: Any = None, /) -> tuple[int, int]:
    """Free and total bytes of a device."""
    _require()
    return cuda.mem_get_info(device_index)
