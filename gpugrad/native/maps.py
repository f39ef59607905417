"""Elementwise functions of large arrays, and their sums, in C: ``kernels/native_maps.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .library import FLOAT32, FLOAT64, Family, result_for, stored
from .threads import THREADS

Array = Any

LARGE = 512
"""From so many elements on, a function for which NumPy needs several calls is quicker here."""

SIMPLE = 2048
"""The same for a function that is one, two or three quick calls."""

_MAPS = (
    *("exp", "log", "tanh", "tanh_grad", "sigmoid", "sigmoid_grad", "relu", "relu_grad"),
    *("leaky_relu", "leaky_relu_grad", "elu", "silu", "silu_grad", "softplus", "softplus_grad"),
    *("gelu", "gelu_grad", "gelu_tanh", "gelu_tanh_grad", "mse_grad"),
)

_functions = Family(
    "native_maps",
    dict.fromkeys(_MAPS, "v:aaanddi")
    | {
        "sum": "d:aani",
        "squared_error": "d:aani",
        "sigmoid_mse": "d:aaani",
        "sigmoid_mse_grad": "v:aaaandii",
    },
)


def apply(
    name: str, out: Array | None, arrays: tuple[Array, ...], a: float = 0.0, b: float = 0.0
) -> Array | None:
    """The function ``name`` of one or two arrays and two numbers, element by element."""
    x, *rest = arrays
    y = rest[0] if rest else None
    function = _function(name, x, y)
    if function is None:
        return None
    result = np.empty(x.shape, x.dtype) if out is None else result_for(out, *arrays)
    function(id(x), 0 if y is None else id(y), id(result), x.size, a, b, THREADS.number)
    return stored(result, out)


def total(x: Array) -> float | None:
    """The sum of all elements."""
    function = _function("sum", x, None)
    return None if function is None else float(function(id(x), 0, x.size, THREADS.number))


def squared_error(x: Array, y: Array) -> float | None:
    """The sum of ``(x - y)**2``."""
    function = _function("squared_error", x, y)
    return None if function is None else float(function(id(x), id(y), x.size, THREADS.number))


def sigmoid_mse(x: Array, y: Array, keep: bool) -> tuple[float, Array | None] | None:
    """The sum of ``(p - y)**2`` for ``p = sigmoid(x)``, and p if it is to be kept."""
    function = _function("sigmoid_mse", x, y)
    if function is None:
        return None
    p = np.empty(x.shape, x.dtype) if keep else None
    found = function(id(x), id(y), 0 if p is None else id(p), x.size, THREADS.number)
    return float(found), p


def sigmoid_mse_grad(
    x: Array, y: Array, factor: float, wanted: tuple[bool, bool], of_output: bool
) -> tuple[Array | None, Array | None] | None:
    """``g p (1 - p)`` and ``-g`` for ``g = factor (p - y)``, where wanted."""
    function = _function("sigmoid_mse_grad", x, y)
    if function is None:
        return None
    in_x, in_y = (np.empty(x.shape, x.dtype) if want else None for want in wanted)
    places = [0 if a is None else id(a) for a in (in_x, in_y)]
    function(id(x), id(y), *places, x.size, factor, of_output, THREADS.number)
    return in_x, in_y


def _function(name: str, x: Array, y: Array | None) -> Any:
    """The C function, if it can take these arrays."""
    dtype = x.dtype
    if dtype is not FLOAT32 and dtype is not FLOAT64:
        return None
    if not x.flags.c_contiguous:
        return None
    if y is not None and (y.dtype is not dtype or y.shape != x.shape or not y.flags.c_contiguous):
        return None
    return _functions[name, dtype is FLOAT64]
