"""Functions that NumPy computes slowly, or does not have: in C, where there is a compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..native import pointwise
from .primitives import Primitives

Array = Any


class HostFunctions(Primitives):
    """Every method's other form, a ufunc or that of the base classes, says what it computes."""

    def floor_divide(self, x: Any, y: Any, out: Array | None = None) -> Array:
        return _divided("floor_divide", np.floor_divide, x, y, out)

    def remainder(self, x: Any, y: Any, out: Array | None = None) -> Array:
        return _divided("remainder", np.remainder, x, y, out)

    def fmod(self, x: Any, y: Any, out: Array | None = None) -> Array:
        return _divided("fmod", np.fmod, x, y, out)

    def erfc(self, x: Array, out: Array | None = None) -> Array:
        found = pointwise.one("erfc", x, out) if x.size >= pointwise.SLOW else None
        return super().erfc(x, out) if found is None else found

    def lgamma(self, x: Array, out: Array | None = None) -> Array:
        found = pointwise.one("lgamma", x, out) if x.size >= pointwise.SLOW else None
        return super().lgamma(x, out) if found is None else found

    def digamma(self, x: Array, out: Array | None = None) -> Array:
        found = pointwise.one("digamma", x, out) if x.size >= pointwise.SLOW else None
        return super().digamma(x, out) if found is None else found

    def polygamma(self, x: Array, n: int, out: Array | None = None) -> Array:
        quick = n == 1 and x.size >= pointwise.SLOW
        found = pointwise.one("trigamma", x, out) if quick else None
        return super().polygamma(x, n, out) if found is None else found

    def nan_to_num(
        self, x: Array, nan: float, highest: float, lowest: float, out: Array | None = None
    ) -> Array:
        found = None
        if x.size >= pointwise.SLOW:
            found = pointwise.two("nan_to_num", x, float(nan), out, float(highest), float(lowest))
        return super().nan_to_num(x, nan, highest, lowest, out) if found is None else found


def _divided(name: str, plain: Callable[..., Array], x: Any, y: Any, out: Array | None) -> Array:
    """Raises for integers divided by zero, where NumPy gives 0."""
    divided = x if hasattr(x, "dtype") else y
    if divided.dtype.kind in "iub":
        if not np.all(y):
            raise RuntimeError("ZeroDivisionError")
        return plain(x, y, out=out)
    found = pointwise.two(name, x, y, out) if divided.size >= pointwise.SLOW else None
    return plain(x, y, out=out) if found is None else found
