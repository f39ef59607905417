"""How random numbers of gamma and Dirichlet distributions move with their parameters.

A number x drawn from a distribution F(x; a) moves with a such that F stays what it is, so that
``dx/da = -(dF/da) / (dF/dx)``: the implicit gradient of Figurnov, Mohamed and Mnih, "Implicit
reparameterization gradients" (2018). Here ``dF/da`` is an integral over one side of x,

    ``integral of p(t) (log t - E[log t]) dt``,

which is minus that over the other side; on the side away from the mean nothing cancels. It is done
by the trapezoidal rule after the substitution ``s = exp(u - exp(-u))`` of Takahasi and Mori,
"Double exponential formulas for numerical integration" (1974).
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

WIDE = np.dtype(np.float64)

STEP, FIRST, LAST = 0.1, -43, 40
"""The trapezoidal rule's step, and its first and last point in steps."""

TERMS = 18
"""Terms of the series for gamma numbers up to 1."""


@functools.cache
def _points() -> list[tuple[float, float]]:
    """Points and weights for integrals from 0 to infinity."""
    found = []
    for n in range(FIRST, LAST + 1):
        u = n * STEP
        s = math.exp(u - math.exp(-u))
        found.append((s, (1.0 + math.exp(-u)) * s * STEP))
    return found


class ImplicitSlopes:
    """The primitives of implicit gradients, in composed form."""

    abs: Any
    add: Any
    cast: Any
    digamma: Any
    div: Any
    exp: Any
    expm1: Any
    into: Any
    le: Any
    log: Any
    maximum: Any
    minimum: Any
    mul: Any
    neg: Any
    sqrt: Any
    sub: Any
    where: Any

    def gamma_slope(self, alpha: Any, x: Any, out: Any = None) -> Any:
        """``dx/dalpha`` of gamma numbers x of shape ``alpha`` and rate 1; computed in float64.

        The relative error is below 1e-8.
        """
        dtype = x.dtype
        alpha, x = self.cast(alpha, WIDE), self.cast(x, WIDE)
        slope = self.where(
            self.le(x, 1.0),
            self._slope_by_series(alpha, self.minimum(x, 1.0)),
            self._slope_by_integral(alpha, self.maximum(x, 1.0)),
        )
        return self.into(self.cast(slope, dtype), out)

    def _slope_by_series(self, alpha: Any, x: Any) -> Any:
        """From ``F gamma(alpha) = x**alpha * sum of (-x)**n / (n! (alpha + n))``, for x up to 1.

        The terms with n = 0 are kept apart, as they are by far the largest for a small alpha.
        """
        term = self.neg(x)
        first: Any = 0.0
        second: Any = 0.0
        for n in range(1, TERMS + 1):
            share = self.div(term, self.add(alpha, float(n)))
            first = self.add(share, first)
            second = self.add(self.div(share, self.add(alpha, float(n))), second)
            term = self.mul(term, self.mul(x, -1.0 / (n + 1)))
        inverse = self.div(1.0, alpha)
        distance = self.sub(self.log(x), self.digamma(self.add(alpha, 1.0)))
        total = self.mul(distance, self.add(inverse, first))
        total = self.sub(self.add(total, self.mul(inverse, first)), second)
        return self.neg(self.mul(self.mul(x, self.exp(x)), total))

    def _slope_by_integral(self, alpha: Any, x: Any) -> Any:
        """The integral over ``t = x exp(+-s)``, with s in units of the density's width there."""
        below = self.le(x, alpha)
        sign = self.where(below, -1.0, 1.0)
        width = self.div(sign, self.add(self.abs(self.sub(alpha, x)), self.sqrt(x)))
        centre = self.sub(self.digamma(alpha), self.log(x))
        total: Any = 0.0
        for point, weight in _points():
            s = self.mul(width, point)
            density = self.exp(self.sub(self.mul(alpha, s), self.mul(x, self.expm1(s))))
            total = self.add(self.mul(self.mul(density, weight), self.sub(s, centre)), total)
        return self.mul(self.mul(x, width), total)

    def dirichlet_slope(self, x: Any, alpha: Any, total: Any, out: Any = None) -> Any:
        """``dx/dalpha / (1 - x)`` of beta numbers x with ``alpha`` and ``total - alpha``.

        The integral runs over ``log(t / (1 - t))`` away from that of x. The relative error is below
        1e-4 for parameters from 0.1, and mostly far below.
        """
        dtype = x.dtype
        x, alpha, total = (self.cast(a, WIDE) for a in (x, alpha, total))
        below = self.le(self.mul(total, x), alpha)
        rest = self.sub(1.0, x)
        spread = self.mul(total, self.mul(x, rest))
        slope = self.abs(self.sub(alpha, self.mul(total, x)))
        width = self.div(1.0, self.add(slope, self.minimum(self.sqrt(spread), spread)))
        centre = self.sub(self.digamma(alpha), self.digamma(total))
        near = self.where(below, alpha, self.sub(total, alpha))
        mine, other = self.where(below, x, rest), self.where(below, rest, x)
        sign = self.where(below, 1.0, -1.0)
        log_x = self.log(x)
        area: Any = 0.0
        for point, weight in _points():
            s = self.mul(width, point)
            shift = self.log(self.add(other, self.mul(mine, self.exp(self.neg(s)))))
            exponent = self.sub(self.mul(near, self.neg(s)), self.mul(total, shift))
            log_t = self.sub(self.sub(log_x, shift), self.where(below, s, 0.0))
            height = self.mul(self.exp(exponent), weight)
            area = self.add(self.mul(height, self.mul(sign, self.sub(centre, log_t))), area)
        return self.into(self.cast(self.mul(self.mul(x, width), area), dtype), out)
