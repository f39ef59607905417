"""Further functions of two operands: of products with logarithms, signs, steps and powers."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS
from .arguments import needs_tensor, require_tensor, word
from .binary import ALWAYS, FOR_X, Binary
from .operands import cast
from .power import power as power_of
from .power import power_


class Xlogy(Binary):
    """``x * log(y)``, 0 where ``x`` is 0, unless ``y`` is nan."""

    primitive = "xlogy"
    floating = True
    keeps_x, keeps_y = ALWAYS, ALWAYS

    def grad_x(self, xp: Any, grad: Any) -> Any:
        slope = self.y if hasattr(self.y, "shape") else xp.mul(xp.ones_like(grad), self.y)
        flat = xp.logical_and(xp.eq(self.x, 0), xp.le(slope, 0))
        log = xp.log(xp.where(flat, xp.ones_like(slope), slope))
        return xp.mul(grad, log)

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.div(xp.mul(grad, self.x), self.y)


class XlogyOfNumber(Xlogy):
    """``x * log(y)`` for a number x, under the name that PyTorch prints for it."""

    torch_name = "XlogyBackward1"


class XlogyByNumber(Xlogy):
    """``x * log(y)`` for a number y, under the name that PyTorch prints for it."""

    torch_name = "XlogyBackward2"


class Copysign(Binary):
    """``|x|`` with the sign of ``y``; a gradient for ``x`` only, none where it is 0."""

    primitive = "copysign"
    floating = True
    keeps_x, keeps_out = FOR_X, FOR_X

    def grad_x(self, xp: Any, grad: Any) -> Any:
        same = xp.mul(xp.sgn(self.x), xp.sgn(self.out))
        return xp.mul(grad, same)

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.zeros_like(grad)


class CopysignOfNumber(Copysign):
    """The sign of a number, under the name that PyTorch prints for it."""

    torch_name = "CopysignBackward1"


def xlogy(input: Any, other: Any) -> Any:
    """``input * log(other)``, and 0 where ``input`` is 0; either may be a number.

    >>> import gpugrad
    >>> gpugrad.xlogy(gpugrad.tensor([0.0, 2.0]), gpugrad.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    if not isinstance(input, TensorBase) and not isinstance(other, TensorBase):
        raise needs_tensor("xlogy", input, other)
    if not isinstance(input, TensorBase):
        return XlogyOfNumber.apply(input, other)
    return (Xlogy if isinstance(other, TensorBase) else XlogyByNumber).apply(input, other)


def xlogy_(input: Any, other: Any) -> Any:
    """:func:`xlogy` in place."""
    return (Xlogy if isinstance(other, TensorBase) else XlogyByNumber).apply_(input, other)


def copysign(input: Any, other: Any) -> Any:
    """The size of ``input`` with the sign of ``other``, a tensor or a number.

    >>> import gpugrad
    >>> gpugrad.copysign(gpugrad.tensor([1.0, -2.0]), -1)
    tensor([-1., -2.])
    """
    return (Copysign if isinstance(other, TensorBase) else CopysignOfNumber).apply(input, other)


def copysign_(input: Any, other: Any) -> Any:
    """:func:`copysign` in place."""
    return (Copysign if isinstance(other, TensorBase) else CopysignOfNumber).apply_(input, other)


def heaviside(input: Any, values: Any) -> Any:
    """0 below zero, 1 above, ``values`` at zero; without gradient.

    >>> import gpugrad
    >>> gpugrad.heaviside(gpugrad.tensor([-2.0, 0.0, 3.0]), gpugrad.tensor(0.5))
    tensor([0.0000, 0.5000, 1.0000])
    """
    for name, position, value in (("input", 1, input), ("values", 2, values)):
        require_tensor("heaviside", name, position, value)
    if input.array.dtype != values.array.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    xp = BACKENDS[type(input.array)]
    return wrap(xp.asarray(xp.heaviside(input.array, values.array)))


def float_power(input: Any, exponent: Any) -> Any:
    """``input ** exponent`` in float64.

    >>> import gpugrad
    >>> gpugrad.float_power(gpugrad.tensor([2, 3]), 2)
    tensor([4., 9.], dtype=torch.float64)
    """
    if not isinstance(input, TensorBase) and not isinstance(exponent, TensorBase):
        raise needs_tensor("float_power", input, exponent)
    base, power = (
        cast(v, dtypes.float64) if isinstance(v, TensorBase) else v for v in (input, exponent)
    )
    return power_of(base, power)


def float_power_(input: Any, exponent: Any) -> Any:
    """:func:`float_power` in place, for a float64 tensor."""
    if input.array.dtype != "float64":
        raise RuntimeError(
            f"the base given to float_power_ has dtype {word(input.array)} but the operation's "
            "result requires dtype Double"
        )
    return power_(input, cast(exponent, dtypes.float64))
