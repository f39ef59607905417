"""Reductions over values without memory, and what takes one element of each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .values import Op, Shape, UnsupportedError, Value

REDUCTIONS = {
    "sum": np.add,
    "prod": np.multiply,
    "amax": np.maximum,
    "amin": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}


class NotedReductions:
    """The part of :class:`~gpugrad.native.notes.Notes` that adds up, and picks."""

    ops: list[Op]
    _map: Callable[..., Value]
    cast: Callable[..., Value]
    copy: Callable[..., Value]
    empty: Callable[..., Value]
    into: Callable[..., Value]
    real: Callable[..., Value]

    def _reduce(
        self, name: str, x: Value, axis: Any, keepdims: bool, dtype: Any, out: Value | None
    ) -> Value:
        if not x.size:
            raise UnsupportedError("nothing")
        function = REDUCTIONS[name]
        kind = function.reduce(np.ones(1, x.dtype), dtype=dtype).dtype
        if kind != x.dtype and name in ("sum", "prod"):
            x = self.cast(x, kind)
        elif name in ("any", "all") and x.dtype != bool:
            x = self._map("ne", x, 0)
        x = self.real(x)
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        gone = {a % x.ndim for a in axes}
        kept = tuple(1 if a in gone else n for a, n in enumerate(x.shape))
        result = self.empty(kept, kind)
        if kept == x.shape:  # one of each
            self.copy(x, result)
        else:
            strides = tuple(0 if a in gone else s for a, s in enumerate(result.strides))
            self.ops.append(Op("reduce", name, result.view(0, x.shape, strides), [x], x.dtype))
        if not keepdims:
            result = result.reshape(tuple(n for a, n in enumerate(kept) if a not in gone))
        return self.into(result, out)

    def sum(
        self,
        x: Value,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
        out: Value | None = None,
    ) -> Value:
        return self._reduce("sum", x, axis, keepdims, dtype, out)

    def prod(
        self,
        x: Value,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
        out: Value | None = None,
    ) -> Value:
        return self._reduce("prod", x, axis, keepdims, dtype, out)

    def mean(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        if x.dtype.kind != "f":
            raise UnsupportedError("a mean of integers")
        total = self.sum(x, axis, keepdims)
        return self._map("div", total, float(x.size // total.size), out=out)

    def amax(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        return self._reduce("amax", x, axis, keepdims, None, out)

    def amin(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        return self._reduce("amin", x, axis, keepdims, None, out)

    def any(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        return self._reduce("any", x, axis, keepdims, None, out)

    def all(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        return self._reduce("all", x, axis, keepdims, None, out)

    # --- one element of each row ------------------------------------------------------------------

    def take_along_axis(self, x: Value, index: Value, axis: int, out: Value | None = None) -> Value:
        _check_column(index, x.shape, axis)
        x = self.real(x)
        result = self.empty(index.shape, x.dtype)
        target = result.view(0, x.shape, (*result.strides[:-1], 0))
        self.ops.append(Op("reduce", "pick", target, [x, index.broadcast(x.shape)], x.dtype))
        return self.into(result, out)

    def scatter_along_axis(
        self, x: Value, index: Value, axis: int, shape: Shape, out: Value | None = None
    ) -> Value:
        _check_column(index, shape, axis)
        result = self.empty(shape, x.dtype) if out is None else out
        ins = [x.broadcast(shape), index.broadcast(shape)]
        self.ops.append(Op("map", "onehot", result, ins, x.dtype))
        return result


def _check_column(index: Value, shape: Shape, axis: int) -> None:
    """Whether there is one index for each row."""
    if (
        index.dtype.kind not in "iu"
        or len(shape) < 2
        or axis % len(shape) != len(shape) - 1
        or index.shape != (*shape[:-1], 1)
        or shape[-1] == 1
    ):
        raise UnsupportedError("an index of this shape")
