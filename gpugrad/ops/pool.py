"""Pooling: one number for each window."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..autograd.engine import CONSTANT, Node, wrap
from ..autograd.grad_mode import mode
from ..backend import BACKENDS
from ..backend.windows import Geometry

Sizes = tuple[int, ...]


class AvgPool2D(Node):
    """The sum of each window over a divisor: a number, or an array with one for each window."""

    __slots__ = ("divisor", "geometry", "size")
    saves = {"divisor": CONSTANT}
    is_flat = True  # as in PyTorch, whose rule reads the input

    def forward(self, xp: Any, x: Any, geometry: Geometry, divisor: Any) -> Any:
        self.geometry, self.divisor = geometry, divisor
        self.size = x.shape[-len(geometry.kernel) :]
        total = xp.window_sum(x, geometry)
        divide = xp.div if x.dtype.kind not in "iu" else xp.trunc_divide
        return divide(total, divisor, out=total)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.window_spread(xp.div(grad, self.divisor), self.geometry, self.size),)


class WindowSum(Node):
    """The sum of each window."""

    __slots__ = ("geometry", "size")
    torch_name = "AvgPool2DBackward"

    def forward(self, xp: Any, x: Any, geometry: Geometry) -> Any:
        self.geometry, self.size = geometry, x.shape[-len(geometry.kernel) :]
        return xp.window_sum(x, geometry)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.window_spread(grad, self.geometry, self.size),)


class WindowSpread(Node):
    """Each number added to all elements of its window."""

    __slots__ = ("geometry",)
    torch_name = "AvgPool2DBackwardBackward0"

    def forward(self, xp: Any, grad: Any, geometry: Geometry, size: Sizes) -> Any:
        self.geometry = geometry
        return xp.window_spread(grad, geometry, size)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.window_sum(grad, self.geometry),)


class MaxPool2DWithIndices(Node):
    """The largest element of each window, which has been looked up already."""

    __slots__ = ("index", "shape")
    saves = {"index": CONSTANT}
    is_flat = True

    def forward(self, xp: Any, x: Any, largest: Any, index: Any, ndim: int) -> Any:
        self.index = xp.reshape(index, (*index.shape[: index.ndim - ndim], -1))
        self.shape = x.shape
        return largest

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.window_max_grad(grad, self.index, self.shape),)


class AdaptiveMaxPool2D(MaxPool2DWithIndices):
    """The largest element of each of so many about equal parts."""

    __slots__ = ()


class AdaptiveMaxPool3D(AdaptiveMaxPool2D):
    """The same of volumes."""

    __slots__ = ()


# --- functions -----------------------------------------------------------------------------------


def avg_pool(input: Any, geometry: Geometry, divisor: Any) -> Any:
    """The sum of each window over ``divisor``: a number, or for each dimension a list of factors.

    With lists, the divisor of a window is the product of its factors.
    """
    if isinstance(divisor, list):
        x = input.array
        xp = BACKENDS[type(x)]
        table = functools.reduce(np.multiply.outer, (np.asarray(d, np.float64) for d in divisor))
        divisor = xp.from_host(table.astype(x.dtype), xp.device(x))
    return AvgPool2D.apply(input, geometry, divisor)


def max_pool(input: Any, geometry: Geometry) -> Any:
    """The largest element of each window."""
    if mode.enabled and input.needs_grad:
        return max_pool_with_indices(input, geometry)[0]
    return wrap(BACKENDS[type(input.array)].window_max(input.array, geometry))


def max_pool_with_indices(input: Any, geometry: Geometry) -> tuple[Any, Any]:
    """The largest element of each window, and its row-major number in the plane."""
    xp = BACKENDS[type(input.array)]
    largest, index = xp.window_argmax(input.array, geometry)
    pooled = MaxPool2DWithIndices.apply(input, largest, index, len(geometry.kernel))
    return pooled, wrap(index)


def adaptive_max_pool(input: Any, parts: list[list[range]]) -> tuple[Any, Any]:
    """The largest element of each part of the plane, and its row-major number there.

    Args:
        parts: for each of the last dimensions, the indices that each part has there.
    """
    x = input.array
    xp = BACKENDS[type(x)]
    ndim = len(parts)
    planes, size = x.shape[: x.ndim - ndim], x.shape[x.ndim - ndim :]
    places = np.zeros((1,) * 2 * ndim, np.int64)
    for d, ranges in enumerate(parts):
        longest = max(map(len, ranges))
        # Shorter parts name their last index again: the first of equal elements is the largest.
        table = np.array([[r[min(i, len(r) - 1)] for i in range(longest)] for r in ranges])
        shape = [1] * 2 * ndim
        shape[d], shape[ndim + d] = table.shape
        places = places + table.reshape(shape) * math.prod(size[d + 1 :])
    count = tuple(len(ranges) for ranges in parts)
    flat = xp.from_host(np.ascontiguousarray(places).reshape(*count, -1), xp.device(x))
    picked = xp.getitem(xp.reshape(x, (*planes, math.prod(size))), (..., flat))
    first = xp.reshape(xp.argmax(picked, -1), (*planes, *count, 1))
    largest = xp.reshape(xp.take_along_axis(picked, first, -1), (*planes, *count))
    flat = xp.broadcast_to(flat, picked.shape)
    index = xp.reshape(xp.take_along_axis(flat, first, -1), (*planes, *count))
    pooled = AdaptiveMaxPool3D if ndim == 3 else AdaptiveMaxPool2D
    return pooled.apply(input, largest, index, ndim), wrap(index)
