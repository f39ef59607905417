"""Clipping and unscaling gradients, and the scale of the loss: one launch each.

Every method has its composed form in :class:`~gpugrad.backend.gradients.Gradients`, which says
what it computes, and falls back to it where the kernel does not apply: types other than the four
floating-point ones, and arrays to be changed that are not contiguous.
"""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any

from ..kernel_source import compute_dtype
from ..kernels import MOST_PARTIAL_SUMS, ByValue, Kernel, suffix_of
from ..step_scratch import Array, Arrays
from .array_list import ArrayList, pointers_of
from .launcher import Launcher

MOST_BLOCKS = 2048
MOST_LISTS_KEPT = 64


class GradientLaunches(Launcher):
    """Overrides composed forms by launches."""

    @cached_property
    def _array_lists(self) -> dict[Any, ArrayList]:
        return {}

    def _list_of(self, arrays: Arrays) -> ArrayList:
        """The tables for arrays of these sizes, which are kept: they take a copy to make."""
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
        # Kept until the kernel has been launched, where they are copies.
        dense = [self.dense(x) for x in arrays]
        launch = self._over_list("total_norm", dense) if p not in (0.0, -float("inf")) else None
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
