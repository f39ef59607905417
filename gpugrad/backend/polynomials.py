"""Orthogonal polynomials of whole degrees, element by element, computed in float64.

Chebyshev's have closed forms in an angle; the others are summed by their recurrences (F. Olver et
al., "NIST Handbook of Mathematical Functions", 2010, chapter 18).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

Array = Any


class Polynomials:
    """Polynomials of :class:`~gpugrad.backend.primitives.Primitives`."""

    module: Any

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def orthogonal_polynomial(
        self, x: Any, n: Any, name: str, shifted: bool, out: Array | None = None
    ) -> Array:
        """The polynomial ``name`` of degree ``n`` at ``x``, or at ``2 x - 1`` if ``shifted``.

        0 for negative degrees. Either operand may be a number.
        """
        m = self.module
        kind = (x if hasattr(x, "dtype") else n).dtype
        x, degree = m.broadcast_arrays(m.asarray(x, "float64"), m.asarray(n, "float64"))
        if shifted:
            x = 2 * x - 1
        degree = m.where(m.isfinite(degree), m.trunc(degree), -1.0)
        result = POLYNOMIALS[name][0](m, x, m.maximum(degree, 0.0))
        result = m.where(degree < 0, 0.0, m.where(degree == 0, 1.0, result))
        return self.into(self.cast(m.asarray(result), kind), out)


def _angles(m: Any, x: Array, trigonometric: Callable[..., Array], n: Array) -> Array:
    """``trigonometric(cosine-like, sine-like, angle, n)`` inside and outside of [-1, 1]."""
    theta = m.arccos(m.clip(x, -1.0, 1.0))
    mu = m.arccosh(m.maximum(m.abs(x), 1.0))
    return m.where(
        m.abs(x) <= 1, trigonometric(m.cos, m.sin, theta, n), trigonometric(m.cosh, m.sinh, mu, n)
    )


def _sign(m: Any, x: Array, n: Array) -> Array:
    """-1 for odd degrees below -1, else 1."""
    return m.where((x < -1) & (m.fmod(n, 2.0) != 0), -1.0, 1.0)


def _chebyshev_t(m: Any, x: Array, n: Array) -> Array:
    return _sign(m, x, n) * _angles(m, x, lambda cos, sin, a, k: cos(k * a), n)


def _ratio(m: Any, top: Array, bottom: Array, limit: Array) -> Array:
    zero = m.abs(bottom) < 1e-12
    return m.where(zero, limit, top / m.where(zero, 1.0, bottom))


def _chebyshev_u(m: Any, x: Array, n: Array) -> Array:
    def ratio(cos: Any, sin: Any, a: Array, k: Array) -> Array:
        return _ratio(m, sin((k + 1) * a), sin(a), k + 1)

    odd = m.where((x < 0) & (m.fmod(n, 2.0) != 0), -1.0, 1.0)
    return odd * _angles(m, m.abs(x), ratio, n)


def _chebyshev_w(m: Any, x: Array, n: Array) -> Array:
    # Below -1 the angle is that of -x, and sine and cosine change places.
    def above(cos: Any, sin: Any, a: Array, k: Array) -> Array:
        return _ratio(m, sin((k + 0.5) * a), sin(a / 2), 2 * k + 1)

    def below(cos: Any, sin: Any, a: Array, k: Array) -> Array:
        return _ratio(m, cos((k + 0.5) * a), cos(a / 2), 2 * k + 1)

    odd = m.where(m.fmod(n, 2.0) != 0, -1.0, 1.0)
    return m.where(x >= 0, _angles(m, x, above, n), odd * _angles(m, -x, below, n))


def _chebyshev_v(m: Any, x: Array, n: Array) -> Array:
    return m.where(m.fmod(n, 2.0) != 0, -1.0, 1.0) * _chebyshev_w(m, -x, n)


def _recurrence(first: Callable[..., Array], step: Callable[..., Array]) -> Callable[..., Array]:
    """The polynomial whose degrees follow from the two before."""

    def values(m: Any, x: Array, n: Array) -> Array:
        before, last = m.ones_like(x), first(x)
        result = m.where(n < 1, before, last)
        highest = float(n.max()) if n.size else 0.0
        for k in range(1, int(highest) if math.isfinite(highest) else 0):
            before, last = last, step(x, before, last, k)
            result = m.where(n >= k + 1, last, result)
        return result

    return values


POLYNOMIALS: dict[str, tuple[Callable[..., Array], str]] = {
    "chebyshev_polynomial_t": (_chebyshev_t, "Chebyshev's polynomial of the first kind"),
    "chebyshev_polynomial_u": (_chebyshev_u, "Chebyshev's polynomial of the second kind"),
    "chebyshev_polynomial_v": (_chebyshev_v, "Chebyshev's polynomial of the third kind"),
    "chebyshev_polynomial_w": (_chebyshev_w, "Chebyshev's polynomial of the fourth kind"),
    "hermite_polynomial_h": (
        _recurrence(lambda x: 2 * x, lambda x, a, b, k: 2 * x * b - 2 * k * a),
        "Hermite's polynomial of the physicists",
    ),
    "hermite_polynomial_he": (
        _recurrence(lambda x: x, lambda x, a, b, k: x * b - k * a),
        "Hermite's polynomial of the probabilists",
    ),
    "laguerre_polynomial_l": (
        _recurrence(lambda x: 1 - x, lambda x, a, b, k: ((2 * k + 1 - x) * b - k * a) / (k + 1)),
        "Laguerre's polynomial",
    ),
    "legendre_polynomial_p": (
        _recurrence(lambda x: x, lambda x, a, b, k: ((2 * k + 1) * x * b - k * a) / (k + 1)),
        "Legendre's polynomial",
    ),
}
"""Each polynomial's function, and what it is called."""
