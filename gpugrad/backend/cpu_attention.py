"""Attention over NumPy: no copies of heads, and no pass over the scores for each row's largest.

Scores are made, used and turned into weights for so many matrices at a time that they stay in the
processor's cache.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import cast

import numpy as np

from ..native import scores as native_scores
from .composed_attention import Array
from .half_types import through_single
from .primitives import Primitives
from .small_arrays import BLAS_TYPES, is_narrow

BLOCK = 2**17
"""About how many scores are done at once."""


class HostAttention(Primitives):
    """Every method's composed form in ``ComposedAttention`` says what it computes."""

    def attention(
        self,
        query: Array,
        key: Array,
        value: Array,
        causal: bool,
        scale: float,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        if query.itemsize == 2 and is_narrow(query.dtype):
            return cast(
                "tuple[Array, Array]",
                through_single(self.attention, query, key, value, causal, scale, out=out),
            )
        if not _applies(query, key, value):
            return super().attention(query, key, value, causal, scale, out)
        result, weights = out or (None, None)
        if result is None:
            result = _ordered_like(query, value.shape[-1])
        if weights is None:
            weights = np.empty((*query.shape[:-1], key.shape[-2]), query.dtype)
        factor = np.asarray(scale, query.dtype)
        for part in _parts(weights):
            turned = np.multiply(key[part].swapaxes(-1, -2), factor, order="C")
            scores = np.matmul(query[part], turned, out=weights[part])
            if not native_scores.weigh(scores, causal):
                if causal:
                    np.add(scores, _hiding(*scores.shape[-2:], scores.dtype), scores)
                _softmax(scores)
            np.matmul(scores, value[part], out=result[part])
        return result, weights

    def attention_grad(
        self,
        weights: Array,
        query: Array,
        key: Array,
        value: Array,
        result: Array,
        grad: Array,
        scale: float,
        wanted: tuple[bool, bool, bool],
        out: tuple[Array | None, ...] | None = None,
    ) -> tuple[Array | None, ...]:
        if not (_applies(query, key, value) and grad.dtype == query.dtype):
            return super().attention_grad(
                weights, query, key, value, result, grad, scale, wanted, out
            )
        of_query, of_key, of_value = (
            None if not want else _ordered_like(like, like.shape[-1]) if given is None else given
            for want, like, given in zip(
                wanted, (query, key, value), out or (None, None, None), strict=True
            )
        )
        factor = np.asarray(scale, query.dtype)
        for part in _parts(weights):
            some, towards = weights[part], grad[part]
            if of_value is not None:
                np.matmul(some.swapaxes(-1, -2), towards, out=of_value[part])
            if of_query is None and of_key is None:
                continue
            turned = np.multiply(value[part].swapaxes(-1, -2), factor, order="C")
            spread = np.matmul(towards, turned)
            if not native_scores.spread(spread, some):
                product = np.multiply(towards, result[part], order="C")
                along = product.reshape(-1, product.shape[-1]).sum(1) * factor
                np.subtract(spread, along.reshape(*some.shape[:-1], 1), spread)
                np.multiply(spread, some, spread)
            if of_query is not None:
                np.matmul(spread, key[part], out=of_query[part])
            if of_key is not None:
                np.matmul(spread.swapaxes(-1, -2), query[part], out=of_key[part])
        return of_query, of_key, of_value


def _applies(query: Array, key: Array, value: Array) -> bool:
    return (
        query.dtype in BLAS_TYPES
        and query.ndim > 2
        and query.shape[:-2] == key.shape[:-2] == value.shape[:-2]
        and query.size * key.size * value.size > 0
    )


def _parts(weights: Array) -> Iterator[slice]:
    """The leading dimension in pieces."""
    each = max(1, BLOCK // math.prod(weights.shape[1:]))
    for first in range(0, len(weights), each):
        yield slice(first, first + each)


def _ordered_like(x: Array, columns: int) -> Array:
    """New memory of the shape of ``x`` but for the columns, its dimensions in the same order.

    Heads lie side by side in what they were cut from; so do they in what is made, where they are
    then put together without a copy.
    """
    shape = (*x.shape[:-1], columns)
    order = sorted(range(x.ndim - 1), key=lambda axis: -abs(x.strides[axis]))
    memory = np.empty([shape[axis] for axis in (*order, x.ndim - 1)], x.dtype)
    back = sorted(range(x.ndim - 1), key=order.__getitem__)
    return memory.transpose(*back, x.ndim - 1)


@functools.lru_cache(maxsize=32)
def _hiding(rows: int, columns: int, dtype: Array) -> Array:
    """Minus infinity above the diagonal, zeros elsewhere."""
    return np.triu(np.full((rows, columns), -np.inf, dtype), 1)


def _softmax(scores: Array) -> None:
    """In place, of rows that follow one another.

    Any number may be taken from a row's scores before they are put into exp. The largest of all is
    found ten times as fast as that of each row, and only does not do where a row's own scores are
    so far below that nothing is left of them.
    """
    rows = scores.reshape(-1, scores.shape[-1])
    ones = np.ones((rows.shape[1], 1), rows.dtype)
    top = np.maximum.reduce(rows.reshape(-1))
    low = np.minimum.reduce
    if np.isfinite(top):
        work = np.subtract(rows, top)
        np.exp(work, work)
        total = work.dot(ones)
        if low(total.reshape(-1)) > _LEAST[rows.dtype]:
            np.multiply(work, np.reciprocal(total, total), rows)
            return
    np.subtract(rows, np.maximum.reduce(rows, 1, keepdims=True), rows)
    np.exp(rows, rows)
    np.true_divide(rows, rows.dot(ones), rows)


_LEAST: dict[Array, float] = {
    np.dtype(kind): math.sqrt(float(np.finfo(kind).tiny)) for kind in (np.float32, np.float64)
}
"""A row's sum above this has lost nothing that counts."""
