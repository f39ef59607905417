"""Convolution over NumPy: few samples at once, by copies of long rows and BLAS.

Where there is C code, it does what has enough windows. The rest, and all without a compiler, is
done here, by products of the kernels and the columns of :mod:`.cpu_columns`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..native import windows as native
from .cpu_columns import (
    add_up_first,
    add_up_last,
    columns_first,
    columns_last,
    is_pointwise,
    moved,
)
from .half_types import through_single
from .primitives import Primitives
from .small_arrays import is_narrow
from .windows import Geometry, Sizes

Array = Any

FOR_EACH = range(12, 32)
"""With so many windows in a sample, a product for each sample is quicker than one for all, whose
result has to be transposed."""

LEAST_WINDOWS = 9
"""With fewer windows in a sample, one product for all samples is quicker than C code's vectors of
windows."""

LEAST_ROW = 8
"""Without groups, shorter rows of windows leave C code's vectors too empty to beat BLAS, unless
there are few channels, for which BLAS's matrices are too narrow, or so many that the columns are
more than the cache holds."""

SHORT_ROW, FEW, MANY = 4, 4, 64
"""The shortest rows for many channels; so many are few or many."""

_EXACT = frozenset({np.dtype(np.float32), np.dtype(np.float64)})
_total: Any = np.add.reduce


class HostConvolution(Primitives):
    """Every method's form in ``Windows`` says what it computes."""

    def conv(
        self,
        x: Array,
        weight: Array,
        bias: Array | None,
        g: Geometry,
        groups: int,
        out: Array | None = None,
    ) -> Array:
        count, channels = g.windows(x.shape[2:]), x.shape[1]
        shape = len(x), len(weight), *count
        if x.itemsize == 2 and is_narrow(x.dtype):
            return through_single(self.conv, x, weight, bias, g, groups, out=out)
        if not _applies(g, x, weight, math.prod(shape)):
            return super().conv(x, weight, bias, g, groups, out)
        result = _result(out, shape, x.dtype)
        to_c = _goes_to_c(g, groups, count, channels, many=channels >= MANY)
        if to_c and native.convolution(x, weight, bias, g, groups, result):
            return result if out is None or out is result else self.into(result, out)
        flat = result.reshape(len(x), groups, len(weight) // groups, -1)
        if _one_by_one(weight.shape[1], g, groups, count):
            for taken, made in zip(
                _equal(channels, groups), _equal(len(weight), groups), strict=True
            ):
                result[:, made] = self.conv(x[:, taken], weight[made], None, g, 1)
        elif _channels_last(channels, g, groups, count):
            kernels = weight.reshape(*weight.shape[:2], -1).T.reshape(-1, len(weight))
            for part, columns in columns_last(x, g, count):
                if flat.shape[-1] in FOR_EACH:
                    np.matmul(kernels.T, columns.transpose(0, 2, 1), out=flat[part, 0])
                else:
                    rows = columns.reshape(-1, columns.shape[-1]).dot(kernels)
                    flat[part, 0] = rows.reshape(*columns.shape[:2], -1).transpose(0, 2, 1)
        else:
            kernels = weight.reshape(*flat.shape[1:3], -1)
            for part, columns in columns_first(x, g, groups, count):
                np.matmul(kernels, columns, out=flat[part])
        if bias is not None:
            flat = result.reshape(len(x), len(weight), -1)
            np.add(flat, bias.reshape(-1, 1), flat)
        return result if out is None or out is result else self.into(result, out)

    def conv_transpose(
        self,
        x: Array,
        weight: Array,
        g: Geometry,
        groups: int,
        size: Sizes,
        out: Array | None = None,
    ) -> Array:
        count, channels = x.shape[2:], weight.shape[1] * groups
        shape = len(x), channels, *size
        if x.itemsize == 2 and is_narrow(x.dtype):
            return through_single(self.conv_transpose, x, weight, g, groups, size, out=out)
        if not _applies(g, x, weight, math.prod(shape)):
            return super().conv_transpose(x, weight, g, groups, size, out)
        if _goes_to_c(g, groups, count, channels, many=channels >= MANY):
            result = _result(out, shape, x.dtype)
            if native.transpose(x, weight, g, groups, result):
                return result if out is None or out is result else self.into(result, out)
        one_by_one = _one_by_one(weight.shape[1], g, groups, count)
        if (
            not one_by_one
            and len(weight) <= 2 * channels
            and (turned := _turned(g, count, size)) is not None
        ):
            return self.conv(x, _exchanged(weight, groups), None, turned, groups, out)
        result = _result(out, shape, x.dtype)
        if one_by_one:
            for made, taken in zip(
                _equal(channels, groups), _equal(len(weight), groups), strict=True
            ):
                result[:, made] = self.conv_transpose(x[:, taken], weight[taken], g, 1, size)
        elif _channels_last(channels, g, groups, count):
            add_up_last(x, weight, g, result)
        else:
            add_up_first(x, weight, g, groups, result)
        return result if out is None or out is result else self.into(result, out)

    def conv_weight(
        self, x: Array, grad: Array, g: Geometry, groups: int, out: Array | None = None
    ) -> Array:
        count, channels = grad.shape[2:], x.shape[1]
        if x.itemsize == 2 and is_narrow(x.dtype):
            return through_single(self.conv_weight, x, grad, g, groups, out=out)
        if not _applies(g, x, grad, grad.size):
            return super().conv_weight(x, grad, g, groups, out)
        shape = grad.shape[1], channels // groups, *g.kernel
        # What is short for its products of two rows of windows is longer.
        slow = groups == 1 and count[-1] < 12 and channels >= MANY
        if not slow and _goes_to_c(g, groups, count, channels):
            result = _result(out, shape, x.dtype)
            if native.weight_gradient(x, grad, g, groups, result):
                return result if out is None or out is result else self.into(result, out)
        if _one_by_one(shape[1], g, groups, count):
            result = _result(out, shape, x.dtype)
            for taken, made in zip(
                _equal(channels, groups), _equal(len(result), groups), strict=True
            ):
                result[made] = self.conv_weight(x[:, taken], grad[:, made], g, 1)
            return result if out is None or out is result else self.into(result, out)
        if _channels_last(channels, g, groups, count):
            total = np.zeros((grad.shape[1], math.prod(shape[1:])), x.dtype)
            for part, columns in columns_last(x, g, count):
                rows = moved(grad[part], 1).reshape(-1, grad.shape[1])
                np.add(total, rows.T.dot(columns.reshape(len(rows), -1)), total)
            last = total.reshape(grad.shape[1], *g.kernel, channels)
            return self.copy(last.transpose(0, last.ndim - 1, *range(1, last.ndim - 1)), out=out)
        kernel = math.prod(shape[1:])
        of_group = np.zeros((groups, grad.shape[1] // groups, kernel), x.dtype)
        flat = np.ascontiguousarray(grad).reshape(len(grad), *of_group.shape[:2], -1)
        for part, columns in columns_first(x, g, groups, count):
            products = np.matmul(flat[part], columns.swapaxes(-1, -2))
            np.add(of_group, _total(products, 0), of_group)
        return self.into(of_group.reshape(shape), out)

    def channel_sum(self, x: Array, out: Array | None = None) -> Array:
        if x.dtype not in _EXACT or not x.size or not x.flags.c_contiguous or x.ndim < 3:
            return super().channel_sum(x, out)
        # BLAS adds up each plane, and NumPy what comes of the samples.
        planes = x.reshape(-1, math.prod(x.shape[2:]))
        sums = planes.dot(np.ones(planes.shape[1], x.dtype)).reshape(x.shape[:2])
        return _total(sums, 0, None, out)


# --- where, and in which order --------------------------------------------------------------------


def _applies(g: Geometry, x: Array, other: Array, size: int) -> bool:
    return (
        size > 0
        and x.size > 0
        and x.dtype in _EXACT
        and other.dtype == x.dtype
        and all(low >= 0 and high >= 0 for low, high in g.padding)
    )


def _goes_to_c(g: Geometry, groups: int, count: Sizes, channels: int, many: bool = False) -> bool:
    """Whether C code is quicker, if there is some: BLAS is where nothing has to be copied.

    Args:
        channels: of the image.
        many: whether they are so many that short rows do not matter.
    """
    if groups > 1:
        return math.prod(count) >= LEAST_WINDOWS
    if is_pointwise(g):
        return False
    return count[-1] >= (SHORT_ROW if many or channels <= FEW else LEAST_ROW)


def _channels_last(channels: int, g: Geometry, groups: int, count: Sizes) -> bool:
    if groups > 1 or is_pointwise(g):
        return False
    row = channels * (g.kernel[-1] if g.dilation[-1] == 1 else 1)
    return row > count[-1]


def _one_by_one(each: int, g: Geometry, groups: int, count: Sizes) -> bool:
    """Whether groups of so many channels are quicker as convolutions of their own."""
    return groups > 1 and _channels_last(each, g, 1, count)


def _equal(total: int, groups: int) -> list[slice]:
    step = total // groups
    return [slice(start, start + step) for start in range(0, total, step)]


def _turned(g: Geometry, count: Sizes, size: Sizes) -> Geometry | None:
    """The geometry of the convolution that goes from ``count`` windows back to ``size``, if any."""
    if any(s != 1 for s in g.stride):
        return None
    reach = [d * (k - 1) for d, k in zip(g.dilation, g.kernel, strict=True)]
    padding = tuple(
        (r - low, n + low - c)
        for r, (low, _), n, c in zip(reach, g.padding, size, count, strict=True)
    )
    return g._replace(padding=padding) if min(map(min, padding)) >= 0 else None


def _exchanged(weight: Array, groups: int) -> Array:
    """The kernels for the way back: turned around, with the channels exchanged in each group."""
    made, channels, *kernel = weight.shape
    turned = np.flip(weight, tuple(range(2, weight.ndim)))
    grouped = turned.reshape(groups, made // groups, channels, *kernel).swapaxes(1, 2)
    return np.ascontiguousarray(grouped).reshape(groups * channels, made // groups, *kernel)


def _result(out: Array | None, shape: Sizes, dtype: Any) -> Array:
    """``out`` if it can be written in place by products, else new memory."""
    if out is None or not out.flags.c_contiguous or out.dtype != dtype:
        return np.empty(shape, dtype)
    return out
