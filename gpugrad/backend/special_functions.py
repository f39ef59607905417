"""Rarer elementwise functions, composed of the other primitives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from . import special

Array = Any


class SpecialFunctions:
    """The special functions of :class:`~gpugrad.backend.primitives.Primitives`."""

    module: Any

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def erf(self, x: Array, out: Array | None = None) -> Array:
        """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` to ``x``."""
        return special.erf(self.module, x, out)

    def erfc(self, x: Array, out: Array | None = None) -> Array:
        """``1 - erf(x)``, accurate where that is small."""
        return special.erfc(self.module, x, out)

    def erfinv(self, x: Array, out: Array | None = None) -> Array:
        """The inverse of erf: infinite at -1 and 1, nan beyond.

        S. Winitzki's closed approximation ("A handy approximation for the error function and its
        inverse", 2008), good to 2e-3, and then two steps of Halley's method, each of which triples
        the number of correct digits. The complement keeps the digits that count near 1.
        """
        y = x.astype("float64")
        size = self.abs(y)
        inner = self.minimum(size, 1.0 - 2.0**-53)
        log = self.log1p(-inner * inner)
        half = 2 / (math.pi * 0.147) + log / 2
        root = self.sqrt(-log / 0.147 / (self.sqrt(half * half - log / 0.147) + half))
        for _ in range(2):
            near = self.erf(root) - inner
            error = self.where(inner < 0.5, near, (1 - inner) - self.erfc(root))
            newton = error / (2 / math.sqrt(math.pi) * self.exp(-root * root))
            root = root - newton / (1 + root * newton)
        root = self.where(size == 1, math.inf, self.where(size <= 1, root, math.nan))
        return self.into(self.cast(self.copysign(root, y), x.dtype), out)

    def xlogy(self, x: Any, y: Any, out: Array | None = None) -> Array:
        """``x * log(y)``, and 0 where ``x`` is 0, unless ``y`` is nan."""
        if not hasattr(y, "dtype"):
            y = self.full((), y, x.dtype)
        elif not hasattr(x, "dtype"):
            x = self.full((), x, y.dtype)
        nothing = self.logical_and(self.eq(x, 0), self.logical_not(self.isnan(y)))
        result = self.where(nothing, self.full((), 0, y.dtype), self.mul(self.log(y), x))
        return result if out is None else self.copy(result, out)

    def integer_pow(self, x: Array, y: Array, out: Array | None = None) -> Array:
        """``x ** y`` for integers: for negative ``y`` 1, -1 or 0, as ``1 / x**-y`` is rounded."""
        power = self.pow(x, self.maximum(y, 0))
        odd = self.cast(self.bitwise_and(y, 1), power.dtype)
        minus = self.sub(1, self.mul(odd, 2))
        inverse = self.where(self.eq(x, 1), 1, self.where(self.eq(x, -1), minus, 0))
        chosen = self.where(self.lt(y, 0), self.cast(inverse, power.dtype), power)
        return self.into(chosen, out)

    def logit(self, x: Array, eps: float | None = None, out: Array | None = None) -> Array:
        """``log(x / (1 - x))``, ``x`` kept between ``eps`` and ``1 - eps``."""
        if eps is not None:
            x = self.cast(self.clamp(x, eps, 1 - eps), x.dtype)
        return self.into(self.log(self.div(x, self.sub(1, x))), out)

    def frac(self, x: Array, out: Array | None = None) -> Array:
        """What :meth:`trunc` takes away."""
        return self.into(self.sub(x, self.trunc(x)), out)

    def sgn(self, x: Array, out: Array | None = None) -> Array:
        """-1, 0 or 1; 0 for nan, where the array module's ``sign`` has nan."""
        above, below = self.cast(self.gt(x, 0), x.dtype), self.cast(self.lt(x, 0), x.dtype)
        return self.sub(above, below, out=out) if x.dtype.kind != "b" else self.copy(x, out=out)

    def frexp_exponent(self, x: Array, out: Array | None = None) -> Array:
        """The power of two by which a number between 0.5 and 1 makes ``x``, int32."""
        _, exponent = self.module.frexp(x if x.dtype.kind == "f" else x.astype("float32"))
        return self.into(self.module.asarray(exponent).astype("int32"), out)

    def sinc(self, x: Array, out: Array | None = None) -> Array:
        """``sin(pi x) / (pi x)``, 1 at 0."""
        zero = self.eq(x, 0)
        angle = self.mul(self.where(zero, self.ones_like(x), x), math.pi)
        wave = self.cast(self.div(self.sin(angle), angle), x.dtype)
        return self.into(self.where(zero, self.ones_like(x), wave), out)

    def nan_to_num(
        self, x: Array, nan: float, highest: float, lowest: float, out: Array | None = None
    ) -> Array:
        """``x`` with numbers for nan and the infinities."""
        number = self.where(self.isnan(x), self.full((), nan, x.dtype), x)
        number = self.where(self.eq(x, math.inf), self.full((), highest, x.dtype), number)
        return self.into(
            self.where(self.eq(x, -math.inf), self.full((), lowest, x.dtype), number), out
        )

    def heaviside(self, x: Array, at_zero: Array, out: Array | None = None) -> Array:
        """0 below zero and for nan, 1 above, ``at_zero`` at zero."""
        return self.into(
            self.where(self.eq(x, 0), at_zero, self.cast(self.gt(x, 0), at_zero.dtype)), out
        )
