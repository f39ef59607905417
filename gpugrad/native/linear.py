"""The linear layer of matrices and its gradients in C: ``kernels/native_linear.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import product_threads
from .families import Family

Array = Any

LARGE = 512
"""Inputs of so many elements are worth a call: NumPy needs several."""

LONGEST = 4096
"""Up to so many rows are added up one after the other; NumPy loses fewer digits in longer sums."""

_functions = Family("native_linear", {"linear": "aaaan", "linear_grad": "aaaaaan"})


def linear(x: Array, weight: Array, bias: Array | None) -> Array | None:
    """``x @ weight.T + bias``."""
    function = _functions.of("linear", x)
    if function is None or x.ndim != 2:
        return None
    out = np.empty((x.shape[0], weight.shape[0]), x.dtype)
    gemm = product_threads.gemm_for(x)
    place = 0 if bias is None else id(bias)
    done = gemm and function(id(x), id(weight), place, id(out), gemm)
    return out if done else None


def linear_grad(
    grad: Array, x: Array, weight: Array, wanted: tuple[bool, bool, bool]
) -> tuple[Array | None, Array | None, Array | None] | None:
    """The gradients in x, weight and bias; None for those not wanted."""
    function = _functions.of("linear_grad", x)
    if function is None or grad.ndim != 2 or grad.shape[0] > LONGEST:
        return None
    gemm = product_threads.gemm_for(x)
    if not gemm:
        return None
    in_x = in_weight = in_bias = None
    at_x = at_weight = at_bias = 0
    if wanted[0]:
        in_x = np.empty(x.shape, x.dtype)
        at_x = id(in_x)
    if wanted[1]:
        in_weight = np.empty(weight.shape, x.dtype)
        at_weight = id(in_weight)
    if wanted[2]:
        in_bias = np.empty(weight.shape[:1], x.dtype)
        at_bias = id(in_bias)
    done = function(id(grad), id(x), id(weight), at_x, at_weight, at_bias, gemm)
    return (in_x, in_weight, in_bias) if done else None
