"""Elementwise functions of large arrays that broadcast, in C: ``kernels/native_pointwise.c`` and
``native_functions.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .families import Family, result_for, stored
from .threads import THREADS

Array = Any

LARGE = 8192
"""Arrays of fewer elements are left to NumPy, which takes less time to begin."""

LARGE_BYTES = 32768
"""The same for what may also be a tensor, whose ``size`` is another thing."""

SLOW = 512
"""The same for a function that NumPy computes in many passes, or slowly."""

MASKED = 2048
"""From so many elements on a choice by a mask is quicker in C."""

_ONE = (
    *("neg", "abs", "square", "cube", "sgn", "reciprocal", "sqrt", "rsqrt", "exp", "erf"),
    *("hardsigmoid", "hardswish", "log_sigmoid", "mish"),
)
_TWO = (
    *("add", "sub", "mul", "div", "maximum", "minimum", "add_scaled", "lerp"),
    *("clamp_grad", "elu_grad", "hardsigmoid_grad", "hardswish_grad"),
    *("log_sigmoid_grad", "mish_grad", "bce_with_logits", "huber"),
)
_SLOW_ONE = ("erfc", "lgamma", "digamma", "trigamma")
_SLOW_TWO = ("fmod", "remainder", "floor_divide", "hypot", "logaddexp", "nan_to_num")
_THREE = ("addcmul", "addcdiv", "div_grad", "bce_with_logits_grad", "huber_grad", "where")

_QUICK_IN_NUMPY = frozenset(("add", "sub", "mul", "div", "maximum", "minimum"))
_ONE_PASS = frozenset(("neg", "abs", "square"))
"""What NumPy does as quickly on one thread, and the same."""

PAST_CACHE = 12 * 2**20
"""Results of so many bytes are written past the cache, which NumPy does not do."""

_BOOL = np.dtype(np.bool_)
_NUMBERS = (float, int)

_functions = Family("native_pointwise", dict.fromkeys((*_ONE, *_TWO, *_THREE), "aaaaddi"))
_slow_functions = Family("native_functions", dict.fromkeys((*_SLOW_ONE, *_SLOW_TWO), "aaaaddi"))
_families = {
    **dict.fromkeys((*_ONE, *_TWO), _functions),
    **dict.fromkeys((*_SLOW_ONE, *_SLOW_TWO), _slow_functions),
}


def one(name: str, x: Array, out: Array | None, a: float = 0.0, b: float = 0.0) -> Array | None:
    """The function ``name`` of every element and two numbers."""
    if name in _ONE_PASS and THREADS.number == 1 and x.nbytes < PAST_CACHE:
        return None
    function = _families[name].of(name, x)
    if function is None or not x.flags.c_contiguous:
        return None
    result = np.empty(x.shape, x.dtype) if out is None else result_for(out, x)
    done = function(id(x), 0, 0, id(result), a, b, THREADS.number)
    return stored(result, out) if done else None


def two(
    name: str, x: Any, y: Any, out: Array | None, a: float = 0.0, b: float = 0.0
) -> Array | None:
    """The function ``name`` of two operands, which broadcast, and two numbers.

    One operand may be a Python number.
    """
    if x.__class__ is not np.ndarray:
        if x.__class__ not in _NUMBERS:
            return None
        x = np.array(x, y.dtype)
    function = _families[name].of(name, x if x.ndim else y)
    if function is None:
        return None
    if y.__class__ is not np.ndarray:
        if y.__class__ not in _NUMBERS:
            return None
        y = np.array(y, x.dtype)
    shape = x.shape
    if y.shape == shape or not y.ndim or not x.ndim:
        if (
            name in _QUICK_IN_NUMPY
            and THREADS.number == 1
            and x.flags.c_contiguous
            and y.flags.c_contiguous
            and x.nbytes < PAST_CACHE
        ):
            return None
        if not x.ndim:
            shape = y.shape
    elif y.ndim > x.ndim or y.size > x.size:
        shape = y.shape
    # C says whether both broadcast to the shape of the larger one, as nearly always.
    for both in (shape, None):
        result = _place(out, np.broadcast(x, y).shape if both is None else both, x, y)
        if result is None:
            return None
        if function(id(x), id(y), 0, id(result), a, b, THREADS.number):
            return stored(result, out)
    return None


def three(
    name: str, x: Array, y: Array, z: Array, out: Array | None, a: float = 0.0, b: float = 0.0
) -> Array | None:
    """The function ``name`` of three arrays, which broadcast, and two numbers."""
    function = _functions.of(name, y)
    if function is None or z.__class__ is not np.ndarray:
        return None
    shape = x.shape
    if y.shape != shape or (z.ndim and z.shape != shape):
        shape = np.broadcast(x, y, z).shape
    result = _place(out, shape, y, x, z)
    if result is None:
        return None
    done = function(id(x), id(y), id(z), id(result), a, b, THREADS.number)
    return stored(result, out) if done else None


def where(mask: Any, x: Any, y: Any, out: Array | None) -> Array | None:
    """``x`` where the mask holds, else ``y``; either may be a Python number."""
    if mask.__class__ is not np.ndarray or mask.dtype is not _BOOL:
        return None
    if x.__class__ is not np.ndarray:
        if y.__class__ is not np.ndarray or x.__class__ not in _NUMBERS:
            return None
        x = np.array(x, y.dtype)
    elif y.__class__ is not np.ndarray:
        if y.__class__ not in _NUMBERS:
            return None
        y = np.array(y, x.dtype)
    return three("where", mask, x, y, out)


def bounds_of(low: Any, high: Any) -> tuple[float, float] | None:
    """Two numbers, infinite where there is no bound; None if one is no number."""
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    plain = low.__class__ in _NUMBERS and high.__class__ in _NUMBERS
    return (low, high) if plain and low <= high else None


def _place(out: Array | None, shape: tuple[int, ...], *arrays: Array) -> Array | None:
    """Where the result may be written: ``out`` itself, or a new array; None if ``out`` is none."""
    if out is None:
        return np.empty(shape, arrays[0].dtype)
    if out.shape != shape or out.dtype is not arrays[0].dtype:
        return None
    if not out.flags.carray or any(
        a is not out and np.may_share_memory(out, a) for a in arrays if a.size
    ):
        return np.empty(shape, out.dtype)
    return out
