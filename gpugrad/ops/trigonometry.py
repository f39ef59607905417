"""Trigonometric and hyperbolic functions, element by element, and their inverses."""

from __future__ import annotations

from typing import Any

from .unary import Unary


class Sin(Unary):
    """``sin(x)``"""

    primitive = "sin"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.cos(self.x))


class Cos(Unary):
    """``cos(x)``"""

    primitive = "cos"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.neg(xp.sin(self.x)))


class Tan(Unary):
    """``tan(x)``"""

    primitive = "tan"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.add(xp.square(self.out), 1))


class Asin(Unary):
    """The inverse of sine."""

    primitive = "asin"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.rsqrt(xp.sub(1, xp.square(self.x))))


class Acos(Unary):
    """The inverse of cosine."""

    primitive = "acos"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.neg(xp.mul(grad, xp.rsqrt(xp.sub(1, xp.square(self.x)))))


class Atan(Unary):
    """The inverse of tangent."""

    primitive = "atan"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.add(xp.square(self.x), 1))


class Sinh(Unary):
    """``(exp(x) - exp(-x)) / 2``"""

    primitive = "sinh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.cosh(self.x))


class Cosh(Unary):
    """``(exp(x) + exp(-x)) / 2``"""

    primitive = "cosh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.sinh(self.x))


class Asinh(Unary):
    """The inverse of the hyperbolic sine."""

    primitive = "asinh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.rsqrt(xp.add(xp.square(self.x), 1)))


class Acosh(Unary):
    """The inverse of the hyperbolic cosine."""

    primitive = "acosh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.rsqrt(xp.sub(xp.square(self.x), 1)))


class Atanh(Unary):
    """The inverse of the hyperbolic tangent."""

    primitive = "atanh"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.sub(1, xp.square(self.x)))
