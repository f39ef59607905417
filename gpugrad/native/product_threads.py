"""How many of BLAS's threads a product of matrices gets: one, or as many as BLAS wants.

OpenBLAS wakes its threads from :data:`WOKEN` multiplications on. Two of them then have 7 us of work
each, and the product waits for the slower one: on a quiet machine nothing is gained by it below
:data:`WORTH`, on a busy one a product of 25 us can take milliseconds (``python -m bench threads``).
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import blas

Array = Any

WOKEN = 1 << 19
"""From so many multiplications on OpenBLAS uses a second thread."""

WORTH = 1 << 21
"""From so many multiplications on that is worth it."""

WITH_SMALL = ("SkylakeX", "Cooperlake", "SapphireRapids")
"""The processors, by OpenBLAS's names, for which it has functions for small matrices."""


def dot(x: Array, y: Array, out: Array | None = None) -> Array:
    """``x.dot(y, out)`` of vectors and matrices."""
    # The cheapest bound that no product of WOKEN multiplications is under.
    if x.size * y.size < WOKEN:
        return x.dot(y, out)
    return dot_for(x, y)(x, y, out)


def dot_for(x: Array, y: Array) -> Callable[[Array, Array, Array | None], Array]:
    """The function that multiplies arrays of these shapes."""
    return _dot_alone if WOKEN <= x.size * y.shape[-1] < WORTH else np.ndarray.dot


def _dot_alone(x: Array, y: Array, out: Array | None = None) -> Array:
    number = blas.threads()
    if number is None or number == 1:
        return x.dot(y, out)
    blas.set_threads(1)
    try:
        return x.dot(y, out)
    finally:
        blas.set_threads(number)


@functools.cache
def gemm(kind: str) -> int:
    """The address of such a product for C code, of ``float`` or ``double``; 0 if not known."""
    raw = blas.gemm(kind)
    library = _library()
    if not raw or library is None:
        return raw
    getattr(library, f"np_use_{kind}")(ctypes.c_void_p(raw))
    return ctypes.cast(getattr(library, f"np_gemm_{kind}"), ctypes.c_void_p).value or raw


def gemm_for(x: Array) -> int:
    """:func:`gemm` of the type of an array, which is one of these two."""
    return gemm("float" if x.itemsize == 4 else "double")


@functools.cache
def _library() -> ctypes.CDLL | None:
    from ..backend import kernel_source  # these are slow to import, and few programs need them
    from . import toolchain

    accessors = blas.thread_accessors()
    if accessors is None:
        return None
    path = kernel_source.folder() / "native_product.c"
    library = toolchain.load(path.read_text(encoding="utf-8"))
    if library is not None:
        bounds = ctypes.c_int64(WOKEN), ctypes.c_int64(WORTH)
        library.np_begin(*accessors, *bounds, ctypes.c_int(blas.core() in WITH_SMALL))
    return library
