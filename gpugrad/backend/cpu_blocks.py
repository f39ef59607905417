"""Elementwise functions and sums of large arrays over NumPy, in blocks that stay in the cache.

What a block makes in between is read again from the processor's second-level cache. A function here
gives bit for bit what the same calls give for the whole array at once, except for sums. It applies
where :func:`applies` says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from .small_arrays import ONES, ZEROS, _ByType

Array = Any

BLOCK = 65536
"""How many elements are done at once: a few arrays of so many stay in the second-level cache, and
the cost of the calls is small beside their work."""

LARGE = 16384
"""Arrays of more elements are large."""

SHARE = 512
"""So many elements are added up by BLAS, which loses few digits of so short a float32 sum; these
sums are added up in float64."""

STRIP = 32
"""Bytes of a row that a transposed copy writes at once."""

_EXACT = frozenset({np.dtype(np.float32), np.dtype(np.float64)})
_INTEGER = {4: np.dtype(np.int32), 8: np.dtype(np.int64)}

_ZEROS = _ByType(lambda dtype: np.zeros(BLOCK, dtype))
_SMALLEST = _ByType(lambda dtype: np.full(BLOCK, np.finfo(dtype).smallest_subnormal, dtype))
"""Its bits are those of the integer 1."""
_ONES = _ByType(lambda dtype: np.ones(SHARE, dtype))

_total: Any = np.add.reduce


def applies(x: Array, *others: Array) -> bool:
    """Whether the arrays are large, of one shape and type, and in row-major order."""
    return (
        x.size > LARGE
        and x.dtype in _EXACT
        and x.flags.c_contiguous
        and all(a.shape == x.shape and a.dtype == x.dtype and a.flags.c_contiguous for a in others)
    )


def _blocks(out: Array | None, *arrays: Array) -> tuple[Array, Iterator[tuple[Array, ...]]]:
    """The result, and for each block the operands' parts and the result's."""
    first = arrays[0]
    if out is None or not out.flags.c_contiguous or out.dtype != first.dtype:
        result = np.empty(first.shape, first.dtype)
    else:
        result = out
    flat = [a.reshape(-1) for a in (*arrays, result)]
    whole = first.size - first.size % BLOCK
    blocks: Iterator[tuple[Array, ...]] = zip(
        *(a[:whole].reshape(-1, BLOCK) for a in flat), strict=True
    )
    if whole < first.size:
        blocks = itertools.chain(blocks, [tuple(a[whole:] for a in flat)])
    return result, blocks


def _into(result: Array, out: Array | None) -> Array:
    if out is None or out is result:
        return result
    out[...] = result
    return out


def relu(x: Array, out: Array | None = None) -> Array:
    # NumPy's quick loop for maximum is for two arrays, not for an array and a number.
    zeros = _ZEROS[x.dtype]
    result, blocks = _blocks(out, x)
    for part, to in blocks:
        np.maximum(part, zeros[: len(part)], out=to)
    return _into(result, out)


def relu_grad(y: Array, grad: Array, out: Array | None = None) -> Array:
    # The gradient's bits times 0 or 1. The smaller of y and the smallest number above 0 has the
    # bits of 0 or 1, and fmin takes that number for nan.
    integer, smallest = _INTEGER[y.itemsize], _SMALLEST[y.dtype]
    flushed = smallest[0] + smallest[0] == 0  # a processor told to take such numbers for 0
    result, blocks = _blocks(out, y, grad)
    for part, of_part, to in blocks:
        if flushed:
            keep = np.not_equal(part, ZEROS[y.dtype])
        else:
            keep = np.fmin(part, smallest[: len(part)]).view(integer)
        np.multiply(of_part.view(integer), keep, out=to.view(integer))
    return _into(result, out)


def sigmoid(x: Array, out: Array | None = None) -> Array:
    one = ONES[x.dtype]
    result, blocks = _blocks(out, x)
    for part, to in blocks:
        np.negative(part, to)
        np.exp(to, to)
        np.add(to, one, to)
        np.true_divide(one, to, to)  # np.reciprocal takes twice as long for the same
    return _into(result, out)


def sigmoid_grad(y: Array, grad: Array, out: Array | None = None) -> Array:
    one = ONES[y.dtype]
    result, blocks = _blocks(out, y, grad)
    for part, of_part, to in blocks:
        work = np.subtract(one, part)
        np.multiply(work, part, work)
        np.multiply(of_part, work, to)
    return _into(result, out)


def tanh_grad(y: Array, grad: Array, out: Array | None = None) -> Array:
    one = ONES[y.dtype]
    result, blocks = _blocks(out, y, grad)
    for part, of_part, to in blocks:
        work = np.square(part)
        np.subtract(one, work, work)
        np.multiply(of_part, work, to)
    return _into(result, out)


def mse_grad(x: Array, y: Array, factor: Array, out: Array | None = None) -> Array:
    """``(x - y) * factor`` for one number ``factor``."""
    result, blocks = _blocks(out, x, y)
    for part, of_part, to in blocks:
        np.subtract(part, of_part, to)
        np.multiply(to, factor, to)
    return _into(result, out)


def squared_error(x: Array, y: Array) -> Array:
    """The sum of ``(x - y)**2``, a float64."""
    found = np.float64(0)
    flat, other = x.reshape(-1), y.reshape(-1)
    for start in range(0, x.size, BLOCK):
        difference = np.subtract(flat[start : start + BLOCK], other[start : start + BLOCK])
        found += total(np.square(difference, difference))
    return found


def total(x: Array) -> Array:
    """The sum of all elements, a float64."""
    flat = x.reshape(-1)
    whole = flat.size - flat.size % SHARE
    sums = flat[:whole].reshape(-1, SHARE).dot(_ONES[x.dtype])
    return _total(sums, None, np.float64) + _total(flat[whole:], None, np.float64)


def transposed_copy(x: Array) -> Array:
    """A copy in row-major order of what lies in memory with its last two dimensions exchanged."""
    result = np.empty(x.shape, x.dtype)
    width = STRIP // x.itemsize
    for start in range(0, x.shape[-1], width):
        result[..., start : start + width] = x[..., start : start + width]
    return result


def is_transposed(x: Array) -> bool:
    """Whether neighbours in a column of ``x`` are neighbours in memory, and rows are long."""
    return (
        x.ndim > 1
        and x.size > LARGE
        and x.strides[-2] == x.itemsize
        and x.strides[-1] != x.itemsize
        and x.itemsize in _INTEGER
        and min(x.shape[-2:]) >= STRIP
    )
