"""``x[index] += value`` with repeated indices, by NumPy's quick path.

``numpy.add.at`` is several times quicker on a vector with a vector of places than in its general
form, so where an index is made of integer arrays and whole dimensions, the places of all elements
in row-major order are computed first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..native import rows as native

Array = Any

WORTHWHILE = 2048
"""From this many elements on, the detour through places pays."""

SHORTEST_ROW = 32
"""From so many elements on, adding whole rows pays."""

LONG_SUMS = 2**16
ROWS_A_SUM = 12
"""From so many elements, and so many rows for each sum, sorting the rows first pays."""


def add_at(x: Array, index: Any, value: Array) -> Array:
    """Add ``value`` to ``x`` in place at ``index``; what comes twice is added twice."""
    if x.flags.c_contiguous and value.size >= WORTHWHILE:
        vector = rows_picked(x, index)
        if vector is not None and value.shape == vector.shape + x.shape[1:]:
            if native.add_at(value, vector, x):
                return x
            if _is_long_and_inside(vector, x):
                add_rows(x, np.where(vector < 0, vector + len(x), vector), value)
                return x
        places = _places(index if isinstance(index, tuple) else (index,), x.shape)
        if places is not None:
            values = np.broadcast_to(value, places.shape)
            each = values.reshape(-1, 1), places.reshape(-1), x.reshape(-1, 1)
            if value.dtype is x.dtype and native.add_at(*each):
                return x
            np.add.at(x.reshape(-1), places.reshape(-1), values.reshape(-1))
            return x
    np.add.at(x, index, value)
    return x


LONG_ROW = 512
"""From so many elements on, each row is worth a call of its own."""

MANY_ROWS = 16
"""From so many rows of different places on they are added by one call."""


def add_rows(out: Array, index: Array, rows: Array) -> None:
    """Add ``rows[i]`` to ``out[index[i]]``, places in range, in the order of the rows.

    Short rows are added in rounds: each place's first row, then each place's second one, and so
    on. Within a round no place comes twice.
    """
    if native.add_at(rows, index, out):
        return
    if rows[0].size >= LONG_ROW:
        for place, row in zip(index.tolist(), rows, strict=True):
            total = out[place]
            np.add(total, row, out=total)
        return
    order = np.argsort(index, kind="stable")
    places = index[order]
    count = np.arange(len(places))
    is_first = np.empty(len(places), bool)
    is_first[:1] = True
    np.not_equal(places[1:], places[:-1], out=is_first[1:])
    turn = count - np.maximum.accumulate(np.where(is_first, count, 0))
    by_turn = np.argsort(turn, kind="stable")
    start = 0
    for size in np.bincount(turn).tolist():
        if size < MANY_ROWS:
            break
        taken = by_turn[start : start + size]
        at = places[taken]
        out[at] += rows[order[taken]]
        start += size
    for i in by_turn[start:].tolist():
        total = out[places[i]]
        np.add(total, rows[order[i]], out=total)


def sum_rows(rows: Array, index: Array, out: Array) -> Array:
    """Add ``rows[i]`` to ``out[index[i]]`` for vectors ``rows[i]``; ``out`` is zero at first."""
    if rows.size >= WORTHWHILE and rows.ndim == 2 and native.add_at(rows, index, out):
        return out
    if rows.size < LONG_SUMS or len(rows) < ROWS_A_SUM * len(out):
        return add_at(out, (index,), rows)
    rows = rows[np.argsort(index, kind="stable")]
    start = 0
    for place, end in enumerate(np.cumsum(np.bincount(index, minlength=len(out))).tolist()):
        if end > start:
            np.add.reduce(rows[start:end], 0, out=out[place])
        start = end
    return out


def rows_picked(x: Array, index: Any) -> Array | None:
    """The vector of integers by which an index picks whole rows of ``x``; None for others.

    That may be all there is to it, or all dimensions follow it, or it is repeated for each of the
    columns, which are named in order: so a row's places come from ``scatter`` and ``gather``.
    """
    first = index
    if type(index) is tuple:
        if not index:
            return None
        first = index[0]
    if type(first) is not np.ndarray or first.dtype.kind not in "iu":
        return None
    if first.ndim == 1:
        alone = first is index or len(index) == 1 or (len(index) == 2 and index[1] is ...)
        return first if alone else None
    if (
        first.ndim != 2
        or first.strides[1] != 0
        or first is index
        or len(index) != 2
        or x.ndim != 2
        or first.shape[1] != x.shape[1]
    ):
        return None
    columns = index[1]
    named = type(columns) is np.ndarray and columns.shape == (1, x.shape[1])
    if not named or not np.array_equal(columns[0], np.arange(x.shape[1])):
        return None
    return np.ascontiguousarray(first[:, 0])


def _is_long_and_inside(index: Array, x: Array) -> bool:
    """Whether a vector of places in range picks not too short rows of ``x``."""
    return (
        x.ndim > 1
        and math.prod(x.shape[1:]) >= SHORTEST_ROW
        and -len(x) <= int(index.min())
        and int(index.max()) < len(x)
    )


def _places(index: tuple[Any, ...], shape: tuple[int, ...]) -> Array | None:
    """The row-major numbers of the elements ``x[index]``, or None for another kind of index."""
    arrays = [i for i in index if isinstance(i, np.ndarray)]
    if any(a.dtype.kind not in "iu" for a in arrays):
        return None
    items: list[Any] = []
    for item in index:
        if item is Ellipsis:
            items += [slice(None)] * (len(shape) - len(index) + 1)
        elif isinstance(item, np.ndarray) or (isinstance(item, slice) and item == slice(None)):
            items.append(item)
        else:
            return None
    items += [slice(None)] * (len(shape) - len(items))
    picked = [d for d, item in enumerate(items) if not isinstance(item, slice)]
    if not picked or picked != list(range(picked[0], picked[-1] + 1)):
        return None
    total: Array = np.int64(0)
    for d in picked:
        item, size = items[d], shape[d]
        if item.size and item.min() < 0:
            item = np.where(item < 0, item + size, item)
        if item.size and (item.max() >= size or item.min() < 0):
            return None  # numpy.add.at has the error for it
        total = total + item * np.int64(math.prod(shape[d + 1 :]))
    # The dimensions of the index arrays stand where the first of those they replace stood.
    behind, inside = len(shape) - 1 - picked[-1], total.ndim
    total = np.reshape(total, (*total.shape, *(1,) * behind))
    for d, size in enumerate(shape):
        if d not in picked:
            later = len(shape) - 1 - d if d > picked[-1] else picked[0] - 1 - d + inside + behind
            steps = np.arange(size) * np.int64(math.prod(shape[d + 1 :]))
            total = total + steps.reshape(size, *(1,) * later)
    return total
