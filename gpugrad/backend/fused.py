"""Fused multiply-add over NumPy arrays, which NumPy itself does not have.

``x * y + z`` with one rounding at the end is what compilers make of PyTorch's C++, so its last
bit is needed to give PyTorch's numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any


def scale_shift32(x: Array, scale: Any, shift: Any) -> Array:
    """``x * scale + shift`` in place for float32 ``x`` and float32 numbers.

    The product of two float32 numbers is exact in float64. The sum is rounded there and again to
    float32, which differs from one rounding where the float64 sum falls exactly between two
    float32 numbers: about once in 10**8.
    """
    if shift == 0:
        return np.multiply(x, np.float32(scale), out=x)
    wide = np.multiply(x, np.float32(scale), dtype=np.float64)
    return np.add(wide, float(np.float32(shift)), out=x, casting="same_kind")


def scale_shift64(x: Array, scale: float, shift: float) -> Array:
    """``x * scale + shift`` for float64 ``x`` and Python numbers; a new array.

    The errors of the product and of the sum are computed exactly and added last.

    Source: Dekker, "A floating-point technique for extending the available precision" (1971);
    Knuth, "The Art of Computer Programming", volume 2, section 4.2.2.
    """
    product = x * scale
    if shift == 0:
        return product
    x_high, x_low = _halves(x)
    mantissa, exponent = math.frexp(scale)  # so that a large scale cannot overflow
    s_high, s_low = (math.ldexp(half, exponent) for half in _halves(mantissa))
    error = x_low * s_low - (((product - x_high * s_high) - x_low * s_high) - x_high * s_low)
    total = product + shift
    back = total - product
    error += (product - (total - back)) + (shift - back)
    total += error
    return total


def _halves(x: Any) -> tuple[Any, Any]:
    """Two numbers of 26 bits each that sum to ``x``."""
    t = x * 134217729.0  # 2**27 + 1
    high = t - (t - x)
    return high, x - high
