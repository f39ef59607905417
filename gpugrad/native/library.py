"""The C functions for large arrays as Python calls them: compiled at the first large array.

A function gets arrays as ``id(array)`` and finds their data itself, which takes a tenth of the time
that NumPy needs to say where it is. Whoever calls one holds the arrays until it returns.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import kernel_source

Array = Any
Function = Callable[..., Any]

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)

_ARGUMENTS = {
    "a": ctypes.c_void_p,
    "n": ctypes.c_int64,
    "d": ctypes.c_double,
    "i": ctypes.c_int,
}


_families: list[Family] = []


def forget() -> None:
    """Ask anew, at the next call, whether there is C code."""
    _library.cache_clear()
    for family in _families:
        family.clear()


class Family(dict[tuple[str, bool], "Function | None"]):
    """The functions of one source: ``family[name, double]``, or None where there is no C code.

    Args:
        stem: the source is ``kernels/<stem>.c``.
        signatures: by name, the type of the result and, after a colon, of the arguments: ``a`` an
            array, ``n`` a size, ``d`` a double, ``i`` an int, ``v`` nothing.
    """

    def __init__(self, stem: str, signatures: dict[str, str]) -> None:
        super().__init__()
        self.stem = stem
        self.signatures = signatures
        _families.append(self)

    def __missing__(self, key: tuple[str, bool]) -> Function | None:
        name, double = key
        kind = "double" if double else "float"
        library = _library(self.stem, kind)
        found = None
        if library is not None:
            result, _, arguments = self.signatures[name].partition(":")
            found = getattr(library, f"{name}_{kind}")
            found.restype = None if result == "v" else _ARGUMENTS[result]
            found.argtypes = [_ARGUMENTS[kind] for kind in arguments]
        self[key] = found
        return found


@functools.cache
def _library(stem: str, kind: str) -> ctypes.CDLL | None:
    head = _object_head()
    pool = _loaded("native_pool", "") if head else None
    if pool is None:
        return None
    library = _loaded(stem, f"#define OBJECT_HEAD {head}\n#define ELEMENT {kind}\n")
    if library is not None:
        library.nm_use_pool(pool.nm_run)
    return library


def _loaded(stem: str, before: str) -> ctypes.CDLL | None:
    from . import toolchain  # which few programs need

    if not toolchain.available():
        return None
    text = (kernel_source.folder() / f"{stem}.c").read_text(encoding="utf-8")
    return toolchain.load(f'{before}#line 1 "{stem}.c"\n{text}')


def _object_head() -> int:
    """How many bytes into an array object the address of its data is; 0 where that is not known."""
    array = np.empty(3, np.float32)
    head = object.__basicsize__
    found = ctypes.c_void_p.from_address(id(array) + head).value
    return head if found == array.__array_interface__["data"][0] else 0


def result_for(out: Array | None, *arrays: Array) -> Array:
    """Where a function of arrays like the first may write: ``out`` itself, or a new array.

    The result and an operand must be in the same place, element by element, or apart.
    """
    first = arrays[0]
    if (
        out is None
        or out.dtype is not first.dtype
        or out.shape != first.shape
        or not out.flags.c_contiguous
        or any(out is not a and np.may_share_memory(out, a) for a in arrays)
    ):
        return np.empty(first.shape, first.dtype)
    return out


def stored(result: Array, out: Array | None) -> Array:
    """The result, copied into ``out`` if it is not there yet."""
    if out is None or out is result:
        return result
    out[...] = result
    return out
