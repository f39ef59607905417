"""Python's operators for tensors, and the transposes that are written as attributes."""

from __future__ import annotations

import warnings
from typing import Any

from .autograd.engine import TensorBase, wrap
from .backend import BACKENDS
from .description import Described
from .ops import (
    arithmetic,
    compare,
    index,
    matmul,
    pointwise,
    power,
    repeating,
    shape,
)


class Operators(Described):
    """What ``x[i]``, ``x + y``, ``x @ y``, ``x.T`` and the like mean."""

    __slots__ = ()
    __hash__ = object.__hash__

    __getitem__ = index.getitem
    __setitem__ = index.setitem

    __neg__ = pointwise.Neg.apply
    __abs__ = pointwise.Abs.apply
    __invert__ = compare.invert

    def __pos__(self) -> Any:
        return self

    __add__ = arithmetic.Add.apply
    __radd__ = arithmetic.Add.reflected
    __iadd__ = arithmetic.Add.apply_
    __sub__ = arithmetic.Sub.apply
    __rsub__ = arithmetic.rsub
    __isub__ = arithmetic.Sub.apply_
    __mul__ = arithmetic.Mul.apply
    __rmul__ = arithmetic.Mul.reflected
    __imul__ = arithmetic.Mul.apply_
    __truediv__ = arithmetic.Div.apply
    __rtruediv__ = __rdiv__ = arithmetic.rdiv
    __itruediv__ = arithmetic.Div.apply_
    __floordiv__ = arithmetic.FloorDivide.apply
    __rfloordiv__ = arithmetic.FloorDivide.reflected
    __ifloordiv__ = arithmetic.FloorDivide.apply_
    __mod__ = arithmetic.remainder
    __rmod__ = arithmetic.Remainder.reflected
    __imod__ = arithmetic.Remainder.apply_
    __pow__ = power.power
    __rpow__ = power.reflected_power
    __ipow__ = power.power_
    __matmul__ = matmul.matmul

    def __rmatmul__(self, other: Any) -> Any:
        if isinstance(other, TensorBase):
            return matmul.matmul(other, self)
        return matmul.matmul(wrap(other), self) if type(other) in BACKENDS else NotImplemented

    __eq__ = compare.eq
    __ne__ = compare.ne
    __lt__ = compare.lt
    __le__ = compare.le
    __gt__ = compare.gt
    __ge__ = compare.ge
    __and__ = compare.bitwise_and
    __rand__ = compare.bitwise_and
    __or__ = compare.bitwise_or
    __ror__ = compare.bitwise_or
    __xor__ = compare.bitwise_xor
    __rxor__ = compare.bitwise_xor
    __lshift__ = compare.left_shift
    __rshift__ = compare.right_shift

    def __rlshift__(self, other: Any) -> Any:
        return compare.left_shift(other, self)

    def __rrshift__(self, other: Any) -> Any:
        return compare.right_shift(other, self)

    def __reversed__(self) -> Any:
        return repeating.flip(self, (0,)) if self.array.ndim else self

    @property
    def T(self) -> Any:
        ndim = self.array.ndim
        if ndim not in (0, 2):
            warnings.warn(
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
                "deprecated and it will throw an error in a future release. Consider `x.mT` to "
                "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` "
                "to reverse the dimensions of a tensor.",
                UserWarning,
                stacklevel=2,
            )
        return shape.Permute.apply(self, tuple(range(ndim - 1, -1, -1)))

    @property
    def H(self) -> Any:  # noqa: N802  # PyTorch's name
        ndim = self.array.ndim
        if ndim not in (0, 2):
            raise RuntimeError(
                f"tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor."
                + (" For batches of matrices, consider using tensor.mH" if ndim > 2 else "")
            )
        return shape.transpose(self, 0, 1) if ndim else self

    @property
    def mH(self) -> Any:  # noqa: N802  # PyTorch's name
        if self.array.ndim < 2:
            raise RuntimeError(
                "tensor.mH is only supported on matrices or batches of matrices. Got "
                f"{self.array.ndim}-D tensor."
            )
        return shape.transpose(self, -2, -1)

    @property
    def mT(self) -> Any:
        if self.array.ndim < 2:
            raise RuntimeError(
                "tensor.mT is only supported on matrices or batches of matrices. Got "
                f"{self.array.ndim}-D tensor."
            )
        return shape.transpose(self, -2, -1)
