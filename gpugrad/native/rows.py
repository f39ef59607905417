"""Functions of the rows of a matrix in C: ``kernels/native_rows.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .library import FLOAT32, FLOAT64, Family, result_for, stored
from .threads import THREADS

Array = Any

LARGE = 512
"""Arrays of so many elements are worth a call: NumPy needs several."""

WIDE = 32768
"""The same where NumPy needs one."""

_INT64 = np.dtype(np.int64)

_functions = Family(
    "native_rows",
    {
        "softmax": "v:aanni",
        "softmax_grad": "v:aaanni",
        "log_softmax": "v:aanni",
        "log_softmax_grad": "v:aaanni",
        "cross_entropy": "i:aaaannni",
        "layer_norm": "v:aaaaaadnni",
        "layer_norm_grad": "i:aaaaaaaanni",
        "amax_rows": "v:aanni",
        "sum_rows": "v:aanni",
    },
)


def of_rows(name: str, x: Array, out: Array | None) -> Array | None:
    """The function ``name`` of every row of x, along the last dimension."""
    function = _function(name, x)
    if function is None:
        return None
    cols = x.shape[-1]
    result = result_for(out, x)
    function(id(x), id(result), x.size // cols, cols, THREADS.number)
    return stored(result, out)


def gradient(name: str, y: Array, grad: Array, out: Array | None) -> Array | None:
    """The gradient ``name`` of every row, by the function's result."""
    function = _function(name, y, grad)
    if function is None or y.shape != grad.shape:
        return None
    cols = y.shape[-1]
    result = result_for(out, y, grad)
    function(id(y), id(grad), id(result), y.size // cols, cols, THREADS.number)
    return stored(result, out)


def reduced(name: str, x: Array) -> Array | None:
    """One number for every row of a matrix."""
    function = _function(name, x)
    if function is None:
        return None
    rows, cols = x.shape
    result = np.empty(rows, x.dtype)
    function(id(x), id(result), rows, cols, THREADS.number)
    return result


def cross_entropy(x: Array, target: Array, ignore_index: int | None) -> tuple[Array, Array] | None:
    """The losses and the softmax of the rows of a matrix; None for a class that is none, too."""
    function = _function("cross_entropy", x)
    if function is None or target.dtype is not _INT64 or not target.flags.c_contiguous:
        return None
    rows, cols = x.shape
    losses, softmax = np.empty(rows, x.dtype), np.empty((rows, cols), x.dtype)
    # No class has this number.
    ignored = -(2**63) if ignore_index is None else ignore_index
    arrays = id(x), id(target), id(losses), id(softmax)
    done = function(*arrays, ignored, rows, cols, THREADS.number)
    return (losses, softmax) if done else None


def layer_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array] | None:
    """The result, and the mean and the reciprocal deviation of every row of a matrix."""
    function = _function("layer_norm", x, weight, bias)
    if function is None:
        return None
    rows, cols = x.shape
    y, mean, rstd = (np.empty((rows, n), x.dtype) for n in (cols, 1, 1))
    arrays = id(x), _id(weight), _id(bias), id(y), id(mean), id(rstd)
    function(*arrays, eps, rows, cols, THREADS.number)
    return y, mean, rstd


def layer_norm_grad(
    grad: Array,
    x: Array,
    weight: Array | None,
    mean: Array,
    rstd: Array,
    wanted: tuple[bool, bool, bool],
) -> tuple[Array | None, Array | None, Array | None] | None:
    """The gradients in x, weight and bias; None for those not wanted."""
    function = _function("layer_norm_grad", x, grad, weight, mean, rstd)
    if function is None or grad.shape != x.shape:
        return None
    rows, cols = x.shape
    in_x = np.empty((rows, cols), x.dtype) if wanted[0] else None
    in_weight, in_bias = (np.empty(cols, x.dtype) if want else None for want in wanted[1:])
    arrays = id(grad), id(x), _id(weight), id(mean), id(rstd), _id(in_x), _id(in_weight)
    done = function(*arrays, _id(in_bias), rows, cols, THREADS.number)
    return (in_x, in_weight, in_bias) if done else None


def _id(array: Array | None) -> int:
    """What a C function takes for an array, or for none."""
    return 0 if array is None else id(array)


def _function(name: str, x: Array, *others: Array | None) -> Any:
    """The C function, if it can take these arrays."""
    dtype = x.dtype
    if dtype is not FLOAT32 and dtype is not FLOAT64:
        return None
    if not x.flags.c_contiguous:
        return None
    for a in others:
        if a is not None and (a.dtype is not dtype or not a.flags.c_contiguous):
            return None
    return _functions[name, dtype is FLOAT64]
