"""Indexing by arrays of integers over values without memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend.primitives import is_basic
from .values import Op, Shape, UnsupportedError, Value, contiguous


class NotedIndexing:
    """The part of :class:`~gpugrad.native.notes.Notes` that picks rows, and adds to them."""

    ops: list[Op]
    copy: Callable[..., Value]
    empty: Callable[..., Value]
    fill: Callable[..., Value]
    into: Callable[..., Value]
    real: Callable[..., Value]
    reshape: Callable[..., Value]

    def getitem(self, x: Value, index: Any) -> Value:
        if is_basic(index):
            return x[index]
        places = _places(index, x.shape)
        x = self.real(x)
        if not contiguous(x[(0,) * len(places)]):
            x = self.copy(x, self.empty(x.shape, x.dtype))
        found = self.empty((*places[0].shape, *x.shape[len(places) :]), x.dtype)
        self.ops.append(Op("indexed", "gather", found, [x, *places], x.dtype))
        return found

    def scatter_nd(self, grad: Value, index: Any, shape: Shape, out: Value | None = None) -> Value:
        found = self.empty(shape, grad.dtype) if out is None else out
        self.fill(found, 0)
        if is_basic(index):
            if grad.size:
                self.copy(grad, found[index])
            return found
        return self.index_add(found, index, grad)

    def index_add(self, x: Value, index: Any, value: Value) -> Value:
        places = _places(index, x.shape)
        shape = (*places[0].shape, *x.shape[len(places) :])
        value = self.real(value)
        if value.shape != shape or value.dtype != x.dtype or not contiguous(value):
            value = self.copy(value.broadcast(shape), self.empty(shape, x.dtype))
        if x.number is not None or not contiguous(x[(0,) * len(places)]):
            raise UnsupportedError("rows in pieces")
        self.ops.append(Op("indexed", "add", x, [value, *places], x.dtype))
        return x

    def embedding(self, weight: Value, index: Value, out: Value | None = None) -> Value:
        return self.into(self.getitem(weight, index), out)

    def embedding_grad(
        self,
        grad: Value,
        index: Value,
        rows: int,
        padding: int,
        by_frequency: bool,
        out: Value | None = None,
    ) -> Value:
        if by_frequency:
            raise UnsupportedError("gradients divided by how many there are")
        found = self.scatter_nd(grad, (index,), (rows, grad.shape[-1]), out)
        return found if padding < 0 else self._cleared(found, padding)

    def _cleared(self, x: Value, row: int) -> Value:
        self.fill(x[row], 0)
        return x


def _places(index: Any, shape: Shape) -> list[Value]:
    """The arrays that index the first dimensions, of one shape."""
    items = index if isinstance(index, tuple) else (index,)
    while items and (items[-1] is Ellipsis or items[-1] == slice(None)):
        items = items[:-1]
    if not items or len(items) > len(shape) or not all(isinstance(i, Value) for i in items):
        raise UnsupportedError("an index of other than arrays")
    if any(i.dtype.kind not in "iu" or i.number is not None or not i.size for i in items):
        raise UnsupportedError("an index of other than integers")
    common = np.broadcast_shapes(*(i.shape for i in items))
    return [i.broadcast(common) for i in items]
