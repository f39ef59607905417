"""Reductions of large arrays in C: ``kernels/native_reduce.c``.

None stands for arrays that the C code does not take, which are left to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import Family
from .threads import THREADS

Array = Any

LARGE = 8192
"""From so many elements on, C code is quicker than one call of NumPy."""

_functions = Family(
    "native_reduce", dict.fromkeys(("sum", "squares", "prod", "amax", "amin"), "aaiiii")
)


def reduced(name: str, x: Array, axis: Any, keepdims: bool, mean: bool = False) -> Array | None:
    """The reduction ``name`` over some dimensions, or over all.

    Args:
        axis: a number, a tuple of them, or None.
        mean: whether to divide by the number of elements.
    """
    function = _functions.of(name, x)
    if function is None:
        return None
    shape, ndim = x.shape, x.ndim
    if axis is None:
        first, last = 0, ndim
    elif axis.__class__ is int:
        first = axis % ndim
        last = first + 1
    else:
        axes = sorted(a % ndim for a in axis)
        first, last = axes[0], axes[-1] + 1
        if last - first != len(axes):
            return _apart(name, x, axes, keepdims, mean)
    kept = (1,) * (last - first) if keepdims else ()
    result = np.empty(shape[:first] + kept + shape[last:], x.dtype)
    done = function(id(x), id(result), first, last, mean, THREADS.number)
    return result if done else None


def _apart(name: str, x: Array, axes: list[int], keepdims: bool, mean: bool) -> Array | None:
    """A reduction over dimensions that are not neighbours: the last ones first."""
    first = axes[-1]
    while first - 1 in axes:
        first -= 1
    inner = reduced(name, x, tuple(range(first, axes[-1] + 1)), True, mean)
    if inner is None:
        return None
    rest = tuple(a for a in axes if a < first)
    result = reduced("sum" if name == "squares" else name, inner, rest, True, mean)
    if result is None or keepdims:
        return result
    return result.reshape([n for d, n in enumerate(x.shape) if d not in axes])
