"""Sums, means, products and extremes over NumPy, in the quickest way for each size and shape.

Large arrays are C code's where there is a compiler; BLAS adds up short rows and columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..native import maps, reductions
from . import cpu_blocks
from .primitives import Primitives
from .small_arrays import (
    BLAS_TYPES,
    LONGEST_ONES,
    ONES_VECTORS,
    OVER_COLUMNS,
    OVER_ROWS,
    SHORT,
    SHORT_ONES,
    is_narrow,
)

Array = Any

# The reductions behind np.sum, np.max and np.min, without the Python in front of them.
_total: Any = np.add.reduce
_largest: Any = np.maximum.reduce
_smallest: Any = np.minimum.reduce


class HostReductions(Primitives):
    """Every method's base form says what it computes."""

    def sum(
        self,
        x: Array,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
        out: Array | None = None,
    ) -> Array:
        # A product with ones is BLAS's business, and three times as fast as add.reduce for the
        # matrices and the little vectors of toy models.
        if not keepdims and dtype is None and x.dtype in BLAS_TYPES:
            if axis is None and x.flags.c_contiguous:
                if x.size <= SHORT:
                    return SHORT_ONES[x.dtype][x.size].dot(x.ravel(), out)
                if x.size >= maps.SIMPLE:
                    found = maps.total(x)
                    if found is not None:
                        return self.into(found, out)
                if x.size > cpu_blocks.LARGE:
                    return self.into(x.dtype.type(cpu_blocks.total(x)), out)
            if x.ndim == 2 and axis in OVER_ROWS and x.shape[0] <= LONGEST_ONES:
                return ONES_VECTORS[x.dtype][: x.shape[0]].dot(x, out)
            if axis in OVER_COLUMNS and x.size < reductions.LARGE and _short_rows(x):
                return x.dot(ONES_VECTORS[x.dtype][: x.shape[1]], out)
        if x.size >= reductions.LARGE and dtype is None:
            found = reductions.reduced("sum", x, axis, keepdims)
            if found is not None:
                return self.into(found, out)
            if axis in OVER_COLUMNS and not keepdims and _short_rows(x):
                return x.dot(ONES_VECTORS[x.dtype][: x.shape[1]], out)
        kind = x.dtype if dtype is None else np.dtype(dtype)
        if is_narrow(kind):
            total = _total(x, axis, np.float32, None, keepdims)
            return self.into(total.astype(kind), out)
        if x.dtype.kind == "V" and dtype is None:  # bfloat16, in which NumPy would add
            wide = np.asarray(x.astype(np.float32).sum(axis, keepdims=keepdims))
            return self.into(wide.astype(x.dtype), out)
        return _total(x, axis, dtype, out, keepdims)

    def mean(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        if axis is None and 0 < x.size <= SHORT and x.dtype in BLAS_TYPES and not keepdims:
            return self.into(self.sum(x) / x.size, out)
        if x.dtype not in BLAS_TYPES and is_narrow(x.dtype):
            wide = _total(x, axis, np.float32, None, keepdims)
            count = x.size // wide.size if wide.size else float("nan")
            return self.into((wide / np.float32(count)).astype(x.dtype), out)
        if x.size >= maps.SIMPLE:
            found = None
            if axis is None and not keepdims:
                found = maps.total(x, x.size)
                if found is None and cpu_blocks.applies(x):
                    found = x.dtype.type(cpu_blocks.total(x) / x.size)
            elif x.size >= reductions.LARGE:
                found = reductions.reduced("sum", x, axis, keepdims, True)
            if found is not None:
                return self.into(found, out)
        if axis in OVER_COLUMNS and _short_rows(x):
            total = x.dot(ONES_VECTORS[x.dtype][: x.shape[1]], None if keepdims else out)
            if keepdims:
                total = self.into(total.reshape(-1, 1), out)
        else:
            total = _total(x, axis, None, out, keepdims)
        if type(total) is np.ndarray:
            return np.true_divide(total, x.size // max(total.size, 1), out=total)
        return total / x.size

    def amax(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        return self._extreme("amax", _largest, x, axis, keepdims, out)

    def amin(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        return self._extreme("amin", _smallest, x, axis, keepdims, out)

    def _extreme(
        self, name: str, reduce: Any, x: Array, axis: Any, keepdims: bool, out: Array | None
    ) -> Array:
        if x.size >= reductions.LARGE:
            found = reductions.reduced(name, x, axis, keepdims)
            if found is not None:
                return self.into(found, out)
        return reduce(x, axis, None, out, keepdims)

    def prod(
        self,
        x: Array,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
        out: Array | None = None,
    ) -> Array:
        if x.size >= reductions.LARGE and dtype is None:
            found = reductions.reduced("prod", x, axis, keepdims)
            if found is not None:
                return self.into(found, out)
        return super().prod(x, axis, keepdims, dtype, out)


def _short_rows(x: Array) -> bool:
    """Whether ``x`` is a matrix whose rows BLAS may add up."""
    return x.ndim == 2 and x.dtype in BLAS_TYPES and 0 < x.shape[1] <= LONGEST_ONES
