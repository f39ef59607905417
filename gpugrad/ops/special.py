"""Special and rarer functions, element by element."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..autograd.engine import wrap
from ..backend import BACKENDS
from ..casting.calls import THREADS, casting
from .arguments import word
from .operands import number_beside
from .rounding import Sign
from .unary import Unary


class Erfinv(Unary):
    """The inverse of :func:`erf`: infinite at -1 and 1, nan beyond."""

    primitive = "erfinv"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.mul(xp.exp(xp.square(self.out)), math.sqrt(math.pi) / 2))


class Logit(Unary):
    """``log(x / (1 - x))``, the inverse of sigmoid."""

    primitive = "logit"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        x = self.x
        slope = xp.div(grad, xp.mul(x, xp.sub(1, x)))
        low, high = (0.0, 1.0) if self.params[0] is None else (self.params[0], 1 - self.params[0])
        outside = xp.logical_or(xp.lt(x, low), xp.gt(x, high))
        beyond = xp.zeros_like(slope)
        if self.params[0] is None:
            beyond = xp.mul(xp.ones_like(slope), math.nan)
        return xp.where(outside, beyond, slope)


class Sinc(Unary):
    """``sin(pi x) / (pi x)``, 1 at 0."""

    primitive = "sinc"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        zero = xp.eq(self.x, 0)
        x = xp.where(zero, xp.ones_like(self.x), self.x)
        angle = xp.mul(x, math.pi)
        slope = xp.div(xp.sub(xp.cos(angle), xp.div(xp.sin(angle), angle)), x)
        return xp.where(zero, xp.zeros_like(grad), xp.mul(grad, slope))


class Frac(Unary):
    """What :func:`trunc` takes away, with the sign of the number."""

    primitive = "frac"
    floating = False

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return grad


class NanToNum(Unary):
    """``x`` with numbers in the place of nan and the infinities."""

    primitive = "nan_to_num"
    floating = False
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.where(xp.isfinite(self.x), grad, xp.zeros_like(grad))


class Deg2Rad(Unary):
    """Degrees in radians."""

    primitive = "mul"

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, self.params[0])


class Rad2Deg(Deg2Rad):
    """Radians in degrees."""

    primitive = "mul"


class Sgn(Sign):
    """-1, 0 or 1, as :func:`sign`."""

    primitive = "sgn"


# --- functions -----------------------------------------------------------------------------------


def logit(input: Any, eps: float | None = None) -> Any:
    """``log(input / (1 - input))``, the inverse of sigmoid.

    Args:
        eps: keep ``input`` between ``eps`` and ``1 - eps`` first.

    >>> import gpugrad
    >>> gpugrad.logit(gpugrad.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    return Logit.apply(input, eps)


def logit_(input: Any, eps: float | None = None) -> Any:
    """:func:`logit` in place."""
    return Logit.apply_(input, eps)


def erfinv(input: Any) -> Any:
    """The inverse of :func:`erf`: infinite at -1 and 1, nan beyond.

    >>> import gpugrad
    >>> gpugrad.erfinv(gpugrad.tensor([0.0, 0.5]))
    tensor([0.0000, 0.4769])
    """
    if THREADS and (run := casting("erfinv")):
        return run(erfinv, input)
    return Erfinv.apply(input)


def erfinv_(input: Any) -> Any:
    """:func:`erfinv` in place."""
    return Erfinv.apply_(input)


def sinc(input: Any) -> Any:
    """``sin(pi * input) / (pi * input)``, 1 at 0.

    >>> import gpugrad
    >>> gpugrad.sinc(gpugrad.tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """
    return Sinc.apply(input)


def sinc_(input: Any) -> Any:
    """:func:`sinc` in place."""
    return Sinc.apply_(input)


def _no_integers(function: str, input: Any) -> Any:
    if input.array.dtype.kind not in "fV":
        raise NotImplementedError(f"\"{function}_cpu\" not implemented for '{word(input.array)}'")
    return input


def frac(input: Any) -> Any:
    """``input - trunc(input)``.

    >>> import gpugrad
    >>> gpugrad.frac(gpugrad.tensor([1.5, -1.5]))
    tensor([ 0.5000, -0.5000])
    """
    return Frac.apply(_no_integers("frac", input))


def frac_(input: Any) -> Any:
    """:func:`frac` in place."""
    return Frac.apply_(_no_integers("frac", input))


def _limits(input: Any, nan: float, posinf: float | None, neginf: float | None) -> Any:
    """The three replacements; for the infinities the extremes of the type."""
    # The largest float is 2 - 2**-digits times the power of two of the largest exponent.
    digits, exponent = {"float16": (10, 15), "float32": (23, 127), "bfloat16": (7, 127)}.get(
        dtypes.from_numpy(input.array.dtype).name, (52, 1023)
    )
    highest = (2.0 - 2.0**-digits) * 2.0**exponent
    return (
        0.0 if nan is None else nan,
        highest if posinf is None else posinf,
        -highest if neginf is None else neginf,
    )


def nan_to_num(
    input: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """``input`` with numbers in the place of nan, infinity and minus infinity.

    Args:
        nan: instead of nan.
        posinf: instead of infinity; the largest number of the type unless given.
        neginf: instead of minus infinity; the lowest number of the type unless given.

    >>> import gpugrad
    >>> gpugrad.nan_to_num(gpugrad.tensor([float("nan"), float("inf"), 1.0]), posinf=9.0)
    tensor([0., 9., 1.])
    """
    if input.array.dtype.kind not in "fV":
        return input.clone()
    return NanToNum.apply(input, *_limits(input, nan, posinf, neginf))


def nan_to_num_(
    input: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """:func:`nan_to_num` in place."""
    if input.array.dtype.kind not in "fV":
        return input
    return NanToNum.apply_(input, *_limits(input, nan, posinf, neginf))


def deg2rad(input: Any) -> Any:
    """Degrees in radians.

    >>> import gpugrad
    >>> gpugrad.deg2rad(gpugrad.tensor([0.0, 180.0]))
    tensor([0.0000, 3.1416])
    """
    return Deg2Rad.apply(input, number_beside(input, math.pi / 180))


def deg2rad_(input: Any) -> Any:
    """:func:`deg2rad` in place."""
    return Deg2Rad.apply_(input, number_beside(input, math.pi / 180))


def rad2deg(input: Any) -> Any:
    """Radians in degrees.

    >>> import gpugrad
    >>> gpugrad.rad2deg(gpugrad.tensor([0.0, gpugrad.pi]))
    tensor([  0., 180.])
    """
    return Rad2Deg.apply(input, number_beside(input, 180 / math.pi))


def rad2deg_(input: Any) -> Any:
    """:func:`rad2deg` in place."""
    return Rad2Deg.apply_(input, number_beside(input, 180 / math.pi))


def sgn(input: Any) -> Any:
    """-1, 0 or 1, as :func:`sign`.

    >>> import gpugrad
    >>> gpugrad.sgn(gpugrad.tensor([-2.0, 0.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """
    return Sgn.apply(input)


def sgn_(input: Any) -> Any:
    """:func:`sgn` in place."""
    return Sgn.apply_(input)


def positive(input: Any) -> Any:
    """The tensor itself. Raises RuntimeError for bools."""
    if input.array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def isposinf(input: Any) -> Any:
    """Whether an element is infinity.

    >>> import gpugrad
    >>> gpugrad.isposinf(gpugrad.tensor([1.0, gpugrad.inf, -gpugrad.inf]))
    tensor([False,  True, False])
    """
    return _equals(input, math.inf)


def isneginf(input: Any) -> Any:
    """Whether an element is minus infinity.

    >>> import gpugrad
    >>> gpugrad.isneginf(gpugrad.tensor([1.0, gpugrad.inf, -gpugrad.inf]))
    tensor([False, False,  True])
    """
    return _equals(input, -math.inf)


def _equals(input: Any, number: float) -> Any:
    xp = BACKENDS[type(input.array)]
    return wrap(xp.asarray(xp.eq(input.array, number)))
