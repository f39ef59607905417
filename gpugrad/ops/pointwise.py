"""Functions of one operand, element by element: signs, exponentials, roots, erf."""

from __future__ import annotations

import math
from typing import Any

from .unary import Unary


class Neg(Unary):
    """``-x``

    Raises RuntimeError for bools.

    >>> import gpugrad
    >>> (-gpugrad.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """

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
    """``|x|``; the gradient at 0 is 0.

    >>> import gpugrad
    >>> gpugrad.tensor([-1.0, 2.0]).abs()
    tensor([1., 2.])
    """

    primitive = "abs"
    floating = False
    bool_kernel = "abs_cpu"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.sgn(self.x))


class Exp(Unary):
    """``e ** x``

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.exp(gpugrad.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """

    primitive = "exp"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, self.out)


class Exp2(Unary):
    """``2 ** x``

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.exp2(gpugrad.tensor([0.0, 3.0]))
    tensor([1., 8.])
    """

    primitive = "exp2"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.mul(self.out, math.log(2.0)))


class Expm1(Unary):
    """``e ** x - 1``

    Accurate near 0. Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.expm1(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.7183])
    """

    primitive = "expm1"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.add(self.out, 1))


class Log(Unary):
    """The natural logarithm.

    Minus infinity at 0, nan below. Integers and bools give numbers of the default floating-point
    type.

    >>> import gpugrad
    >>> gpugrad.log(gpugrad.tensor([1.0, 10.0, 0.0]))
    tensor([0.0000, 2.3026,   -inf])
    """

    primitive = "log"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, self.x)


class Log2(Unary):
    """The logarithm to base 2.

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.log2(gpugrad.tensor([1.0, 8.0]))
    tensor([0., 3.])
    """

    primitive = "log2"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.mul(self.x, math.log(2.0)))


class Log10(Unary):
    """The logarithm to base 10.

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.log10(gpugrad.tensor([1.0, 1000.0]))
    tensor([0.0000, 3.0000])
    """

    primitive = "log10"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.mul(self.x, math.log(10.0)))


class Log1p(Unary):
    """``log(1 + x)``

    Accurate near 0. Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.log1p(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.6931])
    """

    torch_name = "Log1P"
    primitive = "log1p"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.add(self.x, 1))


class Sqrt(Unary):
    """``x ** 0.5``

    Nan below 0. Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.sqrt(gpugrad.tensor([4.0, 2.0]))
    tensor([2.0000, 1.4142])
    """

    primitive = "sqrt"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, xp.mul(self.out, 2))


class Rsqrt(Unary):
    """``x ** -0.5``

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.rsqrt(gpugrad.tensor([4.0, 0.25]))
    tensor([0.5000, 2.0000])
    """

    primitive = "rsqrt"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(xp.mul(grad, -0.5), xp.mul(xp.square(self.out), self.out))


class Reciprocal(Unary):
    """``1 / x``

    Infinite at 0. Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.reciprocal(gpugrad.tensor([4.0, 0.0]))
    tensor([0.2500,    inf])
    """

    primitive = "reciprocal"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(xp.neg(grad), xp.square(self.out))


class Erf(Unary):
    """``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x.

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.erf(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """

    primitive = "erf"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        slope = xp.mul(xp.exp(xp.neg(xp.square(self.x))), 2.0 / math.sqrt(math.pi))
        return xp.mul(grad, slope)


class Erfc(Unary):
    """``1 - erf(x)``, accurate where that is small.

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.erfc(gpugrad.tensor([0.0, 1.0]))
    tensor([1.0000, 0.1573])
    """

    primitive = "erfc"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        slope = xp.mul(xp.exp(xp.neg(xp.square(self.x))), -2.0 / math.sqrt(math.pi))
        return xp.mul(grad, slope)
