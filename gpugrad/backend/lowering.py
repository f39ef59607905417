"""Primitives taken apart into the NumPy calls that they make: what a replay on the CPU runs.

A primitive looks at its operands to find the quickest way, and makes memory for intermediate
results. In a replay the operands are known and the memory can be kept, so that only the NumPy calls
are left. Each rule here does what the method of that name in ``cpu.py`` does, in the same order, so
that results are the same to the last bit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .primitives import UFUNCS, Array

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


def one(dtype: Any) -> Array:
    return np.ones((), dtype)


def zero(dtype: Any) -> Array:
    return np.zeros((), dtype)


def sigmoid(x: Array, out: Array) -> list[Call] | None:
    return [
        (np.negative, [x, out]),
        (np.exp, [out, out]),
        (np.add, [out, one(x.dtype), out]),
        (np.reciprocal, [out, out]),
    ]


def sigmoid_grad(y: Array, grad: Array, out: Array) -> list[Call] | None:
    work = np.empty_like(y)
    return [
        (np.subtract, [one(y.dtype), y, work]),
        (np.multiply, [work, y, work]),
        (np.multiply, [grad, work, out]),
    ]


def tanh_grad(y: Array, grad: Array, out: Array) -> list[Call] | None:
    work = np.empty_like(y)
    return [
        (np.square, [y, work]),
        (np.subtract, [one(y.dtype), work, work]),
        (np.multiply, [grad, work, out]),
    ]


def relu(x: Array, out: Array) -> list[Call] | None:
    return [_to(np.maximum, [x, zero(x.dtype)], out)]


def relu_grad(y: Array, grad: Array, out: Array) -> list[Call] | None:
    bits = {2: np.int16, 4: np.int32, 8: np.int64}[grad.itemsize]
    keep = np.empty(y.shape, bool)
    return [
        (np.not_equal, [y, zero(y.dtype), keep]),
        (np.multiply, [grad.view(bits), keep, out.view(bits)]),
    ]


def dot(x: Array, y: Array, out: Array) -> list[Call] | None:
    return [(np.dot, [x, y, out])]


def matmul(x: Array, y: Array, out: Array) -> list[Call] | None:
    if x.ndim <= 2 and y.ndim <= 2:
        return [(np.dot, [x, y, out])]
    return [(np.matmul, [x, y, out])] if out.dtype.kind != "V" else None


def linear(x: Array, weight: Array, bias: Array | None, out: Array) -> list[Call] | None:
    if x.ndim > 2 or out.dtype.kind == "V":
        return None
    product: list[Call] = [(np.dot, [x, weight.T, out])]
    return product if bias is None else [*product, (np.add, [out, bias, out])]


def mean(x: Array, axis: Any = None, keepdims: bool = False, *, out: Array) -> list[Call] | None:
    if out.dtype.kind == "V" or x.size == 0:
        return None
    count = x.size // max(out.size, 1)
    return [
        (np.add.reduce, [x, axis, None, out, keepdims]),
        (np.true_divide, [out, number(count, out.dtype), out]),
    ]


def mse(x: Array, y: Array, out: Array) -> list[Call] | None:
    work = np.empty_like(x)
    averaged = mean(work, out=out)
    if averaged is None:
        return None
    return [(np.subtract, [x, y, work]), (np.square, [work, work]), *averaged]


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
    "copy": copy,
}
