"""The gamma function's logarithm, its derivatives, the zeta function, incomplete gamma functions.

Everything is computed in float64. The zeta function is Euler's and Maclaurin's sum; the logarithm
of gamma is a Taylor series at 2 and Stirling's series beyond (F. Olver et al., "NIST Handbook of
Mathematical Functions", 2010, chapters 5, 8 and 25).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .chebyshev import wide

Array = Any

AT_TWO = (
    0.42278433509846713,
    0.3224670334241132,
    -0.0673523010531981,
    0.020580808427784546,
    -0.007385551028673986,
    0.0028905103307415234,
    -0.001192753911703261,
    0.0005096695247430425,
    -0.00022315475845357939,
    9.945751278180853e-05,
    -4.492623673813314e-05,
    2.050721277567069e-05,
    -9.439488275268397e-06,
    4.374866789907488e-06,
    -2.039215753801366e-06,
    9.55141213040742e-07,
    -4.492469198764566e-07,
    2.1207184805554665e-07,
    -1.0043224823968099e-07,
    4.7698101693639804e-08,
    -2.2711094608943164e-08,
    1.0838659214896955e-08,
    -5.183475041970047e-09,
    2.4836745438024785e-09,
    -1.1921401405860912e-09,
)
"""``lgamma(2 + z) / z`` in powers of z: ``1 - Euler's constant``, then (zeta(k) - 1) (-1)^k / k."""

STIRLING = (
    0.08333333333333333,
    -0.002777777777777778,
    0.0007936507936507937,
    -0.0005952380952380953,
    0.0008417508417508417,
    -0.0019175269175269176,
    0.00641025641025641,
    -0.029550653594771242,
)
"""B_2j / (2j (2j - 1)): the factors of x, x**-3, ... in the logarithm of gamma."""

SLOPES = (
    0.08333333333333333,
    -0.008333333333333333,
    0.003968253968253968,
    -0.004166666666666667,
    0.007575757575757576,
    -0.021092796092796094,
    0.08333333333333333,
    -0.4432598039215686,
)
"""B_2j / 2j: the factors of x**-2, x**-4, ... in the derivative of that logarithm."""

TAIL = (
    0.08333333333333333,
    -0.001388888888888889,
    3.306878306878307e-05,
    -8.267195767195768e-07,
    2.08767569878681e-08,
    -5.284190138687493e-10,
    1.3382536530684679e-11,
    -3.3896802963225827e-13,
    8.586062056277845e-15,
    -2.174868698558062e-16,
)
"""B_2j / (2j)!, of the zeta function's remainder."""

HALF_LOG_TWO_PI = 0.9189385332046728
TERMS = 12
"""Terms of the zeta function that are summed one by one."""

STEPS = 400
"""Terms of the series and fractions of the incomplete gamma functions: enough up to a = 2000."""


def _powers(x: Array, coefficients: tuple[float, ...]) -> Array:
    total = x * 0 + coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


class GammaFunctions:
    """The gamma function's relatives in :class:`~gpugrad.backend.primitives.Primitives`."""

    module: Any

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def lgamma(self, x: Array, out: Array | None = None) -> Array:
        """``log |gamma(x)|``; infinite at 0, -1, -2, ..."""
        y = wide(x)
        positive = _lgamma(self.module, self.module.where(y < 0.5, 1.0 - y, y))
        sine = self.module.abs(self.module.sin(math.pi * _offset(self.module, y)))
        reflected = math.log(math.pi) - self.module.log(sine) - positive
        result = self.module.where(y < 0.5, reflected, positive)
        pole = (y <= 0) & (self.module.floor(y) == y)
        result = self.module.where(pole | self.module.isinf(y), math.inf, result)
        return self.into(self.cast(result, x.dtype), out)

    def digamma(self, x: Array, out: Array | None = None) -> Array:
        """The derivative of :meth:`lgamma`: nan at -1, -2, ..., infinite at 0."""
        y = wide(x)
        positive = _digamma(self.module, self.module.where(y < 0.5, 1.0 - y, y))
        reflected = positive - math.pi / self.module.tan(math.pi * _offset(self.module, y))
        result = self.module.where(y < 0.5, reflected, positive)
        result = self.module.where((y < 0) & (self.module.floor(y) == y), math.nan, result)
        result = self.module.where(y == 0, self.module.copysign(math.inf, -y), result)
        return self.into(self.cast(result, x.dtype), out)

    def polygamma(self, x: Array, n: int, out: Array | None = None) -> Array:
        """The n-th derivative of :meth:`digamma`: ``(-1)**(n + 1) n! zeta(n + 1, x)``."""
        if n == 0:
            return self.digamma(x, out=out)
        scale = math.exp(math.lgamma(n + 1.0)) * (1 if n % 2 else -1)
        result = scale * _hurwitz(self.module, n + 1.0, wide(x))
        return self.into(self.cast(result, x.dtype), out)

    def zeta(self, x: Any, q: Any, out: Array | None = None) -> Array:
        """Hurwitz's zeta function, ``sum_k (q + k)**-x``; nan for x < 1."""
        kind = x.dtype if hasattr(x, "dtype") else q.dtype
        result = _hurwitz(self.module, wide(x), wide(q))
        return self.into(self.cast(self.module.asarray(result), kind), out)

    def igamma(self, a: Any, x: Any, out: Array | None = None) -> Array:
        """The share of gamma(a) that its integral has up to ``x``."""
        lower, upper, small = self._incomplete(wide(a), wide(x))
        result = self.module.where(small, lower, 1.0 - upper)
        return self.into(self.cast(result, (a if hasattr(a, "dtype") else x).dtype), out)

    def igammac(self, a: Any, x: Any, out: Array | None = None) -> Array:
        """The share of gamma(a) that its integral has from ``x`` on."""
        lower, upper, small = self._incomplete(wide(a), wide(x))
        result = self.module.where(small, 1.0 - lower, upper)
        return self.into(self.cast(result, (a if hasattr(a, "dtype") else x).dtype), out)

    def _incomplete(self, a: Any, x: Any) -> tuple[Array, Array, Array]:
        """The lower share by its series, the upper by its fraction, and which of the two counts."""
        module = self.module
        a, x = module.broadcast_arrays(module.asarray(a, "float64"), module.asarray(x, "float64"))
        unknown = module.isnan(a) & (x != 0) & ~module.isinf(x)
        unknown = unknown | (module.isnan(x) & ~module.isinf(a))
        refused = (a < 0) | (x < 0) | ((a == 0) & (x == 0)) | unknown
        refused = refused | (module.isinf(a) & module.isinf(x))
        ends = (a == 0) | (x == 0) | module.isinf(a) | module.isinf(x) | refused
        b, y = module.where(ends, 1.0, a), module.where(ends, 1.0, x)
        small = y < b + 1
        scale = module.exp(b * module.log(y) - y - self.lgamma(b))
        # Where the other one counts, the arguments are replaced by ones that converge.
        z = module.where(small, y, 0.5)
        term = total = 1.0 / b
        for k in range(1, STEPS):
            term = term * z / (b + k)
            total = total + term
        z = module.where(small, b + 2.0, y)
        upper = _fraction(module, b, z)
        lower, upper = scale * total, scale * upper
        at_none = (x == 0) | module.isinf(a)
        lower = module.where(ends, module.where(at_none, 0.0, 1.0), lower)
        upper = module.where(ends, module.where(at_none, 1.0, 0.0), upper)
        lower = module.where(refused, math.nan, lower)
        upper = module.where(refused, math.nan, upper)
        return lower, upper, small


