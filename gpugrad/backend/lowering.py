"""Primitives taken apart into the NumPy calls that they make: what a replay on the CPU runs.

A primitive looks at its operands to find the quickest way, and makes memory for intermediate
results. In a replay the operands are known and the memory can be kept, so that only the NumPy calls
are left. Each rule here does what the method of that name in ``cpu.py`` does, in the same order, so
that results are the same to the last bit. Large arrays are left to the methods, which do them in
blocks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..native.product_threads import dot_for
from . import cpu_blocks, lowered_steps
from .blocking import BlockSum
from .primitives import Array
from .small_arrays import (
    BLAS_TYPES,
    LONGEST_ONES,
    ONES,
    ONES_VECTORS,
    OVER_COLUMNS,
    OVER_ROWS,
    SHORT,
    ZEROS,
    is_narrow,
)
from .ufuncs import UFUNCS

Call = tuple[Callable[..., Any], list[Any]]
Rule = Callable[..., list[Call] | None]


def number(value: Any, dtype: Any) -> Any:
    """A Python number as a 0-d array, which NumPy takes in half of the time."""
    if dtype.kind == "f" and type(value) in (int, float):
        return np.array(value, dtype)
    return value


def elementwise(name: str) -> Rule:
    """A NumPy function of arrays and numbers."""
    function = getattr(np, UFUNCS[name])

    def rule(*args: Any, out: Any) -> list[Call] | None:
        arrays = [a for a in args if type(a) is np.ndarray]
        if len(args) != function.nin or not arrays or out is None:
            return None
        return [_to(function, [number(a, arrays[0].dtype) for a in args], out)]

    return rule


def _to(function: Any, args: list[Any], out: Array) -> Call:
    """A call with its result's place, which two functions of NumPy want by name."""
    if function in (np.maximum, np.minimum):
        return functools.partial(function, out=out), args
    return function, [*args, out]


def sigmoid(x: Array, out: Array) -> list[Call] | None:
    return [
        (np.negative, [x, out]),
        (np.exp, [out, out]),
        (np.add, [out, ONES[x.dtype], out]),
        (np.reciprocal, [out, out]),
    ]


def sigmoid_grad(y: Array, grad: Array, out: Array) -> list[Call] | None:
    work = np.empty_like(y)
    return [
        (np.subtract, [ONES[y.dtype], y, work]),
        (np.multiply, [work, y, work]),
        (np.multiply, [grad, work, out]),
    ]


def tanh_grad(y: Array, grad: Array, out: Array) -> list[Call] | None:
    work = np.empty_like(y)
    return [
        (np.square, [y, work]),
        (np.subtract, [ONES[y.dtype], work, work]),
        (np.multiply, [grad, work, out]),
    ]


def relu(x: Array, out: Array) -> list[Call] | None:
    return [_to(np.maximum, [x, ZEROS[x.dtype]], out)]


def relu_grad(y: Array, grad: Array, out: Array) -> list[Call] | None:
    bits = {2: np.int16, 4: np.int32, 8: np.int64}[grad.itemsize]
    keep = np.empty(y.shape, bool)
    return [
        (np.not_equal, [y, ZEROS[y.dtype], keep]),
        (np.multiply, [grad.view(bits), keep, out.view(bits)]),
    ]


def dot(x: Array, y: Array, out: Array) -> list[Call] | None:
    return [(dot_for(x, y), [x, y, out])]


def matmul(x: Array, y: Array, out: Array) -> list[Call] | None:
    if x.ndim <= 2 and y.ndim <= 2:
        return [(dot_for(x, y), [x, y, out])]
    if y.ndim == 2 and out.flags.c_contiguous:
        if not x.flags.c_contiguous or x.size == 0:
            return None
        rows = x.reshape(-1, x.shape[-1])
        return [(dot_for(rows, y), [rows, y, out.reshape(len(rows), y.shape[1])])]
    return [(np.matmul, [x, y, out])] if out.dtype.kind != "V" else None


def linear(x: Array, weight: Array, bias: Array | None, out: Array) -> list[Call] | None:
    if x.ndim > 2 or is_narrow(out.dtype):
        return None
    product: list[Call] = [(dot_for(x, weight.T), [x, weight.T, out])]
    return product if bias is None else [*product, (np.add, [out, bias, out])]


