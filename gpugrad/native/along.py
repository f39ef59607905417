"""Functions along a dimension of large arrays in C: ``native_along.c`` and ``native_select.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import Family
from .threads import THREADS

Array = Any

LARGE = 512
"""From so many elements on, C code is quicker than NumPy."""

_INT64 = np.dtype(np.int64)

_functions = Family(
    "native_along",
    dict.fromkeys(("cumsum", "cumprod"), "aaiii")
    | dict.fromkeys(("take", "put"), "aaaii")
    | {"triangle": "aanii"},
)

_selections = Family("native_select", {"first_few": "aaii"})


def running(name: str, x: Array, axis: int, backward: bool = False) -> Array | None:
    """``cumsum`` or ``cumprod``, from the first element on or, backward, from the last."""
    function = _functions.of(name, x)
    if function is None or not x.ndim:
        return None
    result = np.empty(x.shape, x.dtype)
    done = function(id(x), id(result), axis % x.ndim, backward, THREADS.number)
    return result if done else None


def take(x: Array, index: Array, axis: int) -> Array | None:
    """``np.take_along_axis`` for indices that count from the front."""
    function = _functions.of("take", x)
    if function is None or index.dtype is not _INT64 or not x.ndim:
        return None
    result = np.empty(index.shape, x.dtype)
    done = function(id(x), id(index), id(result), axis % x.ndim, THREADS.number)
    return result if done else None


def put(x: Array, index: Array, axis: int, shape: tuple[int, ...]) -> Array | None:
    """Zeros to which ``x`` is added where :func:`take` would have read."""
    function = _functions.of("put", x)
    if function is None or index.dtype is not _INT64 or not x.ndim:
        return None
    result = np.empty(shape, x.dtype)
    done = function(id(x), id(index), id(result), axis % x.ndim, THREADS.number)
    return result if done else None


def triangle(x: Array, diagonal: int, below: bool) -> Array | None:
    """Matrices with zeros above a diagonal, or below it."""
    function = _functions.of("triangle", x)
    if function is None:
        return None
    result = np.empty(x.shape, x.dtype)
    return result if function(id(x), id(result), diagonal, below, THREADS.number) else None


def first_few(x: Array, count: int, largest: bool) -> Array | None:
    """The places of the first elements of each row in falling or rising order; nan is largest."""
    function = _selections.of("first_few", x)
    if function is None or not x.ndim:
        return None
    places = np.empty((*x.shape[:-1], count), np.int64)
    return places if function(id(x), id(places), largest, THREADS.number) else None
