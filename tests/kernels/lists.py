"""Lists of arrays as the kernels over lists see them, beside the same in float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gpugrad.backend.kernel_source import ADDRESSES
from gpugrad.backend.kernels import ByValue
from gpugrad.backend.launches.array_list import chunk_table
from tests.kernels.arrays import Placed, numpy_dtype

Array = Any

CHUNK = 2300
"""Elements: so many that threads take two packs at a time, and so few that arrays have several."""


def place(values: Sequence[Array], suffix: str, offsets: Sequence[int]) -> list[Placed]:
    """Each array at its own distance, in elements, from an aligned address."""
    dtype = numpy_dtype(suffix)
    return [Placed(v, dtype, off) for v, off in zip(values, offsets, strict=True)]


def addresses(placed: Sequence[Placed]) -> tuple[ByValue, Array | None]:
    """The kernels' first two arguments: addresses by value, or in a table if they do not fit."""
    given = ByValue()
    pointers = np.array([p.array.ctypes.data for p in placed], np.int64)
    if len(placed) > ADDRESSES:
        given.array[:] = 1  # not to be read
        return given, pointers
    given.array[: len(placed)] = pointers
    return given, None


def chunks(sizes: Sequence[int]) -> Array:
    return chunk_table(sizes, CHUNK)


class Lists:
    """Lists of arrays of the same sizes: gradients, parameters, states.

    Args:
        values: of every list, in float64 and exact in the type.
    """

    def __init__(self, suffix: str, values: list[list[Array]]) -> None:
        self.suffix = suffix
        self.exact = values
        self.sizes = [v.size for v in values[0]]
        # Arrays are aligned in all lists, or in none, or differ between the lists.
        self.placed = [
            place(row, suffix, [(0, 1, k % 2)[i % 3] for i in range(len(row))])
            for k, row in enumerate(values)
        ]
        self.chunks = chunks(self.sizes)
        self.pointers = np.array(
            [[p.array.ctypes.data for p in row] for row in self.placed[1:]], np.int64
        )

    @property
    def table(self) -> tuple[Any, ...]:
        """The first arguments of an optimizer's step."""
        places = addresses(self.placed[0])
        return (*places, self.pointers, self.chunks, len(self.sizes), len(self.chunks))

    @property
    def unchanged(self) -> bool:
        return all(p.unchanged() for row in self.placed for p in row)
