"""Constant arrays that the CPU's primitives keep: NumPy is slow to take Python numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


class _ByType(dict[Any, Array]):
    """An array for each type, made when first asked for.

    NumPy takes a 0-d array of the right type twice as fast as a Python number.
    """

    def __init__(self, make: Callable[[Any], Array]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, dtype: Any) -> Array:
        made = self[dtype] = self.make(dtype)
        made.flags.writeable = False
        return made


class _VectorsByType(dict[Any, list[Array]]):
    """For each type, the first ones of a vector of ones: cutting them off takes half of a sum."""

    def __missing__(self, dtype: Any) -> list[Array]:
        ones = ONES_VECTORS[dtype]
        made = self[dtype] = [ones[:n] for n in range(SHORT + 1)]
        return made


class _NumbersByType(dict[Any, dict[float, Array]]):
    """For each type, numbers that came beside arrays of it."""

    def __missing__(self, dtype: Any) -> dict[float, Array]:
        made = self[dtype] = {}
        return made

    def add(self, number: float, dtype: Any) -> Array | float:
        """What stands for a number from now on: an array, but for 0, which has a sign."""
        if not number:
            return number
        kept = self[dtype]
        if len(kept) >= MOST_NUMBERS:  # one that changes all the time
            kept.clear()
        made = np.asarray(number, dtype)
        made.flags.writeable = False
        kept[number] = made
        return made


LONGEST_ONES = 4096
"""Up to this many rows are added up by BLAS, whose float32 sums lose more digits than NumPy's."""
SHORT = 64
"""Up to this many elements are added up by BLAS, too."""
BLAS_TYPES = frozenset({np.dtype(np.float32), np.dtype(np.float64)})
OVER_ROWS = (0, (0,))
"""The axes for which the columns of a matrix are added up."""
OVER_COLUMNS = (1, -1, (1,))
"""Those for which its rows are."""

ZEROS = _ByType(lambda dtype: np.zeros((), dtype))
ONES = _ByType(lambda dtype: np.ones((), dtype))
ONES_VECTORS = _ByType(lambda dtype: np.ones(LONGEST_ONES, dtype))
MOST_NUMBERS = 256
NUMBERS = _NumbersByType()
"""Python's numbers as arrays, by type and number: ``NUMBERS[dtype][number]`` where there is one."""
SHORT_ONES = _VectorsByType()
"""The vectors of ones of each length up to :data:`SHORT`, by type."""


def is_narrow(dtype: Any) -> bool:
    """Whether a type is float16 or bfloat16, whose sums are taken in float32 and rounded once."""
    return bool(dtype.itemsize == 2 and dtype.kind in "fV")
