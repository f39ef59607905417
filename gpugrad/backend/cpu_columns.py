"""The elements under a convolution's kernel, written down for a product: its columns.

NumPy's cost of a copy is by the row, and the rows of small images are short. So the columns are
written down in one of two orders, whichever has the longer rows:

- channels first, each sample as (channels * kernel, windows): rows of one line of windows, and the
  result of the product has the order that is asked for;
- channels last, each sample as (windows, kernel * channels): rows of one line of the kernel with
  all its channels. The image is transposed for it, which is a ninth of the work for a 3x3 kernel.

So few samples are done at once that their columns stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .windows import Geometry, Sizes

Array = Any

BLOCK = 131072
"""About how many elements the columns of the samples have that are done at once."""


def is_pointwise(g: Geometry) -> bool:
    """Whether each window is the element where it lies."""
    return math.prod(g.kernel) * math.prod(g.stride) == 1 and not any(map(any, g.padding))


def moved(x: Array, axis: int) -> Array:
    """A copy with one dimension moved to the end."""
    return np.ascontiguousarray(np.moveaxis(x, axis, -1))


def _parts(samples: int, each: int) -> Iterator[slice]:
    """The samples in about equal parts, for so many elements of columns each."""
    parts = -(-samples * each // BLOCK)
    step = -(-samples // min(max(parts, 1), samples))
    return (slice(start, min(start + step, samples)) for start in range(0, samples, step))


def _places(padded: Array, g: Geometry, count: Sizes, first: int) -> tuple[Sizes, Sizes]:
    """Strides of windows and of the kernel's elements; ``first`` is the first of their axes."""
    steps = padded.strides[first : first + len(count)]
    windows = tuple(n * s for n, s in zip(steps, g.stride, strict=True))
    return windows, tuple(n * d for n, d in zip(steps, g.dilation, strict=True))


def columns_first(x: Array, g: Geometry, groups: int, count: Sizes) -> Iterator[Any]:
    """Parts of the samples, and their columns (n, groups, channels * kernel, windows)."""
    shape = groups, x.shape[1] // groups * math.prod(g.kernel), math.prod(count)
    if is_pointwise(g):
        yield slice(None), np.ascontiguousarray(x).reshape(len(x), *shape)
        return
    size = g.padded(x.shape[2:])
    padded = any(map(any, g.padding))
    whole = np.empty(0) if padded else np.ascontiguousarray(x)
    buffer = np.empty(0)
    for part in _parts(len(x), math.prod(shape)):
        if padded:
            taken = x[part]
            source: Array = np.zeros((len(taken), x.shape[1], *size), x.dtype)
            source[(..., *_inside(g, x.shape[2:]))] = taken
        else:
            source = whole[part]
        windows, kernel = _places(source, g, count, 2)
        order = *source.shape[:2], *g.kernel, *count
        strides = *source.strides[:2], *kernel, *windows
        if len(buffer) < len(source):
            buffer = np.empty((len(source), *shape), x.dtype)
        columns = buffer[: len(source)]
        np.copyto(columns.reshape(order), np.ndarray(order, x.dtype, source, 0, strides))
        yield part, columns


def columns_last(x: Array, g: Geometry, count: Sizes) -> Iterator[Any]:
    """Parts of the samples, and their columns (n, windows, kernel * channels)."""
    shape = math.prod(count), math.prod(g.kernel) * x.shape[1]
    size = g.padded(x.shape[2:])
    buffer = np.empty(0)
    for part in _parts(len(x), math.prod(shape)):
        taken = np.moveaxis(x[part], 1, -1)
        source = np.zeros((len(taken), *size, x.shape[1]), x.dtype)
        source[(slice(None), *_inside(g, x.shape[2:]))] = taken
        windows, kernel = _places(source, g, count, 1)
        order = len(source), *count, *g.kernel, x.shape[1]
        strides = source.strides[0], *windows, *kernel, source.strides[-1]
        if len(buffer) < len(source):
            buffer = np.empty((len(source), *shape), x.dtype)
        columns = buffer[: len(source)]
        np.copyto(columns.reshape(order), np.ndarray(order, x.dtype, source, 0, strides))
        yield part, columns


def _inside(g: Geometry, size: Sizes) -> tuple[slice, ...]:
    """Where the input lies in the padded one."""
    return tuple(slice(low, low + n) for n, (low, _) in zip(size, g.padding, strict=True))


# --- added up -------------------------------------------------------------------------------------


def add_up_last(x: Array, weight: Array, g: Geometry, result: Array) -> None:
    """For each element of the kernel one product, added to where it came from."""
    channels, count, size = weight.shape[1], x.shape[2:], result.shape[2:]
    kernels = np.ascontiguousarray(
        weight.reshape(*weight.shape[:2], -1).transpose(2, 0, 1)
    )  # (kernel, channels of x, channels of the result)
    each = math.prod(count) * max(x.shape[1], 3 * channels)
    for part in _parts(len(x), each):
        rows = moved(x[part], 1)
        product = np.empty((*rows.shape[:-1], channels), x.dtype)
        flat_rows, flat = rows.reshape(-1, rows.shape[-1]), product.reshape(-1, channels)
        total = np.zeros((len(rows), *g.padded(size), channels), x.dtype)
        for where, kernel in zip(g.positions(count), kernels, strict=True):
            np.matmul(flat_rows, kernel, out=flat)
            target = total[(slice(None), *where)]
            np.add(target, product, target)
        result[part] = np.moveaxis(total[(slice(None), *_inside(g, size))], -1, 1)


def add_up_first(x: Array, weight: Array, g: Geometry, groups: int, result: Array) -> None:
    """All columns by one product a sample, each added to where it came from."""
    count, size = x.shape[2:], result.shape[2:]
    kernels = weight.reshape(groups, len(weight) // groups, -1).transpose(0, 2, 1)
    rows, whole = kernels.shape[1], np.ascontiguousarray(x)
    for part in _parts(len(x), groups * rows * math.prod(count)):
        flat = whole[part].reshape(-1, groups, len(weight) // groups, math.prod(count))
        columns = np.matmul(kernels, flat)
        columns = columns.reshape(len(flat), result.shape[1], -1, *count)
        total: Array = np.zeros((len(flat), result.shape[1], *g.padded(size)), x.dtype)
        for number, where in enumerate(g.positions(count)):
            target = total[(..., *where)]
            np.add(target, columns[:, :, number], target)
        result[part] = total[(..., *_inside(g, size))]
