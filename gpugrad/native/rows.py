"""Functions of the rows of a matrix in C: ``kernels/native_rows.c``, ``native_layer_norm.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import Family, result_for, stored
from .threads import THREADS

Array = Any

LARGE = 16
"""Arrays of so many elements are worth a call: NumPy needs several."""

WIDE = 32768
"""The same where NumPy needs one."""

_INT64 = np.dtype(np.int64)

_NO_CLASS = -(2**63)
"""Stands for an index that is ignored where there is none."""

_functions = Family(
    "native_rows",
    dict.fromkeys(("softmax", "log_softmax"), "aai")
    | dict.fromkeys(("softmax_grad", "log_softmax_grad"), "aaai")
    | {
        "add_row": "aaai",
        "add_at": "aaa",
        "cross_entropy": "aaaani",
        "cross_entropy_mean": "aaaan",
        "cross_entropy_grad": "aaaaani",
    },
)


_norms = Family("native_layer_norm", {"layer_norm": "aaaaaadi", "layer_norm_grad": "aaaaaaaai"})


def of_rows(name: str, x: Array, out: Array | None) -> Array | None:
    """The function ``name`` of every row of x, along the last dimension."""
    function = _functions.of(name, x)
    if function is None:
        return None
    result = result_for(out, x)
    return stored(result, out) if function(id(x), id(result), THREADS.number) else None


def gradient(name: str, y: Array, grad: Array, out: Array | None) -> Array | None:
    """The gradient ``name`` of every row, by the function's result."""
    function = _functions.of(name, y)
    if function is None:
        return None
    result = result_for(out, y, grad)
    done = function(id(y), id(grad), id(result), THREADS.number)
    return stored(result, out) if done else None


def add_row(x: Array, v: Array, out: Array | None) -> Array | None:
    """The sum of v and every row of x."""
    function = _functions.of("add_row", x)
    if function is None:
        return None
    result = result_for(out, x)
    return stored(result, out) if function(id(x), id(v), id(result), THREADS.number) else None


def add_at(x: Array, index: Array, out: Array) -> bool:
    """Add ``x[i]`` to ``out[index[i]]`` for vectors ``x[i]``, in order; whether it was done.

    ``x`` must have the shape of ``out[index]``.
    """
    function = _functions.of("add_at", x)
    if function is None or index.dtype is not _INT64:
        return False
    return bool(function(id(x), id(index), id(out)))


def cross_entropy(x: Array, target: Array, ignore_index: int | None) -> tuple[Array, Array] | None:
    """The losses and the softmax of the rows of a matrix; None for a class that is none, too."""
    function = _functions.of("cross_entropy", x)
    if function is None or target.dtype is not _INT64:
        return None
    losses, softmax = np.empty(x.shape[0], x.dtype), np.empty(x.shape, x.dtype)
    ignored = _NO_CLASS if ignore_index is None else ignore_index
    done = function(id(x), id(target), id(losses), id(softmax), ignored, THREADS.number)
    return (losses, softmax) if done else None


def cross_entropy_mean(
    losses: Array, target: Array, ignore_index: int
) -> tuple[Array, Array] | None:
    """The mean of the losses that are not ignored, and how many there are."""
    function = _functions.of("cross_entropy_mean", losses)
    if function is None or target.dtype is not _INT64:
        return None
    mean, count = np.empty((), losses.dtype), np.empty((), losses.dtype)
    done = function(id(losses), id(target), id(mean), id(count), ignore_index)
    return (mean, count) if done else None


def cross_entropy_grad(
    softmax: Array, target: Array, grad: Array, count: Array | None, ignore_index: int | None
) -> Array | None:
    """The gradient in x; None for a class that is none, too."""
    function = _functions.of("cross_entropy_grad", softmax)
    if function is None or target.dtype is not _INT64:
        return None
    out = np.empty(softmax.shape, softmax.dtype)
    ignored = _NO_CLASS if ignore_index is None else ignore_index
    arrays = id(softmax), id(target), id(grad), _id(count), id(out)
    return out if function(*arrays, ignored, THREADS.number) else None


def layer_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array] | None:
    """The result, and the mean and the reciprocal deviation of every row of a matrix."""
    function = _norms.of("layer_norm", x)
    if function is None:
        return None
    rows, cols = x.shape
    y, mean, rstd = (np.empty((rows, n), x.dtype) for n in (cols, 1, 1))
    arrays = id(x), _id(weight), _id(bias), id(y), id(mean), id(rstd)
    return (y, mean, rstd) if function(*arrays, eps, THREADS.number) else None


def layer_norm_grad(
    grad: Array,
    x: Array,
    weight: Array | None,
    mean: Array,
    rstd: Array,
    wanted: tuple[bool, bool, bool],
) -> tuple[Array | None, Array | None, Array | None] | None:
    """The gradients in x, weight and bias; None for those not wanted."""
    function = _norms.of("layer_norm_grad", x)
    if function is None:
        return None
    in_x = np.empty(x.shape, x.dtype) if wanted[0] else None
    in_weight, in_bias = (np.empty(x.shape[1], x.dtype) if want else None for want in wanted[1:])
    arrays = id(grad), id(x), _id(weight), id(mean), id(rstd)
    places = _id(in_x), _id(in_weight), _id(in_bias)
    return (in_x, in_weight, in_bias) if function(*arrays, *places, THREADS.number) else None


def _id(array: Array | None) -> int:
    """What a C function takes for an array, or for none."""
    return 0 if array is None else id(array)
