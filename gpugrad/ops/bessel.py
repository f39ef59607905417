"""Bessel functions and the Airy function, of which only the modified first kind has gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import dtypes
from ..autograd.engine import wrap
from ..backend import BACKENDS
from .arguments import word
from .unary import Unary


class I0(Unary):
    """The modified Bessel function of the first kind of order 0."""

    primitive = "i0"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.i1(self.x))


class SpecialI0E(Unary):
    """``exp(-|x|)`` times the modified Bessel function of the first kind of order 0."""

    primitive = "i0e"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        slope = xp.sub(xp.i1e(self.x), xp.mul(xp.sgn(self.x), xp.i0e(self.x)))
        return xp.mul(grad, slope)


def _without_zero(xp: Any, x: Any) -> tuple[Any, Any]:
    """Where ``x`` is zero, and ``x`` with ones there."""
    zero = xp.eq(x, 0)
    return zero, xp.where(zero, xp.ones_like(x), x)


class SpecialI1(Unary):
    """The modified Bessel function of the first kind of order 1."""

    primitive = "i1"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        zero, x = _without_zero(xp, self.x)
        slope = xp.sub(xp.i0(x), xp.div(xp.i1(x), x))
        return xp.mul(grad, xp.where(zero, xp.mul(xp.ones_like(slope), 0.5), slope))


class SpecialI1E(Unary):
    """``exp(-|x|)`` times the modified Bessel function of the first kind of order 1."""

    primitive = "i1e"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        zero, x = _without_zero(xp, self.x)
        falling = xp.mul(xp.i1e(x), xp.add(xp.sgn(x), xp.reciprocal(x)))
        slope = xp.sub(xp.i0e(x), falling)
        return xp.mul(grad, xp.where(zero, xp.mul(xp.ones_like(slope), 0.5), slope))


# --- functions -----------------------------------------------------------------------------------


def i0(input: Any) -> Any:
    """The modified Bessel function of the first kind of order 0.

    >>> import gpugrad
    >>> gpugrad.i0(gpugrad.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return I0.apply(input)


def i0_(input: Any) -> Any:
    """:func:`i0` in place."""
    return I0.apply_(input)


def i0e(input: Any) -> Any:
    """``exp(-|input|)`` times :func:`i0`."""
    return SpecialI0E.apply(input)


def i1(input: Any) -> Any:
    """The modified Bessel function of the first kind of order 1.

    >>> import gpugrad
    >>> gpugrad.special.i1(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return SpecialI1.apply(input)


def i1e(input: Any) -> Any:
    """``exp(-|input|)`` times :func:`i1`."""
    return SpecialI1E.apply(input)


def _constant(name: str, doc: str, primitive: str = "", *options: Any) -> Callable[..., Any]:
    """A function without gradient, of float32 and float64; whole numbers become floats."""

    def function(input: Any) -> Any:
        array = input.array
        xp = BACKENDS[type(array)]
        if array.dtype.kind in "fV" and array.dtype.itemsize < 4:
            raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{word(array)}'")
        if array.dtype.kind != "f":
            array = xp.cast(array, dtypes.get_default_dtype().numpy)
        return wrap(xp.asarray(getattr(xp, primitive or name)(array, *options)))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


_KIND = "Bessel function of the {} kind of order {}; without gradient."

bessel_j0 = _constant("bessel_j0", "The " + _KIND.format("first", 0))
bessel_j1 = _constant("bessel_j1", "The " + _KIND.format("first", 1))
bessel_y0 = _constant("bessel_y0", "The " + _KIND.format("second", 0))
bessel_y1 = _constant("bessel_y1", "The " + _KIND.format("second", 1))
modified_bessel_i0 = _constant(
    "modified_bessel_i0", "The modified " + _KIND.format("first", 0), "i0"
)
modified_bessel_i1 = _constant(
    "modified_bessel_i1", "The modified " + _KIND.format("first", 1), "i1"
)
modified_bessel_k0 = _constant(
    "modified_bessel_k0", "The modified " + _KIND.format("second", 0), "k0"
)
modified_bessel_k1 = _constant(
    "modified_bessel_k1", "The modified " + _KIND.format("second", 1), "k1"
)
scaled_modified_bessel_k0 = _constant(
    "scaled_modified_bessel_k0", "``exp(x)`` times :func:`modified_bessel_k0`.", "k0", True
)
scaled_modified_bessel_k1 = _constant(
    "scaled_modified_bessel_k1", "``exp(x)`` times :func:`modified_bessel_k1`.", "k1", True
)
spherical_bessel_j0 = _constant("spherical_bessel_j0", "``sin(x) / x``; without gradient.")
airy_ai = _constant("airy_ai", "The Airy function Ai; without gradient.")
