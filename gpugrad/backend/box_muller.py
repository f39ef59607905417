"""Normal numbers from uniform ones, equal to PyTorch's to the last bit.

PyTorch fills a float32 tensor with normal numbers sixteen at a time, eight pairs side by side::

    r = sqrt(-2 ln(1 - u[j])),   t = 2 pi u[j + 8]          for j = 0 ... 7
    z[j] = r cos t,   z[j + 8] = r sin t

and takes logarithm, sine and cosine from the polynomials of the Cephes library, in float32 with
fused multiply-adds. Here these are done in float64, where the product of two float32 numbers is
exact, and then rounded to float32. With a C compiler, C does the same in float32 itself.

Source: Box and Muller, "A note on the generation of random normal deviates" (1958); S. Moshier's
Cephes Mathematical Library, ``logf``, ``sinf`` and ``cosf``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..native import twister as native
from .fused import scale_shift32, scale_shift64

Array = Any

BLOCK = 16
"""Numbers that are transformed together: eight radii and eight angles."""

CHUNK = 1024 * BLOCK
"""Numbers in work at a time: the intermediate results stay in the cache."""


def _float32(*values: float) -> tuple[float, ...]:
    return tuple(float(np.float32(v)) for v in values)


LOG_POLYNOMIAL = _float32(
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
LN2_LOW, LN2_HIGH = _float32(-2.12194440e-4, 0.693359375)
SQRT_HALF = np.float32(0.5**0.5)
SIN_POLYNOMIAL = _float32(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COS_POLYNOMIAL = _float32(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
MINUS_QUARTER_PI = _float32(-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)
"""-pi/4 in three parts, of which the products with small integers are exact."""
FOUR_OVER_PI = np.float32(4 / np.pi)
TWO_PI = np.float32(2 * np.pi)


def float32_normals(u: Array, mean: float = 0.0, std: float = 1.0) -> None:
    """Turn uniform float32 numbers in [0, 1) into ``mean + std * z`` in place, block by block.

    Args:
        u: 1-d, contiguous, a multiple of 16 long.
    """
    if native.normal(u, mean, std):
        return
    for start in range(0, u.size, CHUNK):
        part = u[start : start + CHUNK]
        first, second = _pairs(part)
        radius = np.subtract(np.float32(1), first)
        _log(radius)
        np.multiply(radius, np.float32(-2), out=radius)
        np.sqrt(radius, out=radius)
        sine, cosine = _sincos(np.multiply(second, TWO_PI))
        np.multiply(radius, cosine, out=first)
        np.multiply(radius, sine, out=second)
        scale_shift32(part, std, mean)
        part += np.float32(0)  # a fused multiply-add leaves no negative zero


def float64_normals(u: Array, mean: float = 0.0, std: float = 1.0) -> None:
    """As :func:`float32_normals`, in float64 with the platform's own functions."""
    if native.normal(u, mean, std):
        return
    for start in range(0, u.size, CHUNK):
        part = u[start : start + CHUNK]
        first, second = _pairs(part)
        radius = np.sqrt(-2.0 * np.log(1.0 - first))
        angle = 2.0 * np.pi * second
        np.multiply(radius, np.cos(angle), out=first)
        np.multiply(radius, np.sin(angle), out=second)
        part[:] = scale_shift64(part, std, mean)


def _pairs(part: Array) -> tuple[Array, Array]:
    """Views of the first and the second half of every block."""
    blocks = part.reshape(-1, 2, BLOCK // 2)
    return blocks[:, 0], blocks[:, 1]


def _round(wide: Array, narrow: Array) -> None:
    """Round float64 numbers to float32 and keep them in both widths."""
    np.copyto(narrow, wide, casting="same_kind")
    np.copyto(wide, narrow)


def _horner(x: Array, coefficients: Sequence[float], wide: Array, narrow: Array) -> None:
    """A polynomial in ``x`` (float64), highest power first, by fused multiply-adds."""
    np.multiply(x, coefficients[0], out=wide)
    np.add(wide, coefficients[1], out=wide)
    _round(wide, narrow)
    for c in coefficients[2:]:
        np.multiply(wide, x, out=wide)
        np.add(wide, c, out=wide)
        _round(wide, narrow)


def _log(x: Array) -> None:
    """Natural logarithm of positive float32 numbers, in place.

    x = m 2**e with m in [sqrt(1/2), sqrt(2)); the polynomial is one in m - 1.
    """
    bits = x.view(np.int32)
    exponent = bits >> 23
    exponent -= 126
    bits &= 0x007FFFFF
    bits |= 0x3F000000  # x is now in [1/2, 1)
    small = x < SQRT_HALF
    exponent -= small
    x *= np.add(small, np.float32(1), dtype=np.float32)
    x -= np.float32(1)

    e = exponent.astype(np.float64)
    wide_x = x.astype(np.float64)
    z = np.multiply(x, x).astype(np.float64)
    y, narrow = np.empty_like(z), x
    _horner(wide_x, LOG_POLYNOMIAL, y, narrow)
    y *= wide_x
    _round(y, narrow)
    low = e * LN2_LOW
    _round(low, narrow)
    y *= z
    y += low
    _round(y, narrow)
    z *= 0.5
    y -= z
    _round(y, narrow)
    y += wide_x
    _round(y, narrow)
    e *= LN2_HIGH
    y += e
    np.copyto(x, y, casting="same_kind")


def _sincos(x: Array) -> tuple[Array, Array]:
    """Sine and cosine of float32 numbers in [0, 2 pi]; overwrites ``x``.

    x is brought into [-pi/4, pi/4] by taking away the nearest multiple j of pi/4 with j even;
    j then says which polynomial is the sine and which signs to change.
    """
    j = np.multiply(x, FOUR_OVER_PI).astype(np.int32)
    j += 1
    j &= ~1
    steps, wide_x = j.astype(np.float64), x.astype(np.float64)
    for part in MINUS_QUARTER_PI:
        wide_x += steps * part
        _round(wide_x, x)
    z = np.multiply(x, x).astype(np.float64)

    cosine, wide = np.empty_like(x), np.empty_like(z)
    _horner(z, COS_POLYNOMIAL, wide, cosine)
    wide *= z
    _round(wide, cosine)
    wide *= z
    wide -= np.multiply(z, 0.5, out=steps)
    np.copyto(cosine, wide, casting="same_kind")
    cosine += np.float32(1)

    sine = np.empty_like(x)
    _horner(z, SIN_POLYNOMIAL, wide, sine)
    wide *= z
    _round(wide, sine)
    wide *= wide_x
    wide += wide_x
    np.copyto(sine, wide, casting="same_kind")

    swapped = (j & 2).astype(np.bool_)
    sine, cosine = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    sine.view(np.int32)[...] ^= (j & 4) << 29
    j += 2
    cosine.view(np.int32)[...] ^= (j & 4) << 29
    return sine, cosine
