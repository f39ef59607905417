"""The primitives over NumPy, with NumPy's fastest spelling for the small arrays of toy models."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..device import CPU as CPU_DEVICE
from ..device import device as Device
from .optimizer_steps import HostScalars
from .primitives import Array, Primitives, Shape

MATERIALISE_BELOW = 4096
"""Up to this size, writing a broadcast out is quicker than reading it with zero strides."""

# The reductions behind np.sum, np.max and np.min, without the Python in front of them.
_total: Any = np.add.reduce
_largest: Any = np.maximum.reduce
_smallest: Any = np.minimum.reduce
_NOTHING_TO_SWITCH: AbstractContextManager[Any] = nullcontext()


class CPU(HostScalars, Primitives):
    """NumPy's implementation of the waist."""

    device_type = "cpu"

    def __init__(self) -> None:
        super().__init__(np)

    def device(self, x: Array) -> Device:
        return CPU_DEVICE

    def on(self, where: Device) -> AbstractContextManager[Any]:
        return _NOTHING_TO_SWITCH

    def address(self, x: Array) -> int:
        return int(x.__array_interface__["data"][0])

    def to_host(self, x: Array) -> Array:
        return np.asarray(x)

    def from_host(self, x: Array, where: Device) -> Array:
        return x

    def sum(self, x: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Array:
        return _total(x, axis, dtype, None, keepdims)

    def mean(self, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        total = _total(x, axis, None, None, keepdims)
        if type(total) is np.ndarray:
            return np.true_divide(total, x.size // max(total.size, 1), out=total)
        return total / total.dtype.type(x.size)

    def amax(self, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        return _largest(x, axis, None, None, keepdims)

    def amin(self, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        return _smallest(x, axis, None, None, keepdims)

    def broadcast_to(self, x: Array, shape: Shape) -> Array:
        size = 1
        for n in shape:
            size *= n
        if size <= MATERIALISE_BELOW:
            out = np.empty(shape, x.dtype)
            out[...] = x
            return out
        return np.broadcast_to(x, shape)

    def matmul(self, x: Array, y: Array, out: Array | None = None) -> Array:
        # ndarray.dot reaches BLAS with a third of matmul's overhead, and means the same here.
        if x.ndim <= 2 and y.ndim <= 2:
            return x.dot(y, out)
        return np.matmul(x, y, out=out)

    def linear(self, x: Array, weight: Array, bias: Array | None) -> Array:
        out = self.matmul(x, weight.T)
        return out if bias is None else np.add(out, bias, out=out)

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        one = _ones(x.dtype)
        return np.reciprocal(np.add(np.exp(np.negative(x)), one), out=out)

    def relu(self, x: Array, out: Array | None = None) -> Array:
        return np.maximum(x, _zeros(x.dtype), out=out)

    def relu_grad(self, y: Array, grad: Array) -> Array:
        return np.multiply(grad, np.greater(y, _zeros(y.dtype)))

    def sigmoid_grad(self, y: Array, grad: Array) -> Array:
        return np.multiply(grad, np.multiply(np.subtract(_ones(y.dtype), y), y))

    def tanh_grad(self, y: Array, grad: Array) -> Array:
        return np.multiply(grad, np.subtract(_ones(y.dtype), np.square(y)))


_CONSTANTS: dict[Any, tuple[Array, Array]] = {}


def _constants(dtype: Any) -> tuple[Array, Array]:
    found = _CONSTANTS.get(dtype)
    if found is None:
        found = _CONSTANTS[dtype] = (np.zeros((), dtype), np.ones((), dtype))
    return found


def _zeros(dtype: Any) -> Array:
    """A 0-d zero: NumPy takes it twice as fast as a Python number."""
    return _constants(dtype)[0]


def _ones(dtype: Any) -> Array:
    return _constants(dtype)[1]
