"""The OpenBLAS that NumPy's wheels bring along: its functions by address, and its threads.

It is built with 64-bit numbers, and its names have a prefix and an ending. Where NumPy has another
BLAS, as builds of distributions and of macOS do, nothing here finds anything.
"""

from __future__ import annotations

import ctypes
import functools
from itertools import chain
from typing import Any

import numpy as np

PREFIX, SUFFIX = "scipy_", "64_"


@functools.cache
def openblas() -> ctypes.CDLL | None:
    """The library that NumPy has loaded, None where it is another one."""
    from pathlib import Path  # slow to import, and known to few programs

    folder = Path(np.__file__).parent
    name = "*openblas64*"
    for path in chain(folder.parent.glob(f"numpy.libs/{name}"), folder.glob(f".dylibs/{name}")):
        try:
            loaded = ctypes.CDLL(str(path))
        except OSError:
            continue
        if hasattr(loaded, f"{PREFIX}openblas_get_num_threads{SUFFIX}"):
            return loaded
    return None


@functools.cache
def gemm(kind: str) -> int:
    """The address of BLAS's product of matrices of ``float`` or ``double``; 0 if not known."""
    return _address("gemm", kind)


@functools.cache
def gemv(kind: str) -> int:
    """The address of BLAS's product of a matrix and a vector; 0 if not known."""
    return _address("gemv", kind)


def _address(name: str, kind: str) -> int:
    letter = "s" if kind == "float" else "d"
    found = getattr(openblas(), f"{PREFIX}cblas_{letter}{name}{SUFFIX}", None)
    return 0 if found is None else ctypes.cast(found, ctypes.c_void_p).value or 0


@functools.cache
def core() -> str:
    """The processor that the library has chosen its functions for; empty if it does not say."""
    ask = getattr(openblas(), f"{PREFIX}openblas_get_corename{SUFFIX}", None)
    if ask is None:
        return ""
    ask.restype = ctypes.c_char_p
    name: bytes = ask() or b""
    return name.decode("ascii", "replace")


@functools.cache
def thread_accessors() -> tuple[Any, Any] | None:
    """The functions that read and set the number of threads, None if they are not known."""
    names = (f"{PREFIX}openblas_{verb}_num_threads{SUFFIX}" for verb in ("get", "set"))
    get, put = (getattr(openblas(), name, None) for name in names)
    return None if get is None or put is None else (get, put)


def threads() -> int | None:
    """How many threads a large product may use, None if that is not known."""
    accessors = thread_accessors()
    return None if accessors is None else int(accessors[0]())


def set_threads(number: int) -> bool:
    """Let large products use so many threads; False where this library is not NumPy's."""
    accessors = thread_accessors()
    if accessors is None:
        return False
    accessors[1](number)
    return True
