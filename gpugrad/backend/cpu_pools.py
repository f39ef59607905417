"""Pooling over NumPy, with the planes side by side; where there is C code, it goes there.

NumPy's cost is by the row, and the windows of small planes have short ones. So where there are
more planes than windows in a line, they are transposed: then one element of every window in a line
is a long row. So many planes are done at once as stay in the cache.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..native import pooling as native
from .primitives import Primitives
from .windows import Geometry, Sizes

Array = Any

BLOCK = 65536
"""About how many elements the planes have that are done at once."""

ALIKE = 128
"""Rows of a multiple of so many elements begin in the same few places of the processor's
first-level cache, and a column of them does not stay there."""

_EXACT = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


class HostPools(Primitives):
    """Every method's form in ``Windows`` or ``ComposedWindows`` says what it computes."""

    def window_max(self, x: Array, g: Geometry, out: Array | None = None) -> Array:
        if not _applies(x, g):
            return super().window_max(x, g, out)
        planes = _Planes(x, g, out)
        if native.largest(planes.planes, g, planes.result, None):
            return planes.into(self, out)
        for part in planes.parts():
            first, *rest = planes.elements(part, -math.inf)
            best = first.copy()
            for element in rest:
                np.maximum(best, element, out=best)
            planes.give(planes.result, part, best)
        return planes.into(self, out)

    def window_sum(self, x: Array, g: Geometry, out: Array | None = None) -> Array:
        if not _applies(x, g):
            return super().window_sum(x, g, out)
        planes = _Planes(x, g, out)
        if native.total(planes.planes, g, planes.result):
            return planes.into(self, out)
        for part in planes.parts():
            first, *rest = planes.elements(part, 0)
            total = first.copy()
            for element in rest:
                np.add(total, element, total)
            planes.give(planes.result, part, total)
        return planes.into(self, out)

    def window_argmax(
        self, x: Array, g: Geometry, out: tuple[Array, Array] | None = None
    ) -> tuple[Array, Array]:
        if not _applies(x, g):
            return super().window_argmax(x, g, out)
        best_out, index_out = (None, None) if out is None else out
        planes = _Planes(x, g, best_out)
        index = index_out
        if index is None or not index.flags.c_contiguous:
            index = np.empty(planes.result.shape, np.int64)
        if native.largest(planes.planes, g, planes.result, index):
            found = index if index_out is None else self.into(index, index_out)
            return planes.into(self, best_out), found
        if math.prod(g.kernel) > 256:
            return super().window_argmax(x, g, out)
        inside, starts, first_inside = planes.numbers()
        for part in planes.parts():
            first, *rest = planes.elements(part, -math.inf)
            best, place = first.copy(), np.zeros(first.shape, np.uint8)
            larger = np.empty(best.shape, bool)
            marked = larger.view(np.uint8)
            for number, element in enumerate(rest, 1):
                np.greater(element, best, larger)
                np.maximum(best, element, out=best)
                # The largest one met last is the one with the highest number.
                np.multiply(marked, np.uint8(number), marked)
                np.maximum(place, marked, out=place)
            if np.isnan(best).any():
                return super().window_argmax(x, g, out)
            planes.give(planes.result, part, best)
            found = inside.take(place)
            np.add(found, starts, found)
            if first_inside is not None:
                # Where all is -inf the padding came first: the first element in the input counts.
                np.copyto(found, first_inside, where=place == 0)
            planes.give(index, part, found)
        largest = planes.into(self, best_out)
        return largest, index if index_out is None or index_out is index else self.into(
            index, index_out
        )

    def window_spread(
        self, grad: Array, g: Geometry, size: Sizes, out: Array | None = None
    ) -> Array:
        if not grad.size or grad.dtype not in _EXACT or _cuts(g):
            return super().window_spread(grad, g, size, out)
        lead, count = grad.shape[: -len(size)], grad.shape[-len(size) :]
        result = _memory(out, (*lead, *size), grad.dtype)
        if native.spread(grad, g, size, result):
            return result if out is None or out is result else self.into(result, out)
        source = np.ascontiguousarray(grad).reshape(-1, *count)
        target = result.reshape(-1, *size)
        last = len(source) > count[-1]
        inside = tuple(slice(low, low + n) for n, (low, _) in zip(size, g.padding, strict=True))
        apart = all(s >= d * (k - 1) + 1 for k, s, _, d in zip(*g, strict=True))
        for part in _parts(len(source), math.prod(g.padded(size))):
            each = source[part]
            if last:
                each = np.ascontiguousarray(np.moveaxis(each, 0, -1))
            shape = (*g.padded(size), each.shape[-1]) if last else (len(each), *g.padded(size))
            total: Array = np.zeros(shape, grad.dtype)
            for where in g.positions(count):
                to = total[where if last else (..., *where)]
                if apart:
                    np.copyto(to, each)
                else:
                    np.add(to, each, to)
            kept = total[inside if last else (..., *inside)]
            target[part] = np.moveaxis(kept, -1, 0) if last else kept
        return result if out is None or out is result else self.into(result, out)

    def window_max_grad(
        self, grad: Array, index: Array, shape: Sizes, out: Array | None = None
    ) -> Array:
        lead, size = index.shape[:-1], math.prod(shape[index.ndim - 1 :])
        if grad.dtype not in _EXACT or not index.size:
            return super().window_max_grad(grad, index, shape, out)
        result = _memory(out, shape, grad.dtype)
        if native.given_back(grad, index, size, result):
            return result if out is None or out is result else self.into(result, out)
        result.fill(0)
        planes = np.arange(0, math.prod(lead) * size, size).reshape(*lead, 1)
        places = np.add(index, planes).reshape(-1)
        np.add.at(result.reshape(-1), places, np.ascontiguousarray(grad).reshape(-1))
        return result if out is None or out is result else self.into(result, out)


