"""Functions of one operand, element by element: exponentials, roots, rounding."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..autograd.engine import Node
from .copying import Clone
from .unary import Unary, no_bools


class Neg(Unary):
    """``-x``"""

    primitive = "neg"
    floating = False

    @classmethod
    def explain(cls, a: Any, error: TypeError) -> Exception:
        return RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.neg(grad)


class Abs(Unary):
    """``|x|``; the gradient at 0 is 0."""

    primitive = "abs"
    floating = False
    bool_kernel = "abs_cpu"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.sgn(self.x))


class Exp(Unary):
    """``e ** x``"""

    primitive = "exp"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, self.out)


class Exp2(Unary):
    """``2 ** x``"""

    primitive = "exp2"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.mul(self.out, math.log(2.0)))


class Expm1(Unary):
    """``e ** x - 1``"""

    primitive = "expm1"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.add(self.out, 1))


class Log(Unary):
    """The natural logarithm."""

    primitive = "log"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, self.x)


class Log2(Unary):
    """The logarithm to base 2."""

    primitive = "log2"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.mul(self.x, math.log(2.0)))


class Log10(Unary):
    """The logarithm to base 10."""

    primitive = "log10"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.mul(self.x, math.log(10.0)))


class Log1p(Unary):
    """``log(1 + x)``"""

    torch_name = "Log1P"
    primitive = "log1p"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.add(self.x, 1))


class Sqrt(Unary):
    """``x ** 0.5``"""

    primitive = "sqrt"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.mul(self.out, 2))


class Rsqrt(Unary):
    """``x ** -0.5``"""

    primitive = "rsqrt"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(xp.mul(grad, -0.5), xp.mul(xp.square(self.out), self.out))


class Reciprocal(Unary):
    """``1 / x``"""

    primitive = "reciprocal"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(xp.neg(grad), xp.square(self.out))


class Erf(Unary):
    """``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x."""

    primitive = "erf"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        slope = xp.mul(xp.exp(xp.neg(xp.square(self.x))), 2.0 / math.sqrt(math.pi))
        return xp.mul(grad, slope)


class Erfc(Unary):
    """``1 - erf(x)``, accurate where that is small."""

    primitive = "erfc"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        slope = xp.mul(xp.exp(xp.neg(xp.square(self.x))), -2.0 / math.sqrt(math.pi))
        return xp.mul(grad, slope)


class _Step(Unary):
    """A function that is constant between its jumps: its gradient is zero.

    Whole numbers stay what they are.
    """

    primitive = "floor"
    floating = False
    kept: ClassVar[str] = "iu"
    """The kinds of array type whose numbers stay what they are."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        apply, apply_, kept, name = cls.apply, cls.apply_, cls.kept, cls.__name__

        def keep(x: Any, *params: Any) -> Any:
            kind = x.array.dtype.kind
            if kind in kept:
                return Clone.apply(x)
            if kind == "b":
                raise no_bools(f"{name[:-9].lower()}_vml_cpu")
            return apply(x, *params)

        def keep_(x: Any, *params: Any) -> Any:
            kind = x.array.dtype.kind
            if kind == "b" and kind not in kept:
                raise no_bools(f"{name[:-9].lower()}_vml_cpu")
            return x if kind in kept else apply_(x, *params)

        cls.apply, cls.apply_ = staticmethod(keep), staticmethod(keep_)

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.zeros_like(grad)


class Floor(_Step):
    """The largest integer not above ``x``."""

    primitive = "floor"


class Ceil(_Step):
    """The smallest integer not below ``x``."""

    primitive = "ceil"


class Round(_Step):
    """The nearest integer; halves go to the even one."""

    primitive = "round"


class RoundTo(Node):
    """The nearest multiple of ``10**-decimals``; its gradient is zero."""

    __slots__ = ()
    torch_name = "RoundBackward1"

    def forward(self, xp: Any, x: Any, decimals: int) -> Any:
        scale = 10.0 ** abs(decimals)
        if decimals > 0:
            out = xp.div(xp.round(xp.mul(x, scale)), scale)
        else:
            out = xp.mul(xp.round(xp.div(x, scale)), scale)
        return xp.cast(out, x.dtype)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.zeros_like(grad),)


class Trunc(_Step):
    """``x`` without its fraction."""

    primitive = "trunc"


class Sign(_Step):
    """-1, 0 or 1; 0 for nan."""

    primitive = "sgn"
    kept = "b"
