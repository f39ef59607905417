"""Clipping and unscaling gradients, and the scale of the loss: one launch each.

Every method has its composed form in :class:`~gpugrad.backend.gradients.Gradients`, which says
what it computes, and falls back to it where the kernel does not apply: types other than the four
floating-point ones, and arrays to be changed that are not contiguous.
"""

from __future__ import annotations

import functools
import math
import threading
from functools import cached_property
from typing import Any

from ..kernel_source import compute_dtype
from ..kernels import MOST_PARTIAL_SUMS, ByValue, Kernel, suffix_of
from ..step_scratch import Array, Arrays
from .array_list import ArrayList, pointers_of
from .launcher import Launcher
from .step_table import StepTable

MOST_BLOCKS = 2048
MOST_LISTS_KEPT = 64
LISTS = ("total_norm", "clip_by_norm", "unscale")
"""The primitives of lists of gradients."""
_COMPOSED_NORMS = (0.0, -math.inf)


class GradientLaunches(Launcher):
    """Overrides composed forms by launches."""

    @cached_property
    def _array_lists(self) -> dict[Any, ArrayList]:
        return {}

    def _list_of(self, arrays: Arrays) -> ArrayList:
        """The tables for arrays of these sizes, which are kept: they take a copy to make."""
        if self._own_tables is not None:
            return self._own_tables
        cuda = self.module.cuda
        key = (
            # Each thread has its own place for addresses, each stream what was copied on it.
            threading.get_ident(),
            cuda.runtime.getDevice(),
            cuda.get_current_stream().ptr,
            arrays[0].itemsize,
            *[x.size for x in arrays],
        )
        found = self._array_lists.get(key)
        if found is None:
            if len(self._array_lists) >= MOST_LISTS_KEPT:
                self._array_lists.clear()
            sizes = [int(x.size) for x in arrays]
            found = self._array_lists[key] = ArrayList(self.module, sizes, arrays[0].itemsize)
        return found

    _own_tables: ArrayList | None = None

    def with_own_tables(
        self, name: str, args: list[Any], kwargs: dict[str, Any], out: Any
    ) -> list[Any] | None:
        """Calls of a primitive over lists that need no copy to the device: their tables are there.

        None where the primitive makes none.
        """
        if name in LISTS:
            places = pointers_of(args[0], args[0][0].dtype)
            if places is None:
                return None
            table = ArrayList(self.module, [int(x.size) for x in args[0]], args[0][0].itemsize)
            table.addresses(places)
            named = kwargs if out is None else {**kwargs, "out": out}
            return [(self._call_with, [table, name, args, named])]
        tables = [StepTable.of_its_own(a, args[1]) if type(a) is StepTable else a for a in args]
        return [(functools.partial(getattr(self, name), **kwargs), tables)]

    def _call_with(
        self, table: ArrayList, name: str, args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        self._own_tables = table
        try:
            getattr(self, name)(*args, **kwargs)
        finally:
            self._own_tables = None

    def _over_list(
        self, name: str, arrays: Arrays
    ) -> tuple[Kernel, ArrayList, tuple[ByValue, Array | None, Array, int]] | None:
        """A kernel, the tables and its first arguments; None where it does not apply."""
        dtype = arrays[0].dtype
        suffix = suffix_of(dtype)
        if suffix is None:
            return None
        pointers = pointers_of(arrays, dtype)
        if pointers is None:
            return None
        table = self._list_of(arrays)
        first = (*table.addresses(pointers), table.chunks, table.count)
        return self.kernels.get(name, suffix), table, first

    def total_norm(self, arrays: Arrays, p: float, out: Array | None = None) -> Array:
        if p in _COMPOSED_NORMS:
            return super().total_norm(arrays, p, out)
        launch = self._over_list("total_norm", arrays)
        if launch is None:
            # Copies of those that are not contiguous, kept until the kernel has been launched.
            arrays = [self.dense(x) for x in arrays]
            launch = self._over_list("total_norm", arrays)
        if launch is None:
            return super().total_norm(arrays, p, out)
        kernel, table, first = launch
        dtype = arrays[0].dtype
        blocks = max(1, min(table.count, MOST_PARTIAL_SUMS))
        partial = counter = None
        if blocks > 1:
            partial = self.empty((blocks,), compute_dtype(dtype.name))
            counter = self.counter()
        norm = self.empty((), dtype)
        kernel(blocks, *first, float(p), norm, partial, counter)
        return self.into(norm, out)

    def clip_by_norm(self, arrays: Arrays, norm: Array, max_norm: float) -> None:
        launch = self._over_list("clip_by_norm", arrays) if _same_type(arrays, norm) else None
        if launch is None:
            super().clip_by_norm(arrays, norm, max_norm)
            return
        kernel, table, first = launch
        if table.count:
            kernel(min(table.count, MOST_BLOCKS), *first, norm, float(max_norm))

    def unscale(self, arrays: Arrays, found_inf: Array, inverse_scale: Array | None = None) -> None:
        launch = self._over_list("unscale", arrays)
        if launch is None:
            super().unscale(arrays, found_inf, inverse_scale)
            return
        kernel, table, first = launch
        if table.count:
            kernel(min(table.count, MOST_BLOCKS), *first, found_inf, inverse_scale)

    def update_scale(
        self,
        scale: Array,
        growth_tracker: Array,
        found_inf: Array,
        *,
        growth_factor: float,
        backoff_factor: float,
        growth_interval: int,
    ) -> None:
        self.kernels.get("update_scale", "float32")(
            1,
            scale,
            growth_tracker,
            found_inf,
            float(growth_factor),
            float(backoff_factor),
            int(growth_interval),
        )


def _same_type(arrays: Arrays, norm: Array) -> bool:
    return bool(arrays[0].dtype == norm.dtype)
