"""Bessel functions and the Airy function, as sums of Chebyshev polynomials, computed in float64.

Near 0 a series in the square of the argument serves, far away one in its inverse, beside the
leading behaviour: an exponential, or a wave of slowly varying size and phase.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from . import airy_tables as airy
from . import bessel_tables as waves
from . import modified_bessel_tables as modified
from .chebyshev import chebyshev_sum, wide

Array = Any


class BesselFunctions:
    """Bessel functions of :class:`~gpugrad.backend.primitives.Primitives`."""

    module: Any

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def i0(self, x: Array, out: Array | None = None) -> Array:
        """The modified Bessel function of the first kind of order 0."""
        size = self.module.abs(wide(x))
        result = _rising(self.module, size, modified.I0_NEAR, modified.I0_FAR)
        return self._rounded(result * self.module.exp(size), x, out)

    def i0e(self, x: Array, out: Array | None = None) -> Array:
        """``exp(-|x|)`` times :meth:`i0`."""
        size = self.module.abs(wide(x))
        return self._rounded(_rising(self.module, size, modified.I0_NEAR, modified.I0_FAR), x, out)

    def i1(self, x: Array, out: Array | None = None) -> Array:
        """The modified Bessel function of the first kind of order 1."""
        y = wide(x)
        return self._rounded(
            _scaled_i1(self.module, y) * self.module.exp(self.module.abs(y)), x, out
        )

    def i1e(self, x: Array, out: Array | None = None) -> Array:
        """``exp(-|x|)`` times :meth:`i1`."""
        return self._rounded(_scaled_i1(self.module, wide(x)), x, out)

    def k0(self, x: Array, scaled: bool = False, out: Array | None = None) -> Array:
        """The modified Bessel function of the second kind of order 0, or ``exp(x)`` times it."""
        return self._rounded(_falling(self.module, wide(x), 0, scaled), x, out)

    def k1(self, x: Array, scaled: bool = False, out: Array | None = None) -> Array:
        """The modified Bessel function of the second kind of order 1, or ``exp(x)`` times it."""
        return self._rounded(_falling(self.module, wide(x), 1, scaled), x, out)

    def bessel_j0(self, x: Array, out: Array | None = None) -> Array:
        """The Bessel function of the first kind of order 0."""
        size = self.module.abs(wide(x))
        near = chebyshev_sum(_near(self.module, size), waves.J0_NEAR)
        return self._rounded(
            self.module.where(size < 8, near, _wave(self.module, size, 0)[0]), x, out
        )

    def bessel_j1(self, x: Array, out: Array | None = None) -> Array:
        """The Bessel function of the first kind of order 1."""
        y = wide(x)
        size = self.module.abs(y)
        near = size * chebyshev_sum(_near(self.module, size), waves.J1_NEAR)
        result = self.module.where(size < 8, near, _wave(self.module, size, 1)[0])
        return self._rounded(self.module.where(y < 0, -result, result), x, out)

    def bessel_y0(self, x: Array, out: Array | None = None) -> Array:
        """The Bessel function of the second kind of order 0; nan below 0."""
        y = wide(x)
        t, low = _near(self.module, y), self.module.clip(y, 0.0, 8.0)
        log = self.module.log(low) * (2 / math.pi)
        near = log * chebyshev_sum(t, waves.J0_NEAR) + chebyshev_sum(t, waves.Y0_NEAR)
        return self._rounded(_of_positive(self.module, y, near, 0), x, out)

    def bessel_y1(self, x: Array, out: Array | None = None) -> Array:
        """The Bessel function of the second kind of order 1; nan below 0."""
        y = wide(x)
        t, low = _near(self.module, y), self.module.clip(y, 0.0, 8.0)
        low = self.module.where(low > 0, low, 1.0)
        log = self.module.log(low) * (2 / math.pi)
        near = log * low * chebyshev_sum(t, waves.J1_NEAR) + chebyshev_sum(t, waves.Y1_NEAR) / low
        near = self.module.where(y == 0, -math.inf, near)
        return self._rounded(_of_positive(self.module, y, near, 1), x, out)

    def spherical_bessel_j0(self, x: Array, out: Array | None = None) -> Array:
        """``sin(x) / x``, 1 at 0 and 0 at infinity."""
        y = wide(x)
        infinite, zero = self.module.isinf(y), y == 0
        safe = self.module.where(infinite | zero, 1.0, y)
        result = self.module.where(zero, 1.0, self.module.sin(safe) / safe)
        return self._rounded(self.module.where(infinite, 0.0, result), x, out)

    def airy_ai(self, x: Array, out: Array | None = None) -> Array:
        """The Airy function Ai, which waves below 0 and falls exponentially above."""
        return self._rounded(_airy(self.module, wide(x)), x, out)

    def _rounded(self, result: Array, x: Array, out: Array | None) -> Array:
        return self.into(self.cast(self.module.asarray(result), x.dtype), out)


def _rising(module: Any, size: Array, near: Any, far: Any) -> Array:
    """``exp(-x)`` times I0, or I1 without its factor x near 0, for x of at least 0."""
    low = chebyshev_sum(module.minimum(size, 8.0) / 4.0 - 1.0, near)
    large = module.maximum(size, 8.0)
    high = chebyshev_sum(16.0 / large - 1.0, far) / module.sqrt(large)
    return module.where(size < 8.0, low, high)


def _scaled_i1(module: Any, x: Array) -> Array:
    size = module.abs(x)
    result = _rising(module, size, modified.I1_NEAR, modified.I1_FAR)
    return module.where(size < 8.0, x * result, module.where(x < 0, -result, result))


def _falling(module: Any, x: Array, order: int, scaled: bool) -> Array:
    """K0 or K1 of positive x; infinite at 0, nan below."""
    tables = ((modified.K0_NEAR, modified.K0_FAR), (modified.K1_NEAR, modified.K1_FAR))[order]
    low = module.where((x > 0) & (x < 2), x, 1.0)
    t = low * low / 2.0 - 1.0
    log = module.log(low / 2.0)
    if order == 0:
        first = _rising(module, low, modified.I0_NEAR, modified.I0_FAR) * module.exp(low)
        near = chebyshev_sum(t, tables[0]) - log * first
    else:
        first = _scaled_i1(module, low) * module.exp(low)
        near = chebyshev_sum(t, tables[0]) / low + log * first
    high = module.maximum(x, 2.0)
    far = chebyshev_sum(4.0 / high - 1.0, tables[1]) / module.sqrt(high)
    if scaled:
        near = near * module.exp(low)
    else:
        far = far * module.exp(-high)
    result = module.where(x < 2, near, far)
    result = module.where(x == 0, math.inf, result)
    return module.where(x >= 0, result, math.nan)


def _near(module: Any, x: Array) -> Array:
    low = module.clip(x, 0.0, 8.0)
    return low * low / 32.0 - 1.0


def _wave(module: Any, x: Array, order: int) -> tuple[Array, Array]:
    """J and Y beyond 8: a cosine and a sine of one angle with slowly varying factors."""
    far = module.maximum(x, 8.0)
    infinite = module.isinf(far)
    far = module.where(infinite, 8.0, far)
    t = 128.0 / (far * far) - 1.0
    p = chebyshev_sum(t, (waves.P0, waves.P1)[order])
    q = chebyshev_sum(t, (waves.Q0, waves.Q1)[order]) / far
    angle = far - (2 * order + 1) * (math.pi / 4)
    cosine, sine = module.cos(angle), module.sin(angle)
    size = module.sqrt(2.0 / (math.pi * far))
    first = module.where(infinite, math.nan, size * (p * cosine - q * sine))
    return first, module.where(infinite, math.nan, size * (p * sine + q * cosine))


def _of_positive(module: Any, x: Array, near: Array, order: int) -> Array:
    result = module.where(x < 8, near, _wave(module, x, order)[1])
    return module.where(x >= 0, result, math.nan)


def _airy(module: Any, x: Array) -> Array:
    lowest = chebyshev_sum(module.clip(x, -8.0, -4.0) / 2.0 + 3.0, airy.AIRY_LOW)
    middle = chebyshev_sum(module.clip(x, -4.0, 0.0) / 2.0 + 1.0, airy.AIRY_MIDDLE)
    positive = module.clip(x, 0.0, 1e6)
    root = module.sqrt(positive)
    z = positive * root * (2 / 3)
    high = chebyshev_sum(module.minimum(root, 2.0) - 1.0, airy.AIRY_HIGH)
    safe = module.maximum(z, 16 / 3)
    far = chebyshev_sum(32 / 3 / safe - 1.0, airy.AIRY_FAR)
    far = far / (2 * math.sqrt(math.pi) * module.sqrt(module.maximum(root, 2.0)))
    above = module.where(x < 4, high, far) * module.exp(-z)
    size = module.maximum(-x, 8.0)
    infinite = module.isinf(size)
    size = module.where(infinite, 8.0, size)
    z = size * module.sqrt(size) * (2 / 3)
    t = 2.0 * (1024 / 4.5) / (z * z) - 1.0
    angle = z + math.pi / 4
    p = chebyshev_sum(t, airy.AIRY_P)
    q = chebyshev_sum(t, airy.AIRY_Q) / z
    wave = p * module.sin(angle) - q * module.cos(angle)
    wave = wave / (math.sqrt(math.pi) * module.sqrt(module.sqrt(size)))
    wave = module.where(infinite, math.nan, wave)
    below = module.where(x < -8, wave, module.where(x < -4, lowest, middle))
    return module.where(module.isnan(x), x, module.where(x < 0, below, above))
