"""A dimension made longer with elements that it has already: reflected, repeated or in a circle."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..backend import BACKENDS
from ..backend.recording import made_in_python
from .gather import IndexSelect


def extended(x: Any, mode: str, dim: int, low: int, high: int) -> Any:
    """``x`` with ``low`` elements more before a dimension and ``high`` more after it.

    Negative numbers cut elements off. ``dim`` is counted from the front, ``mode`` is one of
    :data:`PLACES`, and that it can reach so far was checked.
    """
    array = x.array
    backend = BACKENDS[type(array)]
    places = _places(mode, low, high, array.shape[dim])
    places = made_in_python(backend, places, backend.device(array))
    return IndexSelect.apply(x, (*(slice(None),) * dim, places))


@lru_cache(256)
def _places(mode: str, low: int, high: int, size: int) -> Any:
    """Which elements then stand side by side; not to be written into."""
    place = PLACES[mode]
    places = np.array([place(i, size) for i in range(-low, size + high)], np.int64)
    places.setflags(write=False)
    return places


def _reflected(place: int, size: int) -> int:
    place = abs(place)
    return place if place < size else 2 * (size - 1) - place


def _nearest(place: int, size: int) -> int:
    return min(max(place, 0), size - 1)


def _wrapped(place: int, size: int) -> int:
    return place % size


PLACES = {"reflect": _reflected, "replicate": _nearest, "circular": _wrapped}
"""For each mode: which element of the input stands at a place outside of it."""
