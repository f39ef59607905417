"""Elementwise functions of large arrays, and their sums, in C: ``kernels/native_maps.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import Family, result_for, stored
from .threads import THREADS

Array = Any

LARGE = 512
"""From so many elements on, a function for which NumPy needs several calls is quicker here."""

SIMPLE = 2048
"""The same for a function that is one, two or three quick calls."""

_MAPS = (
    *("tanh_grad", "sigmoid", "sigmoid_grad", "relu", "relu_grad"),
    *("clamp", "hardtanh_grad"),
    *("leaky_relu", "leaky_relu_grad", "elu", "silu", "silu_grad", "softplus", "softplus_grad"),
    *("gelu", "gelu_grad", "gelu_tanh", "gelu_tanh_grad", "mse_grad"),
)

_functions = Family(
    "native_maps",
    dict.fromkeys(_MAPS, "aaaddi")
    | dict.fromkeys(("sum", "squared_error"), "aaadi")
    | {"sigmoid_mse": "aaaadi", "sigmoid_mse_grad": "aaaadii"},
)


def apply(
    name: str, out: Array | None, arrays: tuple[Array, ...], a: float = 0.0, b: float = 0.0
) -> Array | None:
    """The function ``name`` of one or two arrays and two numbers, element by element."""
    x, *rest = arrays
    function = _functions.of(name, x)
    if function is None:
        return None
    y = id(rest[0]) if rest else 0
    result = np.empty(x.shape, x.dtype) if out is None else result_for(out, *arrays)
    if not function(id(x), y, id(result), a, b, THREADS.number):
        return None
    return stored(result, out)


def total(x: Array, divisor: float = 1.0) -> Array | None:
    """The sum of all elements, divided: a 0-d array."""
    function = _functions.of("sum", x)
    if function is None:
        return None
    result = np.empty((), x.dtype)
    return result if function(id(x), 0, id(result), divisor, THREADS.number) else None


def squared_error(x: Array, y: Array, divisor: float = 1.0) -> Array | None:
    """The sum of ``(x - y)**2``, divided: a 0-d array."""
    function = _functions.of("squared_error", x)
    if function is None:
        return None
    result = np.empty((), x.dtype)
    return result if function(id(x), id(y), id(result), divisor, THREADS.number) else None


def sigmoid_mse(
    x: Array, y: Array, divisor: float, keep: bool
) -> tuple[Array, Array | None] | None:
    """The sum of ``(p - y)**2`` for ``p = sigmoid(x)``, divided, and p if it is to be kept."""
    function = _functions.of("sigmoid_mse", x)
    if function is None:
        return None
    result, p = np.empty((), x.dtype), np.empty(x.shape, x.dtype) if keep else None
    place = 0 if p is None else id(p)
    done = function(id(x), id(y), place, id(result), divisor, THREADS.number)
    return (result, p) if done else None


def sigmoid_mse_grad(
    x: Array, y: Array, factor: float, wanted: tuple[bool, bool], of_output: bool
) -> tuple[Array | None, Array | None] | None:
    """``g p (1 - p)`` and ``-g`` for ``g = factor (p - y)``, where wanted."""
    function = _functions.of("sigmoid_mse_grad", x)
    if function is None:
        return None
    in_x, in_y = (np.empty(x.shape, x.dtype) if want else None for want in wanted)
    places = [0 if a is None else id(a) for a in (in_x, in_y)]
    done = function(id(x), id(y), *places, factor, of_output, THREADS.number)
    return (in_x, in_y) if done else None
