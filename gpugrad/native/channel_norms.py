"""Batch norm and group norm in C: ``kernels/native_channel_norm.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import Family
from .threads import THREADS

Array = Any
Wanted = tuple[bool, bool, bool]
Gradients = tuple["Array | None", "Array | None", "Array | None"]

LARGE = 512
"""Arrays of so many elements are worth a call: NumPy needs several."""

_functions = Family(
    "native_channel_norm",
    {
        "batch_norm": "aaaaaadi",
        "batch_norm_grad": "aaaaaaaadi",
        "group_norm": "aaaaaandi",
        "group_norm_grad": "aaaaaaaani",
    },
)


def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array] | None:
    """The result, and the mean and the variance of every channel."""
    function = _functions.of("batch_norm", x)
    if function is None:
        return None
    x = np.ascontiguousarray(x)
    y = np.empty(x.shape, x.dtype)
    mean, variance = (np.empty(x.shape[1], x.dtype) for _ in range(2))
    arrays = id(x), _id(weight), _id(bias), id(y), id(mean), id(variance)
    return (y, mean, variance) if function(*arrays, eps, THREADS.number) else None


def batch_norm_grad(
    grad: Array,
    x: Array,
    weight: Array | None,
    mean: Array,
    variance: Array,
    eps: float,
    wanted: Wanted,
) -> Gradients | None:
    """The gradients in x, weight and bias; None for those not wanted."""
    function = _functions.of("batch_norm_grad", x)
    if function is None:
        return None
    grad, x = np.ascontiguousarray(grad), np.ascontiguousarray(x)
    found = _places(x, wanted)
    arrays = id(grad), id(x), _id(weight), id(mean), id(variance), *map(_id, found)
    return found if function(*arrays, eps, THREADS.number) else None


def group_norm(
    x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float
) -> tuple[Array, Array, Array] | None:
    """The result, and the mean and the reciprocal deviation of every group, as columns."""
    function = _functions.of("group_norm", x)
    if function is None:
        return None
    x = np.ascontiguousarray(x)
    y = np.empty(x.shape, x.dtype)
    mean, rstd = (np.empty((len(x) * groups, 1), x.dtype) for _ in range(2))
    arrays = id(x), _id(weight), _id(bias), id(y), id(mean), id(rstd)
    return (y, mean, rstd) if function(*arrays, groups, eps, THREADS.number) else None


def group_norm_grad(
    grad: Array,
    x: Array,
    weight: Array | None,
    mean: Array,
    rstd: Array,
    groups: int,
    wanted: Wanted,
) -> Gradients | None:
    """The gradients in x, weight and bias; None for those not wanted."""
    function = _functions.of("group_norm_grad", x)
    if function is None:
        return None
    grad, x = np.ascontiguousarray(grad), np.ascontiguousarray(x)
    found = _places(x, wanted)
    arrays = id(grad), id(x), _id(weight), id(mean), id(rstd), *map(_id, found)
    return found if function(*arrays, groups, THREADS.number) else None


def _places(x: Array, wanted: Wanted) -> Gradients:
    """New memory for the gradients that are wanted."""
    in_x = np.empty(x.shape, x.dtype) if wanted[0] else None
    in_weight, in_bias = (np.empty(x.shape[1], x.dtype) if want else None for want in wanted[1:])
    return in_x, in_weight, in_bias


def _id(array: Array | None) -> int:
    """What a C function takes for an array, or for none."""
    return 0 if array is None else id(array)
