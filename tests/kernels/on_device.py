"""The kernels on a device, called like the emulated ones: with NumPy arrays.

Each array's memory, with what lies around it, is copied to the device, to an address of the same
alignment, and back after the launch: what a test asserts of an array and of its surroundings, it
asserts of those on the device.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from gpugrad.backend.kernel_source import THREADS, entries
from gpugrad.backend.kernels import ByValue, Kernels
from tests.kernels.arrays import PLACED
from tests.kernels.emulation import FORWARD, SANITIZED

Array = Any

ALIGNED = 16
"""What kernels can tell apart: addresses modulo so many bytes."""


class Machine:
    """Where kernels are launched.

    Args:
        module: CuPy.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.kernels = Kernels(module)
        if SANITIZED:
            # A sanitizer sees the ends of allocations; a pool's are not those of the arrays.
            module.cuda.set_allocator(None)

    def launch(
        self,
        name: str,
        suffix: str,
        blocks: int,
        args: Sequence[Any],
        order: int = FORWARD,
        threads: int = THREADS,
    ) -> None:
        """Like :func:`tests.kernels.emulation.launch`, but for the order, which is the device's."""
        memory = Memory(self.module)
        kinds = [parameter.type for parameter in entries()[name].parameters]
        given = [memory.argument(kind, value) for kind, value in zip(kinds, args, strict=True)]
        kernel = self.kernels.get(name, suffix)
        if threads == THREADS:
            kernel(blocks, *given)
        else:
            kernel._function((blocks,), (threads,), tuple(given))
        memory.copy_back()


class Memory:
    """What a launch needs of the host's memory, on the device."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.copied: dict[int, tuple[Array, Array]] = {}  # by address: bytes here and there

    def argument(self, kind: str, value: Any) -> Any:
        """A kernel's argument: arrays and addresses are those of the copies."""
        if isinstance(value, ByValue):
            wrap = self.module.cuda.function.CNumpyArray
            moved = ByValue(wrap)
            moved.array[:] = self.moved_addresses(value.array)
            return moved
        if not isinstance(value, np.ndarray):
            return value
        if kind == "long long":
            moved_values = self.moved_addresses(value)
            if moved_values is not value:
                return self.module.asarray(moved_values)
        return self.array(value)

    def array(self, array: Array) -> Array:
        """The copy of an array: a part of the copy of the memory in which it lies."""
        if array.size == 0:
            return self.module.empty(array.shape, array.dtype)
        there, start = self.place(array)
        return there[start : start + array.nbytes].view(array.dtype).reshape(array.shape)

    def place(self, array: Array) -> tuple[Array, int]:
        """A copy of the memory in which an array lies, and at which byte of it the array starts."""
        whole = array
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        address = whole.ctypes.data
        shift = address % ALIGNED
        if address not in self.copied:
            here = np.ctypeslib.as_array((ctypes.c_uint8 * whole.nbytes).from_address(address))
            there = self.module.empty(shift + whole.nbytes, np.uint8)
            there[shift:] = self.module.asarray(here)
            self.copied[address] = here, there
        return self.copied[address][1], shift + array.ctypes.data - address

    def moved_addresses(self, numbers: Array) -> Array:
        """The numbers, with addresses of placed arrays replaced; the same object without any."""
        where = {p.array.ctypes.data: p.array for p in PLACED if p.array.size}
        moved = numbers.copy()
        flat = moved.reshape(-1)
        for i, number in enumerate(numbers.reshape(-1).tolist()):
            if number in where:
                there, start = self.place(where[number])
                flat[i] = there.data.ptr + start
        return numbers if np.array_equal(moved, numbers) else moved

    def copy_back(self) -> None:
        """Wait for the kernel, and take over what it has written."""
        for here, there in self.copied.values():
            here[:] = there.get()[there.size - here.size :]
