"""Pooling in C: ``kernels/native_pooling.c``.

Each function puts what it computes into ``result``, and tells whether it has.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .families import Family
from .threads import THREADS

if TYPE_CHECKING:
    from ..backend.windows import Geometry, Sizes

Array = Any

_functions = Family(
    "native_pooling",
    {
        "window_argmax": "aaaai",
        "window_sum": "aaai",
        "window_spread": "aaai",
        "window_max_grad": "aaaai",
    },
)

LARGEST_PLANE = 2**31 - 1
"""The C code numbers the elements of a plane by integers as wide as the arrays' type."""


def largest(x: Array, g: Geometry, result: Array, index: Array | None) -> bool:
    """The largest element of each window, and if there is an index its number in the plane."""
    size = x.shape[-len(g.kernel) :]
    function = _functions.of("window_argmax", x)
    windows = _windows(g, size)
    if function is None or windows is None or math.prod(size) > LARGEST_PLANE:
        return False
    x = np.ascontiguousarray(x)
    place = 0 if index is None else id(index)
    return bool(function(id(x), id(result), place, id(windows), THREADS.number))


def total(x: Array, g: Geometry, result: Array) -> bool:
    """The sum of each window."""
    function = _functions.of("window_sum", x)
    windows = _windows(g, x.shape[-len(g.kernel) :])
    if function is None or windows is None:
        return False
    x = np.ascontiguousarray(x)
    return bool(function(id(x), id(result), id(windows), THREADS.number))


def spread(x: Array, g: Geometry, size: Sizes, result: Array) -> bool:
    """Each number added to all elements of its window."""
    function = _functions.of("window_spread", x)
    windows = _windows(g, size)
    if function is None or windows is None:
        return False
    x = np.ascontiguousarray(x)
    return bool(function(id(x), id(result), id(windows), THREADS.number))


def given_back(x: Array, index: Array, each: int, result: Array) -> bool:
    """Each number added to the element of its plane, of so many, that the index says."""
    function = _functions.of("window_max_grad", x)
    if function is None:
        return False
    x, index = np.ascontiguousarray(x), np.ascontiguousarray(index, np.int64)
    windows = _planes(index.shape[-1], each)
    return bool(function(id(x), id(index), id(result), id(windows), THREADS.number))


@functools.lru_cache(maxsize=128)
def _windows(g: Geometry, size: Sizes) -> Array | None:
    """The geometry in three dimensions, as C reads it."""
    if len(size) > 3:
        return None
    missing = 3 - len(size)
    fields = (
        (1, size),
        (1, g.windows(size)),
        (1, g.kernel),
        (1, g.stride),
        (0, [low for low, _ in g.padding]),
        (1, g.dilation),
    )
    return np.array([[fill] * missing + list(values) for fill, values in fields], np.int64)


@functools.lru_cache(maxsize=128)
def _planes(count: int, size: int) -> Array:
    """Planes of so many elements, with so many windows."""
    ones, zeros = [1, 1, 1], [0, 0, 0]
    return np.array([[1, 1, size], [1, 1, count], ones, ones, zeros, ones], np.int64)
