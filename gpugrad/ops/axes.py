"""The dimensions that a reduction goes over."""

from __future__ import annotations

import math
from typing import Any

from .shape import wrap_dim

Axes = tuple[int, ...] | None


def axes_of(dim: Any, ndim: int) -> Axes:
    """``dim`` as a tuple of dimensions, None for all. Raises on repeated ones."""
    if dim is None:
        return None
    if isinstance(dim, int):
        wrapped = wrap_dim(dim, ndim)
        return (wrapped,) if ndim else None
    if len(dim) == 0:
        return None
    axes = tuple(wrap_dim(d, ndim) for d in dim)
    if len(set(axes)) != len(axes):
        twice = next(a for a in axes if axes.count(a) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return axes if ndim else None


def kept_shape(shape: tuple[int, ...], axes: Axes) -> tuple[int, ...]:
    """The shape of a reduction's result with ``keepdim=True``."""
    return tuple(1 if axes is None or i in axes else n for i, n in enumerate(shape))


def count_of(shape: tuple[int, ...], axes: Axes) -> int:
    """How many elements go into each result."""
    return math.prod(shape if axes is None else [shape[i] for i in axes])