class _Planes:
    """An input as planes, the windows over them, and where the results go."""

    def __init__(self, x: Array, g: Geometry, out: Array | None) -> None:
        size = x.shape[-len(g.kernel) :]
        self.g, self.size, self.count = g, size, g.windows(size)
        self.planes = np.ascontiguousarray(x).reshape(-1, *size)
        self.result = _memory(out, (*x.shape[: -len(size)], *self.count), x.dtype)
        self.last = len(self.planes) > self.count[-1]

    def parts(self) -> Iterator[slice]:
        return _parts(len(self.planes), math.prod(self.g.padded(self.size)))

    def elements(self, part: slice, around: float) -> Iterator[Array]:
        """For each element of the kernel in row-major order: what lies under it everywhere."""
        g, planes = self.g, self.planes[part]
        source: Array = np.moveaxis(planes, 0, -1) if self.last else planes
        if any(map(any, g.padding)):
            size = g.padded(self.size)
            shape = (*size, len(planes)) if self.last else (len(planes), *size)
            inside = tuple(
                slice(low, low + n) for n, (low, _) in zip(self.size, g.padding, strict=True)
            )
            padded: Array = np.full(shape, around, planes.dtype)
            padded[inside if self.last else (..., *inside)] = source
            source = padded
        elif self.last:
            source = np.ascontiguousarray(source)
        for where in g.positions(self.count):
            yield source[where if self.last else (..., *where)]

    def numbers(self) -> tuple[Array, Array, Array | None]:
        """Row-major numbers in the plane: of each element of the kernel, of each window's start,
        and of its first element in the input, if padding may lie before it."""
        inside, starts, first = _numbers(self.g, self.size)
        if self.last:
            starts, first = starts[..., None], first[..., None]
        return inside, starts, first if any(low for low, _ in self.g.padding) else None

    def give(self, result: Array, part: slice, value: Array) -> None:
        """Put what was computed for some planes where it belongs."""
        result.reshape(-1, *self.count)[part] = np.moveaxis(value, -1, 0) if self.last else value

    def into(self, xp: Any, out: Array | None) -> Array:
        return self.result if out is None or out is self.result else xp.into(self.result, out)


@functools.lru_cache(64)
def _numbers(g: Geometry, size: Sizes) -> tuple[Array, Array, Array]:
    inside: Array = np.zeros((), np.int64)
    starts: Array = np.zeros((), np.int64)
    first: Array = np.zeros((), np.int64)
    row = math.prod(size)
    for d, (n, count) in enumerate(zip(size, g.windows(size), strict=True)):
        row //= n
        inside = np.add.outer(inside, np.arange(g.kernel[d]) * g.dilation[d] * row)
        start = np.arange(count) * g.stride[d] - g.padding[d][0]
        starts = np.add.outer(starts, start * row)
        first = np.add.outer(first, np.maximum(start, start % g.dilation[d]) * row)
    return inside.reshape(-1), starts, first


def _applies(x: Array, g: Geometry) -> bool:
    windows = g.windows(x.shape[-len(g.kernel) :])
    return x.dtype in _EXACT and x.size > 0 and min(windows) > 0 and not _cuts(g)


def _cuts(g: Geometry) -> bool:
    """Whether some of the padding is negative."""
    return any(low < 0 or high < 0 for low, high in g.padding)


def _memory(out: Array | None, shape: Sizes, dtype: Any) -> Array:
    if out is None or not out.flags.c_contiguous or out.dtype != dtype:
        return np.empty(shape, dtype)
    return out


def _parts(planes: int, each: int) -> Iterator[slice]:
    """The planes in parts of about ``BLOCK`` elements."""
    step = -(-planes // max(-(-planes * each // BLOCK), 1))
    if step >= ALIKE and step % ALIKE == 0:
        step = step // 2 + 16
    return (slice(start, start + step) for start in range(0, planes, step))
