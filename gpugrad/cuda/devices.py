"""Which CUDA devices there are, which one is current, and what it can do."""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from typing import Any, Literal

from ..backend import cuda as _cuda
from ..backend.probe import probe
from ..device import device as Device

DeviceLike = Any
"""A CUDA index, ``"cuda:1"``, a :class:`gpugrad.device`, or None for the current device."""


def is_available() -> bool:
    """Whether CUDA can be used: a kernel has been compiled and run to find out.

    The first call takes a second or so where there is a GPU; the answer is kept. Where it is
    False, :func:`unavailable_reason` says why.

    >>> import gpugrad
    >>> device = "cuda" if gpugrad.cuda.is_available() else "cpu"
    """
    return probe().module is not None


def unavailable_reason() -> str | None:
    """What is missing for CUDA and how to install it; None where CUDA can be used.

    >>> import gpugrad
    >>> (gpugrad.cuda.unavailable_reason() is None) == gpugrad.cuda.is_available()
    True
    """
    return probe().reason


def is_initialized() -> bool:
    """Whether this process has used CUDA so far.

    >>> import gpugrad
    >>> _ = gpugrad.cuda.is_initialized()
    """
    return _cuda.is_initialized()


def init() -> None:
    """Get CUDA ready now instead of with the first tensor.

    Raises:
        RuntimeError: CUDA cannot be used; the message says what is missing.
    """
    cupy()


def cupy() -> Any:
    """The array module of CUDA. Raises RuntimeError saying what is missing."""
    return _cuda.backend(Device("cuda")).module


def device_count() -> int:
    """The number of devices, 0 where CUDA cannot be used.

    >>> import gpugrad
    >>> (gpugrad.cuda.device_count() > 0) == gpugrad.cuda.is_available()
    True
    """
    return probe().device_count


def index_of(device: DeviceLike, optional: bool = True) -> int:
    """The index that ``device`` means.

    Args:
        optional: whether None and ``"cuda"`` stand for the current device.

    Raises:
        ValueError: for the CPU, for anything that is no device, and without an index where that
            is needed.
    """
    index = device if isinstance(device, int) and not isinstance(device, bool) else None
    if isinstance(device, (str, Device)):
        device = Device(device)
        if device.type == "cpu":
            raise ValueError(f"Expected a non cpu device, but got: {device}")
        index = device.index
    elif device is not None and index is None:
        optional = False
    if index is None:
        if not optional:
            raise ValueError(
                f"Expected a torch.device with a specified index or an integer, but got:{device}"
            )
        return current_device()
    return index


def existing(device: DeviceLike) -> int:
    """The index that ``device`` means. Raises RuntimeError if there is no such device."""
    index = index_of(device)
    if index < 0:
        raise RuntimeError(f"invalid device index {index}")
    _cuda.backend(Device("cuda", index))
    return index


def current_device() -> int:
    """The index of the device on which ``device="cuda"`` makes tensors.

    Raises:
        RuntimeError: CUDA cannot be used.
    """
    return int(cupy().cuda.runtime.getDevice())


def set_device(device: DeviceLike) -> None:
    """Make ``device`` the current one of this thread; nothing happens for a negative index.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
        ValueError: ``device`` has no index.
    """
    index = index_of(device, optional=False)
    if index >= 0:
        cupy().cuda.Device(existing(index)).use()


class device:
    """A context in which another device is the current one of this thread.

    Args:
        device: None or a negative index change nothing.

    Raises:
        RuntimeError: on entering, if CUDA cannot be used or there is no such device.
    """

    def __init__(self, device: DeviceLike) -> None:
        self.idx = -1 if device is None else index_of(device)
        self.prev_idx = -1

    def __enter__(self) -> None:
        if self.idx >= 0:
            self.prev_idx = current_device()
            set_device(self.idx)

    def __exit__(self, *error: object) -> Literal[False]:
        if self.idx >= 0:
            set_device(self.prev_idx)
        return False


class device_of(device):  # noqa: N801  # PyTorch's name
    """A context in which the device of a tensor is the current one; nothing for CPU tensors."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.get_device() if obj.is_cuda else None)


def synchronize(device: DeviceLike = None) -> None:
    """Wait until everything that was started on a device has been done.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
    """
    cupy().cuda.Device(existing(device)).synchronize()


# --- what a device is -----------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class DeviceProperties:
    """What :func:`get_device_properties` tells of a device.

    Attributes:
        name: such as ``"NVIDIA H200"``.
        major, minor: compute capability.
        total_memory: bytes of memory.
        multi_processor_count: streaming multiprocessors.
        max_threads_per_multi_processor: threads that one of them holds at a time.
        warp_size: threads that run in step.
        L2_cache_size: bytes.
    """

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    max_threads_per_multi_processor: int
    warp_size: int
    L2_cache_size: int

    def __repr__(self) -> str:
        return (
            f"_CudaDeviceProperties(name='{self.name}', major={self.major}, minor={self.minor}, "
            f"total_memory={self.total_memory // 2**20}MB, "
            f"multi_processor_count={self.multi_processor_count}, "
            f"L2_cache_size={self.L2_cache_size // 2**20}MB)"
        )


def get_device_properties(device: DeviceLike = None) -> DeviceProperties:
    """Name, compute capability, memory and the like of a device.

    Raises:
        RuntimeError: CUDA cannot be used.
        AssertionError: there is no such device.
    """
    module = cupy()
    index = index_of(device)
    if not 0 <= index < device_count():
        raise AssertionError("Invalid device id")
    return _properties(module, index)


@functools.cache
def _properties(module: Any, index: int) -> DeviceProperties:
    found = module.cuda.runtime.getDeviceProperties(index)
    name = found["name"]
    return DeviceProperties(
        name.decode() if isinstance(name, bytes) else str(name),
        int(found["major"]),
        int(found["minor"]),
        int(found["totalGlobalMem"]),
        int(found["multiProcessorCount"]),
        int(found["maxThreadsPerMultiProcessor"]),
        int(found["warpSize"]),
        int(found["l2CacheSize"]),
    )


def get_device_name(device: DeviceLike = None) -> str:
    """The name of a device, such as ``"NVIDIA H200"``; errors as :func:`get_device_properties`."""
    return get_device_properties(device).name


def get_device_capability(device: DeviceLike = None) -> tuple[int, int]:
    """The compute capability, such as (9, 0); errors as :func:`get_device_properties`."""
    found = get_device_properties(device)
    return found.major, found.minor


def can_device_access_peer(device: DeviceLike, peer_device: DeviceLike) -> bool:
    """Whether a device can read another one's memory.

    Raises:
        RuntimeError: CUDA cannot be used.
        AssertionError: there is no such device.
    """
    runtime = cupy().cuda.runtime
    pair = index_of(device), index_of(peer_device, optional=False)
    for index, word in zip(pair, ("device", "peer device"), strict=True):
        if not 0 <= index < device_count():
            raise AssertionError(f"Invalid {word} id")
    return bool(runtime.deviceCanAccessPeer(*pair))


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether tensors of bfloat16 can be used on the current device.

    Args:
        including_emulation: also where the device computes with them by software (before
            compute capability 8.0).
    """
    if not is_available() or importlib.util.find_spec("ml_dtypes") is None:
        return False
    return including_emulation or get_device_properties().major >= 8
