"""Trigonometric and hyperbolic functions, element by element, and their inverses."""

from __future__ import annotations

from typing import Any

from .unary import Unary


class Sin(Unary):
    """``sin(x)``

    ``x`` is in radians. Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.sin(gpugrad.tensor([0.0, gpugrad.pi / 2]))
    tensor([0., 1.])
    """

    primitive = "sin"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.cos(self.x))


class Cos(Unary):
    """``cos(x)``

    ``x`` is in radians. Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.cos(gpugrad.tensor([0.0, gpugrad.pi]))
    tensor([ 1., -1.])
    """

    primitive = "cos"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.neg(xp.sin(self.x)))


class Tan(Unary):
    """``tan(x)``

    ``x`` is in radians. Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.tan(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """

    primitive = "tan"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.add(xp.square(self.out), 1))


class Asin(Unary):
    """The inverse of sine.

    In radians from -pi/2 to pi/2; nan where ``|x| > 1``. Integers and bools give numbers of the
    default floating-point type.

    >>> import gpugrad
    >>> gpugrad.asin(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """

    primitive = "asin"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.rsqrt(xp.sub(1, xp.square(self.x))))


class Acos(Unary):
    """The inverse of cosine.

    In radians from 0 to pi; nan where ``|x| > 1``. Integers and bools give numbers of the default
    floating-point type.

    >>> import gpugrad
    >>> gpugrad.acos(gpugrad.tensor([1.0, 0.0]))
    tensor([0.0000, 1.5708])
    """

    primitive = "acos"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.neg(xp.mul(grad, xp.rsqrt(xp.sub(1, xp.square(self.x)))))


class Atan(Unary):
    """The inverse of tangent.

    In radians from -pi/2 to pi/2. Integers and bools give numbers of the default floating-point
    type.

    >>> import gpugrad
    >>> gpugrad.atan(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7854])
    """

    primitive = "atan"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.add(xp.square(self.x), 1))


class Sinh(Unary):
    """``(exp(x) - exp(-x)) / 2``

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.sinh(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """

    primitive = "sinh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.cosh(self.x))


class Cosh(Unary):
    """``(exp(x) + exp(-x)) / 2``

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.cosh(gpugrad.tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """

    primitive = "cosh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.sinh(self.x))


class Asinh(Unary):
    """The inverse of the hyperbolic sine.

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.asinh(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """

    primitive = "asinh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.rsqrt(xp.add(xp.square(self.x), 1)))


class Acosh(Unary):
    """The inverse of the hyperbolic cosine.

    Nan below 1. Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.acosh(gpugrad.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """

    primitive = "acosh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.rsqrt(xp.sub(xp.square(self.x), 1)))


class Atanh(Unary):
    """The inverse of the hyperbolic tangent.

    Infinite at -1 and 1, nan beyond. Integers and bools give numbers of the default floating-point
    type.

    >>> import gpugrad
    >>> gpugrad.atanh(gpugrad.tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """

    primitive = "atanh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.sub(1, xp.square(self.x)))
