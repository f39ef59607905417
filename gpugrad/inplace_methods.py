"""In-place methods that are more than an op's own."""

from __future__ import annotations

from typing import Any

from . import creation
from .arithmetic_functions import division, scaled
from .autograd.composed import inplace_shown_as
from .autograd.engine import TensorBase
from .autograd.inplace import apply_inplace
from .function_makers import Function, named, refuse
from .ops import arithmetic, copying, power
from .ops.arguments import word
from .ops.binary import Binary
from .ops.old_signatures import factor_first
from .ops.overwriting import overwritten
from .ops.unary import Unary

SHOWN_AS = {f"{name}_": f"{name.capitalize()}Backward1" for name in ("asinh", "acosh", "atanh")}
"""Methods whose nodes print under other names than their functions' nodes."""


def _checked(name: str, cls: type[Binary], self: Any, other: Any) -> Any:
    """Apply an op in place; operators may decline what methods must refuse."""
    result = cls.apply_(self, other)
    if result is NotImplemented:
        raise refuse(name, self, other)
    return result


def of_one(name: str, cls: type[Unary]) -> Function:
    """The in-place form of an op of one operand."""
    method = cls.apply_
    return inplace_shown_as(SHOWN_AS[name])(method) if name in SHOWN_AS else method


def of_two(name: str, cls: type[Binary]) -> Function:
    """The in-place form of an op of two operands."""

    def method(self: Any, other: Any) -> Any:
        return _checked(name, cls, self, other)

    return named(method, name, cls)


def add_(self: Any, other: Any, *old: Any, alpha: Any = 1) -> Any:
    if old:
        other, alpha = factor_first("add_", other, old)
    if alpha.__class__ is float and overwritten(self, "add_scaled", other, alpha):
        return self
    return _checked("add_", arithmetic.Add, self, scaled(other, alpha, self))


def sub_(self: Any, other: Any, *old: Any, alpha: Any = 1) -> Any:
    if old:
        other, alpha = factor_first("sub_", other, old)
    if alpha.__class__ is float and overwritten(self, "add_scaled", other, -alpha):
        return self
    return _checked("sub_", arithmetic.Sub, self, scaled(other, alpha, self))


def div_(self: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    return _checked("div_", division(rounding_mode), self, other)


def _by_tensor_too(name: str, apply_: Function, cls: type[Binary]) -> Function:
    def method(self: Any, other: Any) -> Any:
        result = apply_(self, other)
        if result is NotImplemented:
            raise refuse(name, self, other)
        return result

    return named(method, name, cls)


remainder_ = _by_tensor_too("remainder_", arithmetic.remainder_, arithmetic.Remainder)
fmod_ = _by_tensor_too("fmod_", arithmetic.fmod_, arithmetic.Fmod)


def pow_(self: Any, exponent: Any) -> Any:
    result = power.power_(self, exponent)
    if result is NotImplemented:
        raise refuse("pow_", self, exponent)
    return result


def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    return copying.copy_(self, src if isinstance(src, TensorBase) else creation.as_tensor(src))


def fill_(self: Any, value: Any) -> Any:
    if isinstance(value, TensorBase):
        if value.array.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.array.ndim} dimensions."
            )
        return copying.copy_(self, value)
    return copying.fill_(self, value)


def zero_(self: Any) -> Any:
    return copying.fill_(self, 0, copying.Zero)


def round_(self: Any, *, decimals: int | None = None) -> Any:
    from .ops import rounding  # needed by this method alone

    if decimals is not None and self.array.dtype.kind in "iub":
        kernel = "round_cpu" if decimals else "round_vml_cpu"
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{word(self.array)}'")
    if decimals:
        return apply_inplace(rounding.RoundTo, self, decimals)
    return rounding.Round.apply_(self)


def addmm_(self: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    from .ops import linear  # needed by this method alone

    result = linear.addmm(self, mat1, mat2, beta=beta, alpha=alpha)
    if result.array.shape != self.array.shape:
        raise RuntimeError(
            f"Bad in-place call: input tensor size {list(self.array.shape)} and output tensor size "
            f"{list(result.array.shape)} should match"
        )
    return apply_inplace(linear.Addmm, self, mat1, mat2, beta, alpha)


def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
    """A number written on the diagonal; ``wrap`` starts again below a tall matrix's end."""
    from .ops import strided  # needed by this method alone

    sizes = self.array.shape
    if len(sizes) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(sizes) > 2 and len(set(sizes)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    length = min(sizes)
    steps = self.stride()
    strided.as_strided(self, (length,), (sum(steps),)).fill_(fill_value)
    if wrap and len(sizes) == 2 and sizes[0] > sizes[1] + 1:
        below = self.detach()[sizes[1] + 1 :]
        fill_diagonal_(below, fill_value, wrap)
    return self
