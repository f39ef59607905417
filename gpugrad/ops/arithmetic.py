"""Arithmetic of two operands: what ``+ - * / ** // %`` mean, and their relatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.engine import TensorBase
from .arguments import word
from .binary import ALWAYS, FOR_X, FOR_Y, Binary
from .pointwise import Reciprocal


class Add(Binary):
    """``x + y``"""

    primitive = "add"
    commutes = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return grad

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return grad


def _refuse_whole_numbers(name: str) -> Callable[[Any, Any], None]:
    """Raises where neither operand is floating point, for which PyTorch has no kernel."""

    def refuse(x: Any, y: Any) -> None:
        arrays = [o.array for o in (x, y) if isinstance(o, TensorBase)]
        if all(a.dtype.kind in "iub" for a in arrays) and not isinstance(y, float):
            raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{word(arrays[0])}'")

    return refuse


def _refuse_bools(x: Any, y: Any) -> None:
    if any(
        z.array.dtype.kind == "b" if isinstance(z, TensorBase) else isinstance(z, bool)
        for z in (x, y)
    ):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
            "trying to invert a mask, use the `~` or `logical_not()` operator instead."
        )


class Sub(Binary):
    """``x - y``"""

    primitive = "sub"
    refuse = staticmethod(_refuse_bools)

    @classmethod
    def explain(cls, a: Any, b: Any, error: Exception) -> Exception:
        if isinstance(error, TypeError):
            return RuntimeError(
                "Subtraction, the `-` operator, with two bool tensors is not supported. Use the "
                "`^` or `logical_xor()` operator instead."
            )
        return super().explain(a, b, error)

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return grad

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.neg(grad)


class Mul(Binary):
    """``x * y``

    Tensors broadcast; one of the two may be a number.

    >>> import gpugrad
    >>> gpugrad.mul(gpugrad.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """

    primitive = "mul"
    commutes = True
    keeps_x, keeps_y = FOR_Y, FOR_X

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, self.y)

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, self.x)


class Div(Binary):
    """``x / y``"""

    primitive = "div"
    floating = True
    keeps_x, keeps_y = FOR_Y, ALWAYS

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.div(grad, self.y)

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.div_grad(self.x, self.y, grad)


class FloorDivide(Binary):
    """``x // y``, rounded towards minus infinity; it has no derivative, as in PyTorch.

    >>> import gpugrad
    >>> gpugrad.floor_divide(gpugrad.tensor([5.0, -5.0]), 3)
    tensor([ 1., -2.])
    """

    primitive = "floor_divide"
    bool_kernel = "div_floor_cpu"

    def grad_x(self, xp: Any, grad: Any) -> Any:
        raise RuntimeError("derivative for aten::floor_divide is not implemented")

    grad_y = grad_x


FloorDivide.__name__ = "NotImplemented"  # what PyTorch prints for a node without derivative


class DivFloor(Binary):
    """``floor(x / y)``; its gradient is zero."""

    torch_name = "DivBackward2"
    primitive = "floor_divide"
    bool_kernel = "div_floor_cpu"

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.zeros_like(grad)

    grad_y = grad_x


class DivTrunc(Binary):
    """``trunc(x / y)``; its gradient is zero."""

    torch_name = "DivBackward2"
    primitive = "trunc_divide"
    bool_kernel = "div_trunc_cpu"

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.zeros_like(grad)

    grad_y = grad_x


class Remainder(Binary):
    """``x - y * floor(x / y)``, with the sign of ``y``.

    Tensors broadcast; one of the two may be a number.

    >>> import gpugrad
    >>> gpugrad.remainder(gpugrad.tensor([5.0, -5.0]), 3)
    tensor([2., 1.])
    """

    primitive = "remainder"
    bool_kernel = "remainder_cpu"
    keeps_x, keeps_y = FOR_Y, FOR_Y

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return grad

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.mul(xp.neg(grad), xp.floor_divide(self.x, self.y))


class Fmod(Binary):
    """``x - y * trunc(x / y)``, with the sign of ``x``.

    Tensors broadcast; ``y`` may be a number.

    >>> import gpugrad
    >>> gpugrad.fmod(gpugrad.tensor([5.0, -5.0]), 3)
    tensor([ 2., -2.])
    """

    primitive = "fmod"
    bool_kernel = "fmod_cpu"
    keeps_x, keeps_y = FOR_Y, FOR_Y

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return grad

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.mul(xp.neg(grad), xp.trunc(xp.div(self.x, self.y)))


class Atan2(Binary):
    """The angle of the point (y, x), ``atan2(x, y)`` in terms of the operands' order.

    >>> import gpugrad
    >>> gpugrad.atan2(gpugrad.tensor([1.0, -1.0]), gpugrad.tensor([1.0, -1.0]))
    tensor([ 0.7854, -2.3562])
    """

    primitive = "atan2"
    floating = True
    keeps_x, keeps_y = ALWAYS, ALWAYS

    def _over_square(self, xp: Any, grad: Any) -> Any:
        square = xp.add(xp.square(self.x), xp.square(self.y))
        origin = xp.eq(square, 0)
        # Dividing by 1 there keeps the derivative of this, too, free of nan.
        quotient = xp.div(grad, xp.where(origin, xp.ones_like(square), square))
        return xp.where(origin, xp.zeros_like(quotient), quotient)

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(self._over_square(xp, grad), self.y)

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.neg(xp.mul(self._over_square(xp, grad), self.x))


class Hypot(Binary):
    """``sqrt(x**2 + y**2)``

    >>> import gpugrad
    >>> gpugrad.hypot(gpugrad.tensor(3.0), gpugrad.tensor(4.0))
    tensor(5.)
    """

    primitive = "hypot"
    floating = True
    refuse = staticmethod(_refuse_whole_numbers("hypot"))
    keeps_x, keeps_y, keeps_out = FOR_X, FOR_Y, ALWAYS

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.div(self.x, self.out))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.div(self.y, self.out))


class Logaddexp(Binary):
    """``log(exp(x) + exp(y))``

    Without overflow; tensors broadcast.

    >>> import gpugrad
    >>> gpugrad.logaddexp(gpugrad.tensor(100.0), gpugrad.tensor(100.0))
    tensor(100.6931)
    """

    primitive = "logaddexp"
    floating = True
    refuse = staticmethod(_refuse_whole_numbers("logaddexp"))
    keeps_x, keeps_y = ALWAYS, ALWAYS

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.sigmoid(xp.sub(self.x, self.y)))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.sigmoid(xp.sub(self.y, self.x)))


class RemainderTensor(Remainder):
    """``x % y`` for two tensors, under the name that PyTorch prints for it."""

    torch_name = "RemainderBackward1"


def remainder(x: Any, y: Any) -> Any:
    """``x - y * floor(x / y)``, with the sign of ``y``."""
    return (RemainderTensor if isinstance(y, TensorBase) else Remainder).apply(x, y)


def remainder_(x: Any, y: Any) -> Any:
    """:func:`remainder` in place."""
    return (RemainderTensor if isinstance(y, TensorBase) else Remainder).apply_(x, y)


class FmodTensor(Fmod):
    """``fmod(x, y)`` for two tensors, under the name that PyTorch prints for it."""

    torch_name = "FmodBackward1"


def fmod(x: Any, y: Any) -> Any:
    """``x - y * trunc(x / y)``, with the sign of ``x``."""
    return (FmodTensor if isinstance(y, TensorBase) else Fmod).apply(x, y)


def fmod_(x: Any, y: Any) -> Any:
    """:func:`fmod` in place."""
    return (FmodTensor if isinstance(y, TensorBase) else Fmod).apply_(x, y)


class RsubTensor(Sub):
    """``y - x`` for two tensors, under the name that PyTorch prints for it."""

    torch_name = "RsubBackward0"


class Rsub(Sub):
    """``y - x`` for a number y, under the name that PyTorch prints for it."""

    torch_name = "RsubBackward1"


def rsub(x: Any, y: Any) -> Any:
    """``y - x``, what Python asks for when ``y`` on the left is no tensor."""
    return (RsubTensor if isinstance(y, TensorBase) else Rsub).apply(y, x)


def rdiv(x: Any, y: Any) -> Any:
    """``y / x`` for a number y, computed as PyTorch does: ``y`` times the reciprocal."""
    if isinstance(y, (int, float)):
        return Mul.apply(Reciprocal.apply(x), y)
    return Div.apply(y, x)
