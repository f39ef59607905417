"""Indices as CuPy takes them, made NumPy's."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .runtime import copies


def native_index(shape: tuple[int, ...], index: Any) -> tuple[Any, bool]:
    """NumPy's form of an index of an array, to be completed by :func:`found`, and whether it picks
    elements one by one."""
    items = list(index) if isinstance(index, tuple) else [index]
    used = sum(_places(item) for item in items)
    if not any(item is Ellipsis for item in items):
        items.append(Ellipsis)  # so that NumPy gives arrays, not scalars
    picks, place = False, 0
    for n, item in enumerate(items):
        if item is Ellipsis:
            place += len(shape) - used
        elif item is None or isinstance(item, slice):
            place += item is not None
        elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            place += 1
        else:
            picks = True
            items[n], places = _picking(item, shape[place] if place < len(shape) else 0)
            place += places
    return tuple(items), picks


def _picking(item: Any, size: int) -> tuple[Any, int]:
    """An array, or what NumPy makes one of, as an index, and how many dimensions it takes up."""
    if hasattr(item, "host"):
        item.check_device()
        item = item.host
    else:
        copies.to_device += 1
        item = np.asarray(item)
    if item.dtype.kind == "b":
        copies.to_host += 1  # how many there are
        return item, item.ndim
    if item.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer or boolean type")
    # Out of range they wrap around, by the values that they have when the index is used.
    return (functools.partial(np.remainder, item, size) if size else item), 1


def found(native: tuple[Any, ...]) -> tuple[Any, ...]:
    """An index with the values that arrays in it have now."""
    return tuple(item() if isinstance(item, functools.partial) else item for item in native)


def _places(item: Any) -> int:
    """How many dimensions an index takes up."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    dtype = getattr(item, "dtype", None)
    return int(item.ndim) if dtype is not None and dtype.kind == "b" else 1
