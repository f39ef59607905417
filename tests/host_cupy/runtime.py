# ruff: noqa: N802  # the runtime's functions have CuPy's names
"""Devices and memory that are only pretended, and the count of copies."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

BLOCK = 512
"""The memory pool's unit."""
TOTAL_MEMORY = 2**34
MOST_DEVICES = 8


class CUDARuntimeError(RuntimeError):
    """What CuPy raises for an error code of the CUDA runtime."""


@dataclass
class Copies:
    """Transfers since the last :meth:`reset`; there can be none in a capture."""

    to_device: int = 0
    to_host: int = 0

    def reset(self) -> None:
        self.to_device = self.to_host = 0

    def __setattr__(self, name: str, value: int) -> None:
        if value > getattr(self, name, 0) and current.capture is not None:
            raise CUDARuntimeError(
                "cudaErrorStreamCaptureUnsupported: operation not permitted when stream is "
                f"capturing (a copy {name.replace('_', ' the ')})"
            )
        super().__setattr__(name, value)


class Current(threading.local):
    """What belongs to each thread."""

    def __init__(self) -> None:
        self.device = 0
        self.streams: dict[int, Any] = {}
        self.hooks: dict[str, MemoryHook] = {}
        self.capture: Any = None


current = Current()
copies = Copies()


# --- devices --------------------------------------------------------------------------------------


class Runtime:
    """``cupy.cuda.runtime``; tests change the attributes to simulate other machines."""

    devices = 1
    driver = 13000
    built_for = 13020
    streamCaptureModeRelaxed = 2  # noqa: N815  # CuPy's name

    def driverGetVersion(self) -> int:
        return self.driver

    def runtimeGetVersion(self) -> int:
        return self.built_for

    def getDeviceCount(self) -> int:
        if self.driver < self.built_for // 1000 * 1000:
            raise CUDARuntimeError(
                "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA "
                "runtime version"
            )
        if self.devices == 0:
            raise CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
        return self.devices

    def getDevice(self) -> int:
        return current.device

    def setDevice(self, index: int) -> None:
        if not 0 <= index < self.devices:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        current.device = index

    def getDeviceProperties(self, index: int) -> dict[str, Any]:
        return {
            "name": b"Stand-in on the host",
            "major": 9,
            "minor": 0,
            "totalGlobalMem": TOTAL_MEMORY,
            "multiProcessorCount": 132,
            "maxThreadsPerMultiProcessor": 2048,
            "warpSize": 32,
            "l2CacheSize": 50 * 2**20,
        }

    def deviceCanAccessPeer(self, device: int, peer: int) -> int:
        return int(device != peer)


runtime = Runtime()


class Device:
    def __init__(self, device: int | None = None) -> None:
        self.id: int = current.device if device is None else device
        self._former: list[int] = []

    def __enter__(self) -> Device:
        self._former.append(current.device)
        runtime.setDevice(self.id)
        return self

    def __exit__(self, *error: object) -> None:
        runtime.setDevice(self._former.pop())

    def use(self) -> Device:
        runtime.setDevice(self.id)
        return self

    def synchronize(self) -> None:
        with self:
            pass

    @property
    def mem_info(self) -> tuple[int, int]:
        return TOTAL_MEMORY - pool.total[self.id], TOTAL_MEMORY


# --- memory ---------------------------------------------------------------------------------------


class MemoryHook:
    name = "MemoryHook"

    def __enter__(self) -> MemoryHook:
        if self.name in current.hooks:
            raise KeyError(f"memory hook {self.name} already exists")
        current.hooks[self.name] = self
        return self

    def __exit__(self, *error: object) -> None:
        del current.hooks[self.name]

    def malloc_postprocess(self, **call: Any) -> None:
        pass

    def free_postprocess(self, **call: Any) -> None:
        pass


class OutOfMemoryError(MemoryError):
    """CuPy's class of this name."""

    def __init__(self, size: int, total: int, limit: int) -> None:
        super().__init__(
            f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes, limit "
            f"set to: {limit:,} bytes)."
        )


class MemoryPool:
    """Keeps count only. It never splits or reuses blocks, so it holds what was in use at most."""

    def __init__(self) -> None:
        self.used = [0] * MOST_DEVICES
        self.total = [0] * MOST_DEVICES
        self.limit = [0] * MOST_DEVICES
        self.held: list[Memory] = []
        """What a pool of somebody's own keeps as long as it lives."""

    def malloc(self, size: int) -> Memory:
        limit = self.limit[current.device]
        if limit and self.used_bytes() + rounded(size) > limit:
            self.free_all_blocks()
            raise OutOfMemoryError(rounded(size), self.total_bytes(), limit)
        if self is not pool:
            memory = Memory(size)
            self.held.append(memory)
            return memory
        if current.capture is not None:
            raise CUDARuntimeError("memory of a graph must not come from the common pool")
        return Memory(size)

    def get_limit(self) -> int:
        return self.limit[current.device]

    def set_limit(self, size: int) -> None:
        """Of the current device; 0 for none."""
        self.limit[current.device] = size

    def _restart(self) -> None:
        """Count from zero; memory from before does not count when it is given back."""
        self.used = [0] * MOST_DEVICES
        self.total = [0] * MOST_DEVICES
        self.limit = [0] * MOST_DEVICES

    def used_bytes(self) -> int:
        return self.used[current.device]

    def total_bytes(self) -> int:
        return self.total[current.device]

    def free_all_blocks(self) -> None:
        self.total[current.device] = self.used[current.device]


pool = MemoryPool()
_allocator: Callable[[int], Memory] = pool.malloc


def get_allocator() -> Callable[[int], Memory]:
    return _allocator


def set_allocator(allocator: Callable[[int], Memory]) -> None:
    global _allocator
    _allocator = allocator


@contextlib.contextmanager
def using_allocator(allocator: Callable[[int], Memory]) -> Iterator[None]:
    before = _allocator
    set_allocator(allocator)
    try:
        yield
    finally:
        set_allocator(before)


def allocate(size: int) -> Memory:
    """Memory of the current device, from the allocator that is set."""
    return _allocator(size)


def rounded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


class Memory:
    """The memory of an array and its views, given back to the pool with the last of them.

    Attributes:
        host: the NumPy array that it is, set by the array made in it.
        ptr: its address.
    """

    host: Any
    ptr: int

    def __init__(self, size: int) -> None:
        self.device_id = current.device
        self.size = rounded(size)
        self._used = pool.used
        self._used[self.device_id] += self.size
        pool.total[self.device_id] = max(pool.total[self.device_id], pool.used[self.device_id])
        for hook in list(current.hooks.values()):
            hook.malloc_postprocess(**self._call())

    def _call(self) -> dict[str, int]:
        return {"device_id": self.device_id, "mem_size": self.size, "mem_ptr": id(self)}

    def __del__(self) -> None:
        self._used[self.device_id] -= self.size
        for hook in list(current.hooks.values()):
            hook.free_postprocess(**self._call())


@dataclass
class MemoryPointer:
    mem: Memory
    ptr: int

    def __add__(self, offset: int) -> MemoryPointer:
        return MemoryPointer(self.mem, self.ptr + offset)

    @property
    def device_id(self) -> int:
        return self.mem.device_id
