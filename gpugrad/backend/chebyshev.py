"""Sums of Chebyshev polynomials, and the types in which special functions are computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Array = Any


def chebyshev_sum(t: Array, coefficients: Sequence[float]) -> Array:
    """``sum_k c[k] T_k(t)`` by Clenshaw's recurrence."""
    before: Any = 0.0
    last: Any = 0.0
    double = t + t
    for c in coefficients[:0:-1]:
        last, before = double * last + (c - before), last
    return t * last + (coefficients[0] - before)


def wide(x: Any) -> Any:
    """An array in float64; a number as it is."""
    return x.astype("float64") if hasattr(x, "dtype") else float(x)