def _offset(module: Any, x: Array) -> Array:
    """``x`` without its whole part, so that ``sin(pi x)`` keeps its digits; signs are lost."""
    return x - module.floor(x)


def _lgamma(module: Any, x: Array) -> Array:
    """The logarithm of gamma for x of at least 0.5."""
    y = module.minimum(x, 9.0)
    product = module.ones_like(y)
    for _ in range(7):
        large = y > 2.5
        y = module.where(large, y - 1.0, y)
        product = module.where(large, product * y, product)
    below = y < 1.5
    z = module.where(below, y - 1.0, y - 2.0)
    near = z * _powers(z, AT_TWO) - module.where(below, module.log1p(z), 0.0)
    near = near + module.log(product)
    far = module.maximum(x, 8.0)
    inverse = 1.0 / far
    series = inverse * _powers(inverse * inverse, STIRLING)
    far = (far - 0.5) * module.log(far) - far + HALF_LOG_TWO_PI + series
    return module.where(x < 9.0, near, far)


def _digamma(module: Any, x: Array) -> Array:
    """The derivative of the logarithm of gamma for x of at least 0.5."""
    total = module.zeros_like(x)
    for _ in range(10):
        small = x < 10.0
        total = module.where(small, total - 1.0 / x, total)
        x = module.where(small, x + 1.0, x)
    inverse = 1.0 / (x * x)
    return total + module.log(x) - 0.5 / x - inverse * _powers(inverse, SLOPES)


def _hurwitz(module: Any, s: Any, q: Any) -> Array:
    """The zeta function; whole s allow negative q, for which the sum is folded at zero."""
    q, s = module.asarray(q, "float64"), module.asarray(s, "float64")
    endless = q == math.inf
    q = module.where(endless, 1.0, q)
    whole = module.floor(s) == s
    negative = q < 0
    part = q - module.floor(q)
    sign = module.where(module.floor(s / 2) * 2 == s, 1.0, -1.0)
    first = _zeta_of_positive(module, s, module.where(negative, part, q))
    folded = _zeta_of_positive(module, s, module.where(negative, 1.0 - part, 1.0))
    folded = folded - _zeta_of_positive(module, s, module.where(negative, 1.0 - q, 1.0))
    result = module.where(negative, first + sign * folded, first)
    result = module.where(negative & ~whole, math.nan, result)
    result = module.where((q <= 0) & (module.floor(q) == q), math.inf, result)
    result = module.where(endless, 0.0, result)
    result = module.where(s == 1, math.inf, result)
    return module.where((s < 1) | module.isnan(s) | module.isnan(q), math.nan, result)


def _zeta_of_positive(module: Any, s: Array, q: Array) -> Array:
    total = q * 0 + s * 0
    for k in range(TERMS):
        total = total + (q + k) ** -s
    w = q + TERMS
    power = w**-s
    total = total + power * w / (s - 1.0) + power / 2
    factor, power = s, power / w
    for k, c in enumerate(TAIL):
        total = total + c * factor * power
        factor = factor * (s + (2 * k + 1)) * (s + (2 * k + 2))
        power = power / (w * w)
    return total


def _fraction(module: Any, a: Array, x: Array) -> Array:
    """Legendre's continued fraction of the upper incomplete gamma function, by Lentz's method."""
    b = x + 1.0 - a
    c = module.full_like(x, 1e300)
    d = 1.0 / b
    h = d
    for k in range(1, STEPS):
        factor = -k * (k - a)
        b = b + 2.0
        d = factor * d + b
        d = module.where(module.abs(d) < 1e-300, 1e-300, d)
        c = b + factor / c
        c = module.where(module.abs(c) < 1e-300, 1e-300, c)
        d = 1.0 / d
        h = h * (d * c)
    return h
