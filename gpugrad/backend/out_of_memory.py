"""What is raised when a CUDA device has no memory left, with the sizes that tell why.

CuPy asks one allocator for all its memory. Once the CUDA backend is in use, that allocator is the
one there was before, wrapped so that it raises PyTorch's error.

>>> import gpugrad
>>> issubclass(gpugrad.cuda.OutOfMemoryError, RuntimeError)
True
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any


class OutOfMemoryError(RuntimeError):
    """A CUDA device has no memory left for an array.

    CuPy's pool has already given back what it held unused. Memory of tensors that are no longer
    needed can be had by dropping them (``del``); nothing else has changed.
    """


class NamingAllocator:
    """An allocator whose error names the sizes.

    Args:
        module: CuPy.
        allocate: the allocator: from a number of bytes to a pointer.
    """

    __slots__ = ("_allocate", "_error", "_module")

    def __init__(self, module: Any, allocate: Callable[[int], Any]) -> None:
        self._module = module
        self._allocate = allocate
        self._error: type[Exception] = module.cuda.memory.OutOfMemoryError

    def __call__(self, size: int) -> Any:
        try:
            return self._allocate(size)
        except self._error:
            # Not with CuPy's error as the cause: its traceback would keep arrays alive.
            raise OutOfMemoryError(_message(self._module, size)) from None


def name_sizes(module: Any) -> None:
    """Let CuPy raise :class:`OutOfMemoryError`, whichever allocator it uses now."""
    allocate = module.cuda.get_allocator()
    if not isinstance(allocate, NamingAllocator):
        # Refused while a thread has an allocator of its own by `cupy.cuda.using_allocator`.
        with contextlib.suppress(ValueError):
            module.cuda.set_allocator(NamingAllocator(module, allocate))


def _message(module: Any, size: int) -> str:
    index = int(module.cuda.runtime.getDevice())
    free, total = module.cuda.Device(index).mem_info
    pool = module.get_default_memory_pool()
    used, held, limit = pool.used_bytes(), pool.total_bytes(), pool.get_limit()
    message = (
        f"CUDA out of memory. Tried to allocate {_amount(size)}. GPU {index} has a total capacity "
        f"of {_amount(total)} of which {_amount(free)} is free. "
        f"{_amount(used)} is allocated by arrays of this process, and {_amount(held - used)} is "
        "reserved by its memory pool but unallocated."
    )
    return f"{message} The pool is limited to {_amount(limit)}." if limit else message


def _amount(size: int) -> str:
    """A number of bytes as PyTorch writes it."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size > unit:
            return f"{size / unit:.2f} {name}"
    return f"{size} bytes"
