"""Products of matrices over values without memory.

Those with a dimension of length 1 are sums of elementwise products, which share loops with others.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .products import is_large, is_small, is_vector, suits
from .values import Op, Shape, UnsupportedError, Value


class NotedProducts:
    """The part of :class:`~gpugrad.native.notes.Notes` that multiplies matrices."""

    ops: list[Op]
    _map: Callable[..., Value]
    copy: Callable[..., Value]
    empty: Callable[..., Value]
    into: Callable[..., Value]
    real: Callable[..., Value]
    reshape: Callable[..., Value]
    sum: Callable[..., Value]

    def dot(self, x: Value, y: Value, out: Value | None = None) -> Value:
        if x.ndim not in (1, 2) or y.ndim not in (1, 2):
            raise UnsupportedError("a product of other than vectors and matrices")
        return self.matmul(x, y, out)

    def matmul(self, x: Value, y: Value, out: Value | None = None) -> Value:
        if x.dtype != y.dtype or x.dtype.kind != "f" or not x.ndim or not y.ndim:
            raise UnsupportedError("a product of these types")
        a = x.view(0, (1, *x.shape), (0, *x.strides)) if x.ndim == 1 else x
        b = y.view(0, (*y.shape, 1), (*y.strides, 0)) if y.ndim == 1 else y
        rows, cols = a.shape[-2], b.shape[-1]
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        shape = (*stack, rows, cols)
        if b.ndim == 2 and a.ndim > 2:
            flat = a.reshaped((math.prod(a.shape[:-1]), a.shape[-1]))
            if flat is None:
                flat = self.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))
            found = self._product(flat, b)
        else:
            found = self._product(a, b)
        if x.ndim == 1 or y.ndim == 1:
            shape = tuple(
                n
                for n, gone in zip(
                    shape, (*(False,) * len(stack), x.ndim == 1, y.ndim == 1), strict=False
                )
                if not gone
            )
        if found.shape != shape:
            maker = found.maker
            found = found.reshape(shape)
            found.maker = None if maker is None else maker
        return self.into(found, out)

    def _product(self, a: Value, b: Value) -> Value:
        """``a @ b`` of matrices, or stacks of them."""
        inner = a.shape[-1]
        if b.shape[-2] != inner or not (a.size and b.size):
            raise UnsupportedError("shapes that do not fit")
        a, b = self.real(a), self.real(b)
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        if inner == 1:
            return self._map("mul", a, b)
        if b.shape[-1] == 1 and is_large(a):
            return self._written(a, b if is_vector(b) else self._copied(b), stack)
        if a.shape[-2] == 1 and is_large(b):
            turned = self._written(_turned(b), self._column(a), stack)
            return turned.reshape((*stack, 1, b.shape[-1]))
        if b.shape[-1] == 1:
            along = _turned(b)
            return self.sum(self._map("mul", a, along), -1, True)
        if a.shape[-2] == 1:
            along = _turned(a)
            return self.sum(self._map("mul", along, b), -2, True)
        if not is_small(a, b):
            a, b = (v if suits(v) else self._copied(v) for v in (a, b))
        return self._written(a, b, stack)

    def _column(self, row: Value) -> Value:
        column = _turned(row)
        return column if is_vector(column) else self._copied(column)

    def _copied(self, x: Value) -> Value:
        return self.copy(x, self.empty(x.shape, x.dtype))

    def _written(self, a: Value, b: Value, stack: Shape) -> Value:
        """The product that BLAS makes, or loops."""
        out = self.empty((*stack, a.shape[-2], b.shape[-1]), a.dtype)
        ins = [v.broadcast((*stack, *v.shape[-2:])) for v in (a, b)]
        op = Op("product", "matmul", out, ins, a.dtype)
        self.ops.append(op)
        out.maker = op
        return out

    def linear(
        self, x: Value, weight: Value, bias: Value | None, out: Value | None = None
    ) -> Value:
        product = self.matmul(x, weight.T)
        return self.into(product, out) if bias is None else self._map("add", product, bias, out=out)


def _turned(value: Value) -> Value:
    """The transposed matrices."""
    return value.permuted((*range(value.ndim - 2), value.ndim - 1, value.ndim - 2))
