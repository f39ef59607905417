"""Functions of the rows of a matrix over NumPy, with few temporaries.

C code does them where there is a compiler. Else large matrices are done in blocks of rows that stay
in the processor's cache, and sums are products with a vector, which BLAS does.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..native import rows
from .primitives import Primitives

Array = Any

BLOCK = 65536
"""About how many elements are done at once: a few arrays of so many stay in the second-level
cache."""

WORTHWHILE = 4096
"""From so many elements on, a softmax is quicker in blocks of rows."""

LONGEST_ROW = 4096
"""Longer rows are added up by NumPy, which loses fewer digits of float32 sums than BLAS."""

_largest: Any = np.maximum.reduce
_smallest: Any = np.minimum.reduce
_total: Any = np.add.reduce

_EXACT = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


class HostRows(Primitives):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        if x.size >= rows.LARGE and axis in (-1, x.ndim - 1):
            found = rows.of_rows("softmax", x, out)
            if found is not None:
                return found
        if x.size < WORTHWHILE or not _in_rows(axis, x):
            return super().softmax(x, axis, out)
        result, blocks = _row_blocks(out, x)
        ones = _ones(x.shape[-1], x.dtype)
        for part, to in blocks:
            np.subtract(part, _largest(part, 1, None, None, True), to)
            np.exp(to, to)
            np.true_divide(to, to.dot(ones), to)
        return result if out is None else self.into(result, out)

    def softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        if y.size >= rows.LARGE and axis in (-1, y.ndim - 1):
            found = rows.gradient("softmax_grad", y, grad, out)
            if found is not None:
                return found
        if y.size < WORTHWHILE or not _in_rows(axis, y, grad):
            return super().softmax_grad(y, grad, axis, out)
        result, blocks = _row_blocks(out, y, grad)
        for part, of_part, to in blocks:
            along = np.vecdot(of_part, part).reshape(-1, 1)
            work = np.subtract(of_part, along)
            np.multiply(part, work, to)
        return result if out is None else self.into(result, out)

    def log_softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        if x.size >= rows.LARGE and axis in (-1, x.ndim - 1):
            found = rows.of_rows("log_softmax", x, out)
            if found is not None:
                return found
        if x.size < WORTHWHILE or not _in_rows(axis, x):
            return super().log_softmax(x, axis, out)
        result, blocks = _row_blocks(out, x)
        ones = _ones(x.shape[-1], x.dtype)
        for part, to in blocks:
            np.subtract(part, _largest(part, 1, None, None, True), to)
            total = np.exp(to).dot(ones)
            np.subtract(to, np.log(total, total), to)
        return result if out is None else self.into(result, out)

    def log_softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        if y.size >= rows.LARGE and axis in (-1, y.ndim - 1):
            found = rows.gradient("log_softmax_grad", y, grad, out)
            if found is not None:
                return found
        if y.size < WORTHWHILE or not _in_rows(axis, y, grad):
            return super().log_softmax_grad(y, grad, axis, out)
        result, blocks = _row_blocks(out, y, grad)
        ones = _ones(y.shape[-1], y.dtype)
        for part, of_part, to in blocks:
            work = np.exp(part)
            np.multiply(work, of_part.dot(ones), work)
            np.subtract(of_part, work, to)
        return result if out is None else self.into(result, out)

    def layer_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        eps: float,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        if x.size >= rows.LARGE:
            found = rows.layer_norm(x, weight, bias, eps)
            if found is not None:
                return found if out is None else self._all_into(found, out)
        dtype = x.dtype
        if not _applies(dtype, x, weight, bias):
            return super().layer_norm(x, weight, bias, eps, out)
        height, cols = x.shape
        y, mean, rstd = (np.empty((height, n), dtype) for n in (cols, 1, 1))
        ones, share, offset = _ones(cols, dtype), np.asarray(cols, dtype), np.asarray(eps, dtype)
        weight, bias = _tiled(x, weight), _tiled(x, bias)
        for part in _parts(height, cols):
            centre, scale, to = mean[part], rstd[part], y[part]
            np.true_divide(x[part].dot(ones), share, out=centre)
            np.subtract(x[part], centre, out=to)
            variance = np.vecdot(to, to).reshape(-1, 1)
            np.true_divide(variance, share, out=variance)
            np.add(variance, offset, out=variance)
            np.reciprocal(np.sqrt(variance, out=variance), out=scale)
            np.multiply(to, scale, out=to)
            if weight is not None:
                np.multiply(to, weight[: len(to)], out=to)
            if bias is not None:
                np.add(to, bias[: len(to)], out=to)
        found = y, mean, rstd
        return found if out is None else self._all_into(found, out)

    def layer_norm_grad(
        self,
        grad: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        rstd: Array,
        wanted: tuple[bool, bool, bool],
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array | None, Array | None, Array | None]:
        if x.size >= rows.LARGE:
            found = rows.layer_norm_grad(grad, x, weight, mean, rstd, wanted)
            if found is not None:
                return found if out is None else self._all_into(found, out)
        dtype = x.dtype
        if not _applies(dtype, x, weight, grad):
            return super().layer_norm_grad(grad, x, weight, mean, rstd, wanted, out)
        height, cols = x.shape
        of_x = np.empty((height, cols), dtype) if wanted[0] else None
        of_weight = np.zeros(cols, dtype) if wanted[1] else None
        factors = (_ones(cols, dtype) if weight is None else weight.reshape(cols, 1)) / cols
        spread, products, weight = _scratch(x), _scratch(x), _tiled(x, weight)
        for part in _parts(height, cols):
            scale, dy = rstd[part], grad[part]
            centred = np.subtract(x[part], mean[part], out=spread[: len(dy)])
            product = np.multiply(dy, centred, out=products[: len(dy)])
            if of_weight is not None:
                of_weight += scale.reshape(-1).dot(product)
            if of_x is None:
                continue
            # rstd * g - rstd * mean(g) - centred * (mean(g * centred) * rstd**3)
            along = product.dot(factors)
            for _ in range(3):
                np.multiply(along, scale, out=along)
            across = np.multiply(dy.dot(factors), scale)
            np.multiply(centred, along, out=centred)
            np.add(centred, across, out=centred)
            g = dy if weight is None else np.multiply(dy, weight[: len(dy)], out=product)
            np.multiply(g, scale, out=product)
            np.subtract(product, centred, out=of_x[part])
        of_bias = self.sum(grad, 0) if wanted[2] else None
        grads = of_x, of_weight, of_bias
        return grads if out is None else self._all_into(grads, out)

    def cross_entropy(
        self,
        x: Array,
        target: Array,
        ignore_index: int | None,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        losses, softmax = out or (None, None)
        if len(x):
            done = rows.cross_entropy(x, target, ignore_index)
            if done is not None:
                return (
                    done
                    if out is None
                    else (self.into(done[0], losses), self.into(done[1], softmax))
                )
        ignored = _ignored(target, ignore_index)
        if ignored is not None:
            target = self._classes(target, ignore_index)
            if target.size and _smallest(target) < 0:
                raise IndexError("a class is negative")
        if _applies(x.dtype, x) and x.size > BLOCK:
            work = softmax if softmax is not None else np.empty_like(x)
            losses = losses if losses is not None else np.empty(len(x), x.dtype)
            for part in _parts(*x.shape):
                _cross_entropy(x[part], target[part], losses[part], work[part])
        else:
            losses, work = _cross_entropy(x, target, losses, softmax)
        if ignored is not None:
            losses[ignored] = 0
        return losses, work

    def cross_entropy_mean(
        self,
        losses: Array,
        target: Array,
        ignore_index: int,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        mean, count = out or (None, None)
        if losses.size:
            done = rows.cross_entropy_mean(losses, target, ignore_index)
            if done is not None:
                return (
                    done if out is None else (self.into(done[0], mean), self.into(done[1], count))
                )
        dtype = losses.dtype
        wide = losses if dtype in _EXACT else losses.astype(np.float32)
        ignored = _ignored(target, ignore_index)
        number = len(losses) - (0 if ignored is None else np.count_nonzero(ignored))
        count = self.full((), number, wide.dtype, count)
        share = np.true_divide(_total(wide), count)
        return self.into(np.asarray(share, dtype), mean), count

    def cross_entropy_grad(
        self,
        softmax: Array,
        target: Array,
        grad: Array,
        count: Array | None,
        ignore_index: int | None,
        out: Array | None = None,
    ) -> Array:
        if len(softmax):
            done = rows.cross_entropy_grad(softmax, target, grad, count, ignore_index)
            if done is not None:
                return self.into(done, out)
        ignored = _ignored(target, ignore_index)
        if ignored is not None:
            target = self._classes(target, ignore_index)
        if count is not None:
            grad = np.asarray(np.true_divide(grad, count), softmax.dtype)
        out = np.multiply(softmax, grad.reshape(-1, 1), out=out)
        out[np.arange(len(out)), target] -= grad
        if ignored is not None:
            out[ignored] = 0
        return out


def _cross_entropy(
    x: Array, target: Array, losses: Array | None, softmax: Array | None
) -> tuple[Array, Array]:
    work = np.subtract(x, _largest(x, 1, None, None, True), softmax)
    picked = work[np.arange(len(work)), target]
    np.exp(work, work)
    total = _total(work, 1, None, None, True)
    np.true_divide(work, total, work)
    return np.subtract(np.log(total).reshape(-1), picked, losses), work


def _ignored(target: Array, ignore_index: int | None) -> Array | None:
    """Which targets are to be ignored; None if there are none."""
    if ignore_index is None or (ignore_index < 0 and (not target.size or _smallest(target) >= 0)):
        return None
    found = np.equal(target, ignore_index)
    return found if ignore_index < 0 or found.any() else None


def _applies(dtype: Any, x: Array, *others: Array | None) -> bool:
    return (
        dtype in _EXACT
        and 0 < x.shape[1] <= LONGEST_ROW
        and all(a is None or a.dtype == dtype for a in others)
    )


def _in_rows(axis: int, x: Array, *others: Array) -> bool:
    """Whether the last dimension is meant, and its rows follow one another in memory."""
    return (
        axis in (-1, x.ndim - 1)
        and x.dtype in _EXACT
        and x.shape[-1] <= LONGEST_ROW
        and x.flags.c_contiguous
        and all(a.dtype == x.dtype and a.flags.c_contiguous for a in others)
    )


def _row_blocks(out: Array | None, *arrays: Array) -> tuple[Array, list[tuple[Array, ...]]]:
    """The result, and for each block of rows the operands' parts and the result's."""
    first = arrays[0]
    ready = out is not None and out.flags.c_contiguous and out.dtype == first.dtype
    result = out if ready else np.empty(first.shape, first.dtype)
    cols = first.shape[-1]
    flat = [a.reshape(-1, cols) for a in (*arrays, result)]
    if first.size <= BLOCK:
        return result, [tuple(flat)]
    return result, [tuple(a[part] for a in flat) for part in _parts(first.size // cols, cols)]


def _at_once(cols: int) -> int:
    """The rows of a block."""
    return max(1, BLOCK // cols)


def _parts(rows: int, cols: int) -> list[slice]:
    """The rows, taken apart into blocks."""
    step = _at_once(cols)
    return [slice(first, first + step) for first in range(0, rows, step)]


def _scratch(x: Array) -> Array:
    """Memory for a block of ``x``."""
    rows, cols = x.shape
    return np.empty((min(rows, _at_once(cols)), cols), x.dtype)


def _tiled(x: Array, row: Array | None) -> Array | None:
    """A row as often as there are rows in a block of ``x``: NumPy is slow to repeat it itself."""
    cols = x.shape[1]
    if row is None or x.size <= BLOCK:
        return row if row is None else row.reshape(1, cols)
    tiled = np.empty((_at_once(cols), cols), row.dtype)
    tiled[...] = row
    return tiled


@functools.lru_cache(maxsize=64)
def _ones(cols: int, dtype: Any) -> Array:
    """A column of ones, for sums over rows."""
    return np.ones((cols, 1), dtype)
