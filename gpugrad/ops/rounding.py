"""Whole numbers beside numbers, and their signs: functions that are constant between steps."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.engine import Node
from .copying import Clone
from .unary import Unary, no_bools


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
    """The largest integer not above ``x``.

    Integers as they are; the gradient is 0.

    >>> import gpugrad
    >>> gpugrad.floor(gpugrad.tensor([1.5, -1.5]))
    tensor([ 1., -2.])
    """

    primitive = "floor"


class Ceil(_Step):
    """The smallest integer not below ``x``.

    Integers as they are; the gradient is 0.

    >>> import gpugrad
    >>> gpugrad.ceil(gpugrad.tensor([1.5, -1.5]))
    tensor([ 2., -1.])
    """

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
    """``x`` without its fraction.

    Integers as they are; the gradient is 0.

    >>> import gpugrad
    >>> gpugrad.trunc(gpugrad.tensor([1.5, -1.5]))
    tensor([ 1., -1.])
    """

    primitive = "trunc"


class Sign(_Step):
    """-1, 0 or 1; 0 for nan.

    The gradient is 0.

    >>> import gpugrad
    >>> gpugrad.sign(gpugrad.tensor([-2.0, 0.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """

    primitive = "sgn"
    kept = "b"
