"""Tables in device memory that let one launch work on a list of arrays; see ``table.cuh``."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from ..step_scratch import Array, Arrays, Scratch

CHUNK = 4096
"""The elements that a block does in one go: many blocks for a model of a million parameters."""


class StepTable(Scratch):
    """The tables of a list of parameters, beside the memory for the composed forms.

    Args:
        backend: the primitives of the device.
        params: the parameters.
    """

    def __init__(self, backend: Any, params: Arrays) -> None:
        super().__init__(backend, params)
        self._sizes = [math.prod(p.shape) for p in params]
        self._addresses: Any = None
        self._pointers: Array = None

    @cached_property
    def chunks(self) -> Array:
        """Array, first element and number of elements of every chunk; int64, chunks x 3."""
        rows = [
            (i, first, min(CHUNK, size - first))
            for i, size in enumerate(self._sizes)
            for first in range(0, size, CHUNK)
        ]
        return self._on_device(np.array(rows, np.int64).reshape(-1, 3))

    @cached_property
    def counter(self) -> Array:
        """A 0 with which blocks count themselves."""
        return self._backend.zeros((1,), "uint32")

    def pointers(self, lists: list[Arrays]) -> Array:
        """The addresses of the arrays of all lists, copied to the device if they have changed."""
        addresses = np.array([[a.data.ptr for a in arrays] for arrays in lists], np.int64)
        if self._addresses is None or not np.array_equal(addresses, self._addresses):
            # A new array each time: a step that is under way still reads the former one.
            self._pointers = self._on_device(addresses)
            self._addresses = addresses
        return self._pointers

    def _on_device(self, table: Any) -> Array:
        return self._backend.module.asarray(table)
