"""``x[index] += value`` with repeated indices, by NumPy's quick path.

``numpy.add.at`` is several times quicker on a vector with a vector of places than in its general
form, so where an index is made of integer arrays and whole dimensions, the places of all elements
in row-major order are computed first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any

WORTHWHILE = 2048
"""From this many elements on, the detour through places pays."""

LONG_SUMS = 2**16
ROWS_A_SUM = 12
"""From so many elements, and so many rows for each sum, sorting the rows first pays."""


def add_at(x: Array, index: Any, value: Array) -> Array:
    """Add ``value`` to ``x`` in place at ``index``; what comes twice is added twice."""
    if x.flags.c_contiguous and value.size >= WORTHWHILE:
        places = _places(index if isinstance(index, tuple) else (index,), x.shape)
        if places is not None:
            values = np.broadcast_to(value, places.shape)
            np.add.at(x.reshape(-1), places.reshape(-1), values.reshape(-1))
            return x
    np.add.at(x, index, value)
    return x


def sum_rows(rows: Array, index: Array, out: Array) -> Array:
    """Add ``rows[i]`` to ``out[index[i]]`` for vectors ``rows[i]``; ``out`` is zero at first."""
    if rows.size < LONG_SUMS or len(rows) < ROWS_A_SUM * len(out):
        return add_at(out, (index,), rows)
    rows = rows[np.argsort(index, kind="stable")]
    start = 0
    for place, end in enumerate(np.cumsum(np.bincount(index, minlength=len(out))).tolist()):
        if end > start:
            np.add.reduce(rows[start:end], 0, out=out[place])
        start = end
    return out


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
