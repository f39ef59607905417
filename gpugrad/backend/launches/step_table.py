"""The tables of an optimizer's parameters in device memory, kept from step to step."""

from __future__ import annotations

import copy
from functools import cached_property
from operator import is_
from typing import Any

import numpy as np

from ..kernels import suffix_of
from ..step_scratch import Array, Arrays, Scratch
from .array_list import ArrayList, pointers_of


class StepTable(Scratch):
    """The tables of a list of parameters, beside the memory for the composed forms.

    Args:
        backend: the primitives of the device.
        params: the parameters.
    """

    def __init__(self, backend: Any, params: Arrays) -> None:
        super().__init__(backend, params)
        self.param_dtype = params[0].dtype
        self.suffix = suffix_of(self.param_dtype)
        self.lr_dtype = np.dtype(self.dtype)
        self._sizes = [int(p.size) for p in params]
        self._lists: list[Arrays] = []
        self._pointers: Array | None = None

    @cached_property
    def arrays(self) -> ArrayList:
        return ArrayList(self._backend.module, self._sizes, self.param_dtype.itemsize)

    @cached_property
    def counter(self) -> Array:
        """A 0 with which blocks count themselves."""
        return self._backend.zeros((1,), "uint32")

    def of_its_own(self, grads: Arrays) -> StepTable:
        """These tables, with a place of their own for the addresses of certain gradients."""
        twin = copy.copy(self)
        twin.__dict__["arrays"] = ArrayList(
            self._backend.module, self._sizes, self.param_dtype.itemsize
        )
        places = pointers_of(grads, self.param_dtype)
        if places is not None:
            twin.arrays.addresses(places)
        return twin

    def pointers(self, lists: list[Arrays]) -> Array | None:
        """The addresses of the parameters and of their states, in device memory.

        None if there are arrays that the kernels cannot take. The very same arrays as last time
        are neither looked at nor copied again.
        """
        if len(lists) != len(self._lists) or not all(map(_same, lists, self._lists)):
            self._lists = [list(arrays) for arrays in lists]
            found = [pointers_of(arrays, self.param_dtype) for arrays in lists]
            self._pointers = None
            if all(pointers is not None for pointers in found):
                self._pointers = self._backend.module.asarray(np.array(found, np.int64))
        return self._pointers


def _same(arrays: Arrays, others: Arrays) -> bool:
    return len(arrays) == len(others) and all(map(is_, arrays, others))
