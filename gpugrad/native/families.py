"""The C functions for large arrays as Python calls them: compiled when first used.

A function gets arrays as ``id(array)``: it finds their data and sizes itself, and looks whether
they are contiguous and of its type, all of which takes Python longer than the call. Whoever calls
one holds the arrays until it returns. It gives 0 where it has not done anything.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
Function = Callable[..., int]

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)

_ARGUMENTS = {"a": ctypes.c_void_p, "n": ctypes.c_int64, "d": ctypes.c_double, "i": ctypes.c_int}

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
        signatures: the arguments by name: ``a`` an array, or a list of arrays, ``n`` a large int,
            ``d`` a double, ``i`` an int. Each function gives an int.
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
            found = getattr(library, f"{name}_{kind}")
            found.argtypes = [_ARGUMENTS[letter] for letter in self.signatures[name]]
        self[key] = found
        return found

    def of(self, name: str, x: Array) -> Function | None:
        """The function for arrays of the type of ``x``; None if there is none."""
        dtype = x.dtype
        if dtype is FLOAT32:
            return self[name, False]
        return self[name, True] if dtype is FLOAT64 else None


@functools.cache
def _library(stem: str, kind: str) -> ctypes.CDLL | None:
    head = _object_head()
    pool = _loaded("native_pool", "") if head else None
    if pool is None:
        return None
    library = _loaded(stem, f"#define OBJECT_HEAD {head}\n#define ELEMENT {kind}\n")
    if library is not None:
        dtype = FLOAT64 if kind == "double" else FLOAT32
        library.nm_begin(pool.nm_run, ctypes.c_void_p(id(dtype)))
    return library


def _loaded(stem: str, before: str) -> ctypes.CDLL | None:
    from ..backend import kernel_source  # these are slow to import, and few programs need them
    from . import toolchain

    if not toolchain.available():
        return None
    text = (kernel_source.folder() / f"{stem}.c").read_text(encoding="utf-8")
    return toolchain.load(f'{before}#line 1 "{stem}.c"\n{text}')


def _object_head() -> int:
    """The size of what all Python objects begin with; 0 where objects are not as C reads them."""
    head = object.__basicsize__
    array = np.empty((3, 5), np.float32)[:, 1:]
    items = [array, None]
    shape, strides = ((ctypes.c_int64 * 2).from_address(_word(array, head + n)) for n in (16, 24))
    flags = ctypes.c_int.from_address(id(array) + head + 48).value
    as_read = (
        ctypes.sizeof(ctypes.c_void_p) == 8
        and _word(array, head) == array.__array_interface__["data"][0]
        and ctypes.c_int.from_address(id(array) + head + 8).value == 2
        and (tuple(shape), tuple(strides)) == (array.shape, array.strides)
        and _word(array, head + 40) == id(array.dtype)
        and flags == array.flags.num
        and _word(items, head) == 2
        and ctypes.c_void_p.from_address(_word(items, head + 8)).value == id(array)
    )
    return head if as_read else 0


def _word(thing: Any, offset: int) -> int:
    return ctypes.c_void_p.from_address(id(thing) + offset).value or 0


def result_for(out: Array | None, *arrays: Array) -> Array:
    """Where a function of arrays like the first may write: ``out`` itself, or a new array.

    The result and an operand must be in the same place, element by element, or apart.
    """
    first = arrays[0]
    if (
        out is None
        or out.dtype is not first.dtype
        or out.shape != first.shape
        or not out.flags.carray
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
