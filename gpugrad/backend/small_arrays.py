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


def is_narrow(dtype: Any) -> bool:
    """Whether a type is float16 or bfloat16, whose sums are taken in float32 and rounded once."""
    return bool(dtype.itemsize == 2 and dtype.kind in "fV")
