"""Functions of the normal distribution, scaled error functions, entropies."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.engine import TensorBase
from .arguments import needs_tensor, word
from .binary import ALWAYS, Binary
from .unary import Unary


class SpecialNdtr(Unary):
    """The normal distribution function."""

    primitive = "ndtr"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        density = xp.mul(xp.exp(xp.mul(xp.square(self.x), -0.5)), 1 / math.sqrt(2 * math.pi))
        return xp.mul(grad, density)


class SpecialNdtri(Unary):
    """The inverse of :func:`ndtr`: infinite at 0 and 1, nan beyond."""

    primitive = "ndtri"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        inverse = xp.mul(xp.exp(xp.mul(xp.square(self.out), 0.5)), math.sqrt(2 * math.pi))
        return xp.mul(grad, inverse)


class SpecialLogNdtr(Unary):
    """The logarithm of :func:`ndtr`, accurate far below zero."""

    primitive = "log_ndtr"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        tail = xp.erfcx(xp.mul(self.x, -math.sqrt(0.5)))
        return xp.div(xp.mul(grad, math.sqrt(2 / math.pi)), tail)


class SpecialErfcx(Unary):
    """``exp(x**2) erfc(x)``."""

    primitive = "erfcx"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        slope = xp.mul(xp.mul(self.x, xp.erfcx(self.x)), 2.0)
        return xp.mul(grad, xp.sub(slope, 2 / math.sqrt(math.pi)))


class SpecialEntr(Unary):
    """``-x log(x)``, 0 at 0 and minus infinity below."""

    primitive = "entr"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.neg(xp.mul(grad, xp.add(xp.log(self.x), 1)))


class SpecialXlog1Py(Binary):
    """``x * log(1 + y)``, 0 where ``x`` is 0, unless ``y`` is nan."""

    primitive = "xlog1py"
    floating = True
    keeps_x, keeps_y = ALWAYS, ALWAYS

    def grad_x(self, xp: Any, grad: Any) -> Any:
        y = self.y if hasattr(self.y, "shape") else xp.mul(xp.ones_like(grad), self.y)
        flat = xp.logical_and(xp.eq(self.x, 0), xp.le(y, -1))
        return xp.mul(grad, xp.log1p(xp.where(flat, xp.zeros_like(y), y)))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.div(xp.mul(grad, self.x), xp.add(self.y, 1))


# --- functions -----------------------------------------------------------------------------------


def _not_half(name: str, input: Any) -> Any:
    array = input.array
    if array.dtype.kind in "fV" and array.dtype.itemsize == 2:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{word(array)}'")
    return input


def ndtr(input: Any) -> Any:
    """The normal distribution function: the integral of its density up to ``input``.

    >>> import gpugrad
    >>> gpugrad.special.ndtr(gpugrad.tensor([0.0, 1.96]))
    tensor([0.5000, 0.9750])
    """
    return SpecialNdtr.apply(input)


def ndtri(input: Any) -> Any:
    """The inverse of :func:`ndtr`: infinite at 0 and 1, nan beyond.

    >>> import gpugrad
    >>> gpugrad.special.ndtri(gpugrad.tensor([0.5, 0.975]))
    tensor([0.0000, 1.9600])
    """
    return SpecialNdtri.apply(_not_half("ndtri", input))


def log_ndtr(input: Any) -> Any:
    """The logarithm of :func:`ndtr`, accurate far below zero.

    >>> import gpugrad
    >>> gpugrad.special.log_ndtr(gpugrad.tensor([-40.0, 0.0]))
    tensor([-8.0461e+02, -6.9315e-01])
    """
    return SpecialLogNdtr.apply(_not_half("log_ndtr", input))


def erfcx(input: Any) -> Any:
    """``exp(input**2) erfc(input)``, finite for all positive numbers.

    >>> import gpugrad
    >>> gpugrad.special.erfcx(gpugrad.tensor([0.0, 100.0]))
    tensor([1.0000, 0.0056])
    """
    return SpecialErfcx.apply(_not_half("erfcx", input))


def entr(input: Any) -> Any:
    """``-input * log(input)``: 0 at 0, minus infinity below.

    >>> import gpugrad
    >>> gpugrad.special.entr(gpugrad.tensor([0.0, 0.5, -1.0]))
    tensor([0.0000, 0.3466,   -inf])
    """
    return SpecialEntr.apply(input)


def xlog1py(input: Any, other: Any) -> Any:
    """``input * log(1 + other)``, and 0 where ``input`` is 0; either may be a number.

    >>> import gpugrad
    >>> gpugrad.special.xlog1py(gpugrad.tensor([0.0, 2.0]), gpugrad.tensor([-1.0, 1.0]))
    tensor([0.0000, 1.3863])
    """
    if not isinstance(input, TensorBase) and not isinstance(other, TensorBase):
        raise needs_tensor("special_xlog1py", input, other)
    return SpecialXlog1Py.apply(input, other)
