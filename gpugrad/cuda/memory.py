"""How much memory tensors take on a CUDA device.

Memory comes from CuPy's default pool, which keeps what is given back for the next tensor.
*Allocated* is what tensors (and CuPy arrays) hold, rounded up to the pool's units of 512 bytes;
*reserved* is what the pool holds. The CUDA context, libraries and loaded kernels are in neither.

Watching every allocation costs time, so the peak of allocated memory is watched only from the first
:func:`reset_peak_memory_stats` on. Before that, :func:`max_memory_allocated` gives the peak of
reserved memory, which is never less.
"""

from __future__ import annotations

import threading
from typing import Any

from .devices import DeviceLike, cupy, existing, is_initialized


def memory_allocated(device: DeviceLike = None) -> int:
    """Bytes that tensors hold on a device; 0 before CUDA is used.

    >>> import gpugrad
    >>> _ = gpugrad.cuda.memory_allocated()
    """
    return _pool_says("used_bytes", device)


def memory_reserved(device: DeviceLike = None) -> int:
    """Bytes that the pool holds on a device, in use or not; 0 before CUDA is used.

    >>> import gpugrad
    >>> _ = gpugrad.cuda.memory_reserved()
    """
    return _pool_says("total_bytes", device)


def max_memory_allocated(device: DeviceLike = None) -> int:
    """The most bytes that tensors have held since :func:`reset_peak_memory_stats`.

    Counts what the thread that called that function allocates. If it has not been called, this is
    :func:`max_memory_reserved`. 0 before CUDA is used.

    >>> import gpugrad
    >>> _ = gpugrad.cuda.max_memory_allocated()
    """
    if not is_initialized():
        return 0
    watch = _watches.get(existing(device))
    return max_memory_reserved(device) if watch is None else watch.peak


def max_memory_reserved(device: DeviceLike = None) -> int:
    """The most bytes that the pool has held since :func:`reset_peak_memory_stats`.

    The pool grows until :func:`empty_cache`. 0 before CUDA is used.

    >>> import gpugrad
    >>> _ = gpugrad.cuda.max_memory_reserved()
    """
    if not is_initialized():
        return 0
    index = existing(device)
    _reserved_peak[index] = max(_reserved_peak.get(index, 0), memory_reserved(index))
    return _reserved_peak[index]


def reset_peak_memory_stats(device: DeviceLike = None) -> None:
    """Forget the peaks of a device, and from now on watch every allocation of this thread.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
    """
    index = existing(device)
    _reserved_peak[index] = 0
    _watches[index] = Watch(index, memory_allocated(index))
    _hook(cupy())


def empty_cache() -> None:
    """Give memory that no tensor holds back to the device, for other programs to use.

    Later tensors have to ask the device again, which takes time.
    """
    if is_initialized():
        module = cupy()
        for index in range(module.cuda.runtime.getDeviceCount()):
            max_memory_reserved(index)
            with module.cuda.Device(index):
                module.get_default_memory_pool().free_all_blocks()


def mem_get_info(device: DeviceLike = None) -> tuple[int, int]:
    """Free and total bytes of a device, as the driver sees them, all programs together.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
    """
    free, total = cupy().cuda.Device(existing(device)).mem_info
    return int(free), int(total)


def _pool_says(what: str, device: DeviceLike) -> int:
    if not is_initialized():
        return 0
    module = cupy()
    with module.cuda.Device(existing(device)):
        return int(getattr(module.get_default_memory_pool(), what)())


# --- the peak -------------------------------------------------------------------------------------


class Watch:
    """The bytes in use on a device, now and at most."""

    def __init__(self, index: int, used: int) -> None:
        self.index = index
        self.used = self.peak = used

    def change(self, size: int) -> None:
        self.used += size
        if self.used > self.peak:
            self.peak = self.used


_reserved_peak: dict[int, int] = {}
_watches: dict[int, Watch] = {}
_hooked = threading.local()


def _hook(module: Any) -> None:
    """Let the pool tell of each allocation in this thread; CuPy's hooks belong to threads."""
    if getattr(_hooked, "module", None) is module:
        return

    class Hook(module.cuda.MemoryHook):  # type: ignore[misc]  # known at run time only
        name = "gpugrad"

        def malloc_postprocess(self, **call: Any) -> None:
            watch = _watches.get(call["device_id"])
            if watch is not None and call["mem_ptr"]:
                watch.change(call["mem_size"])

        def free_postprocess(self, **call: Any) -> None:
            watch = _watches.get(call["device_id"])
            if watch is not None:
                watch.change(-call["mem_size"])

    Hook().__enter__()
    _hooked.module = module


def memory_stats(device: DeviceLike = None) -> dict[str, int]:
    """Allocated and reserved bytes and their peaks under the names that PyTorch's allocator uses.

    >>> import gpugrad
    >>> _ = gpugrad.cuda.memory_stats()
    """
    if not is_initialized():
        return {}
    return {
        "allocated_bytes.all.current": memory_allocated(device),
        "allocated_bytes.all.peak": max_memory_allocated(device),
        "reserved_bytes.all.current": memory_reserved(device),
        "reserved_bytes.all.peak": max_memory_reserved(device),
    }


def memory_summary(device: DeviceLike = None, abbreviated: bool = False) -> str:
    """:func:`memory_stats` as a table."""
    stats = memory_stats(device)
    lines = [f"{name:<30}{size / 2**20:>12.1f} MiB" for name, size in stats.items()]
    return "\n".join(["memory", *lines])


def set_per_process_memory_fraction(fraction: float, device: DeviceLike = None) -> None:
    """Limit the pool of a device to a share of its memory.

    Raises:
        ValueError: the share is not in 0 to 1.
        RuntimeError: CUDA cannot be used.
    """
    if not isinstance(fraction, float):
        raise TypeError("Invalid type for fraction argument, must be `float`")
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    module = cupy()
    with module.cuda.Device(existing(device)):
        module.get_default_memory_pool().set_limit(fraction=fraction)


def ipc_collect() -> None:
    """Accepted for PyTorch's sake: no memory is shared with other processes."""


reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats
memory_cached, max_memory_cached = memory_reserved, max_memory_reserved
