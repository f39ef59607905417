"""The largest elements of windows over values without memory, and the way back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .values import Op, Shape, UnsupportedError, Value

MOST_ELEMENTS = 32
"""Windows of more are left to the functions that are in C already, as are those with padding: a
program has the elements of a window one by one."""


class NotedWindows:
    """The part of :class:`~gpugrad.native.notes.Notes` that pools."""

    ops: list[Op]
    empty: Callable[..., Value]
    fill: Callable[..., Value]
    real: Callable[..., Value]
    reshape: Callable[..., Value]

    def window_argmax(
        self, x: Value, g: Any, out: tuple[Value, Value] | None = None
    ) -> tuple[Value, Value]:
        slid = len(g.kernel)
        lead, size = x.shape[: x.ndim - slid], x.shape[x.ndim - slid :]
        if (
            out is not None
            or slid > 2
            or math.prod(g.kernel) > MOST_ELEMENTS
            or any(low or high for low, high in g.padding)
            or not x.size
        ):
            raise UnsupportedError("windows of this geometry")
        planes, count = math.prod(lead), g.windows(size)
        # One dimension is a plane of one line.
        field = {
            name: ((1,) * (2 - slid) + tuple(values))
            for name, values in (
                *(("size", size), ("count", count), ("kernel", g.kernel)),
                *(("stride", g.stride), ("dilation", g.dilation)),
            )
        }
        flat = self.reshape(self.real(x), (planes, math.prod(size)))
        index = self.empty((planes, math.prod(count)), "int64")
        self.ops.append(Op("window", "place", index, [flat], x.dtype, field))
        best = self.empty((planes, math.prod(count)), x.dtype)
        self.ops.append(Op("window", "take", best, [flat, index], x.dtype))
        return best.reshape((*lead, *count)), index.reshape((*lead, *count))

    def window_max_grad(
        self, grad: Value, index: Value, shape: Shape, out: Value | None = None
    ) -> Value:
        lead = index.shape[:-1]
        planes = math.prod(lead)
        if out is not None or not grad.size or grad.number is not None:
            raise UnsupportedError("no gradient")
        flat = self.reshape(grad, (planes, index.shape[-1]))
        places = self.reshape(index, (planes, index.shape[-1]))
        found = self.empty((planes, math.prod(shape[len(lead) :])), grad.dtype)
        self.fill(found, 0)
        self.ops.append(Op("window", "give back", found, [flat, places], grad.dtype))
        return found.reshape(tuple(shape))
