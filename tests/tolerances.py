"""How far results may be apart, by type: so many roundings of that type, never a guess.

A result that sums ``terms`` numbers gathers about ``sqrt(terms)`` times the error of one rounding.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

EPS = {
    "float64": 2.0**-52,
    "float32": 2.0**-23,
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
}
"""The distance from 1 to the next number of the type."""

ROUNDINGS = 8
"""What a few elementary functions in a row may lose, in units of :data:`EPS`."""


def tolerance(dtype: str, roundings: float = ROUNDINGS, terms: int = 1) -> float:
    """The relative error to allow in results of ``dtype``; zero for integers and bools."""
    return EPS.get(dtype, 0.0) * roundings * math.sqrt(max(terms, 1))


def assert_close(
    actual: Any, expected: Any, rtol: float, where: str = "", atol: float | None = None
) -> None:
    """Equal shapes, and elements equal up to ``rtol`` of themselves or of their typical size.

    The absolute part matters where terms cancel: their errors are as large as the terms are.
    """
    a, b = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert a.shape == b.shape, f"{where}: shape {a.shape}, expected {b.shape}"
    if atol is None:
        finite = np.abs(b[np.isfinite(b)])
        atol = rtol * min(float(finite.mean()), 1.0) if finite.size else rtol
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=where)
