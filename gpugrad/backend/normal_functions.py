"""Functions of the normal distribution and of entropies, computed in float64."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from . import special
from .chebyshev import wide

Array = Any

ROOT_HALF = math.sqrt(0.5)


class NormalFunctions:
    """Distribution functions of :class:`~gpugrad.backend.primitives.Primitives`."""

    module: Any

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def ndtr(self, x: Array, out: Array | None = None) -> Array:
        """The normal distribution function: the integral of its density up to ``x``."""
        y = wide(x) * ROOT_HALF
        near = 0.5 + 0.5 * self.erf(y)
        tail = 0.5 * self.erfc(self.module.abs(y))
        result = self.module.where(
            self.module.abs(y) < ROOT_HALF, near, self.module.where(y > 0, 1.0 - tail, tail)
        )
        return self.into(self.cast(result, x.dtype), out)

    def erfcx(self, x: Array, out: Array | None = None) -> Array:
        """``exp(x**2) erfc(x)``, finite for all positive ``x``."""
        return self.into(self.cast(_erfcx(self, wide(x)), x.dtype), out)

    def log_ndtr(self, x: Array, out: Array | None = None) -> Array:
        """The logarithm of :meth:`ndtr`, accurate far below zero."""
        y = wide(x)
        root = y * ROOT_HALF
        low = self.module.minimum(root, 0.0)
        below = self.module.log(0.5 * _erfcx(self, -low)) - low * low
        above = self.module.log1p(-0.5 * self.erfc(root))
        return self.into(self.cast(self.module.where(y < -1.0, below, above), x.dtype), out)

    def ndtri(self, x: Array, out: Array | None = None) -> Array:
        """The inverse of :meth:`ndtr`: infinite at 0 and 1, nan beyond.

        A rational approximation to 5e-4 (M. Abramowitz and I. Stegun, "Handbook of Mathematical
        Functions", 1964, 26.2.23), then three steps of Halley's method on the tail.
        """
        module = self.module
        p = wide(x)
        tail = module.where(p < 0.5, p, 1.0 - p)
        inside = module.where((tail > 0) & (tail <= 0.5), tail, 0.25)
        t = module.sqrt(-2.0 * module.log(inside))
        above = 2.515517 + t * (0.802853 + t * 0.010328)
        root = t - above / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
        for _ in range(3):
            # The density is divided out of the tail, so that neither underflows.
            ratio = _erfcx(self, root * ROOT_HALF) * math.sqrt(math.pi / 2)
            scaled = inside * math.sqrt(2 * math.pi) * module.exp(root * root / 2)
            step = ratio - scaled
            root = root + step / (1.0 - root * step / 2)
        root = module.where(p < 0.5, -root, module.where(p == 0.5, 0.0, root))
        root = module.where(p == 0, -math.inf, module.where(p == 1, math.inf, root))
        root = module.where((p >= 0) & (p <= 1), root, math.nan)
        return self.into(self.cast(root, x.dtype), out)

    def entr(self, x: Array, out: Array | None = None) -> Array:
        """``-x log(x)``, 0 at 0 and minus infinity below."""
        inside = self.gt(x, 0)
        safe = self.where(inside, x, self.ones_like(x))
        value = self.neg(self.mul(safe, self.log(safe)))
        outside = self.where(
            self.eq(x, 0), self.zeros_like(x), self.mul(self.ones_like(x), -math.inf)
        )
        result = self.where(self.isnan(x), x, self.where(inside, value, outside))
        return self.into(self.cast(result, x.dtype), out)

    def xlog1py(self, x: Any, y: Any, out: Array | None = None) -> Array:
        """``x * log(1 + y)``, and 0 where ``x`` is 0, unless ``y`` is nan."""
        kind = (x if hasattr(x, "dtype") else y).dtype
        x = x if hasattr(x, "dtype") else self.full((), x, kind)
        y = y if hasattr(y, "dtype") else self.full((), y, kind)
        nothing = self.logical_and(self.eq(x, 0), self.logical_not(self.isnan(y)))
        result = self.where(nothing, self.full((), 0, kind), self.mul(self.log1p(y), x))
        return self.into(self.cast(result, kind), out)


def _erfcx(xp: Any, x: Array) -> Array:
    """``exp(x**2) erfc(x)``: beyond 0.5 the polynomial of which ``erfc`` is made."""
    module = xp.module
    far = module.minimum(module.maximum(module.abs(x), 0.46), 1e300)
    t = (far - 3.75) / (far + 3.75)
    far = special.polynomial(t, special.TAIL) / (1.0 + 2.0 * far)
    y = module.clip(x, -30.0, 0.5)
    near = module.exp(y * y) * xp.erfc(y)
    return module.where(module.isnan(x), x, module.where(x > 0.5, far, near))