def total(
    x: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None, *, out: Array
) -> list[Call] | None:
    """The ways of ``CPU.sum``: small sums and those of columns are products with ones."""
    if not keepdims and dtype is None and x.dtype in BLAS_TYPES:
        ones = ONES_VECTORS[x.dtype]
        if x.ndim == 2 and axis in OVER_ROWS and x.shape[0] <= LONGEST_ONES:
            return [(np.ndarray.dot, [ones[: x.shape[0]], x, out])]
        if axis is None and x.size <= SHORT and x.flags.c_contiguous:
            return [(np.ndarray.dot, [ones[: x.size], x.reshape(-1), out])]
        if axis is None and cpu_blocks.applies(x):
            return None
        if axis in OVER_COLUMNS and x.ndim == 2 and 0 < x.shape[1] <= LONGEST_ONES:
            return [(np.ndarray.dot, [x, ones[: x.shape[1]], out])]
    if is_narrow(out.dtype):
        return None
    return [(np.add.reduce, [x, axis, dtype, out, keepdims])]


def column_sum(x: Array, out: Array) -> list[Call] | None:
    return total(x, 0, out=out) if x.ndim == 2 else None


def mean(x: Array, axis: Any = None, keepdims: bool = False, *, out: Array) -> list[Call] | None:
    if is_narrow(out.dtype) or x.size == 0:
        return None
    if axis is None and not keepdims and cpu_blocks.applies(x):
        return None
    count = x.size // max(out.size, 1)
    added: Call = (np.add.reduce, [x, axis, None, out, keepdims])
    if axis is None and not keepdims and count <= SHORT and x.flags.c_contiguous:
        found = total(x, out=out)
        assert found is not None, "neither narrow nor large"
        (added,) = found
    elif (
        axis in OVER_COLUMNS
        and x.ndim == 2
        and x.dtype in BLAS_TYPES
        and (x.shape[1] <= LONGEST_ONES)
    ):
        ones = ONES_VECTORS[x.dtype][: x.shape[1]]
        added = (np.ndarray.dot, [x, ones, out.reshape(-1)])
    return [added, (np.true_divide, [out, number(count, out.dtype), out])]


def mse(x: Array, y: Array, reduction: str = "none", *, out: Array) -> list[Call] | None:
    work = out if reduction == "none" else np.empty_like(x)
    squares: list[Call] = [(np.subtract, [x, y, work]), (np.square, [work, work])]
    if reduction == "none":
        return squares
    if cpu_blocks.applies(x, y):
        return [*squares, (BlockSum(work, x.size if reduction == "mean" else 1, out), [work])]
    found = mean(work, out=out) if reduction == "mean" else total(work, out=out)
    return None if found is None else [*squares, *found]


def mse_grad(x: Array, y: Array, grad: Array, scale: float, *, out: Array) -> list[Call] | None:
    if grad.dtype != out.dtype:
        return None
    factor, work = np.empty_like(grad), np.empty_like(out)
    return [
        (np.multiply, [grad, number(scale, grad.dtype), factor]),
        (np.subtract, [x, y, work]),
        (np.multiply, [work, factor, out]),
    ]


def copy(x: Array, out: Array) -> list[Call] | None:
    return [(np.copyto, [out, x])] if x.dtype == out.dtype else None


RULES: dict[str, Rule] = {name: elementwise(name) for name in UFUNCS}
for name in ("floor_divide", "remainder", "fmod"):  # these refuse to divide integers by zero
    del RULES[name]
RULES |= {
    "sigmoid": sigmoid,
    "sigmoid_grad": sigmoid_grad,
    "tanh_grad": tanh_grad,
    "relu": relu,
    "relu_grad": relu_grad,
    "dot": dot,
    "matmul": matmul,
    "linear": linear,
    "mean": mean,
    "mse": mse,
    "mse_grad": mse_grad,
    "sum": total,
    "copy": copy,
    "column_sum": column_sum,
}
RULES |= lowered_steps.RULES
