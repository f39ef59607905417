"""What lets one launch work on a list of arrays; see ``table.cuh``."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any

import numpy as np

from ..kernel_source import ADDRESSES
from ..kernels import ByValue
from ..step_scratch import Array, Arrays

CHUNK_BYTES = 16384
"""What a block does of each array in one go: many blocks for a model of a million parameters."""


class ArrayList:
    """The table of chunks for arrays of given sizes, and the place for their addresses.

    Not for several threads at a time.

    Args:
        module: CuPy.
        sizes: the numbers of elements of the arrays.
        itemsize: the bytes of an element.

    Attributes:
        chunks: array, first element and number of elements of every chunk; int64, count x 3.
        count: the number of chunks.
    """

    def __init__(self, module: Any, sizes: Sequence[int], itemsize: int) -> None:
        table = chunk_table(sizes, CHUNK_BYTES // itemsize)
        self._module = module
        self.chunks: Array = module.asarray(table)
        self.count = len(table)
        self._given = ByValue(module.cuda.function.CNumpyArray)
        fits = len(sizes) <= ADDRESSES
        self._write: Any = Struct(f"{len(sizes)}q").pack_into if fits else None
        self._uploaded: tuple[list[int], Array] = [], None

    def addresses(self, pointers: list[int]) -> tuple[ByValue, Array | None]:
        """The arguments that tell a kernel where the arrays are.

        They go by value. Too many for that are copied to the device, if they have changed.
        """
        if self._write is not None:
            self._write(self._given.array, 0, *pointers)
            return self._given, None
        if self._uploaded[0] != pointers:
            # A new array each time: a launch that is under way still reads the former one.
            self._uploaded = pointers, self._module.asarray(np.array(pointers, np.int64))
        return self._given, self._uploaded[1]


def chunk_table(sizes: Sequence[int], chunk: int) -> Any:
    """Array, first element and number of elements of every chunk of at most ``chunk`` elements.

    >>> from gpugrad.backend.launches.array_list import chunk_table
    >>> chunk_table([3, 0, 5], 4).tolist()
    [[0, 0, 3], [2, 0, 4], [2, 4, 1]]
    """
    elements = np.array(sizes, np.int64)
    counts = -(-elements // chunk)
    array = np.repeat(np.arange(len(elements)), counts)
    number = np.arange(len(array)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = number * chunk
    return np.stack([array, first, np.minimum(chunk, elements[array] - first)], 1)


def pointers_of(arrays: Arrays, dtype: Any) -> list[int] | None:
    """The addresses of contiguous arrays of one dtype; None if some are not."""
    pointers = []
    for x in arrays:
        if x.dtype != dtype or not x.flags.c_contiguous:
            return None
        pointers.append(x.data.ptr)
    return pointers
