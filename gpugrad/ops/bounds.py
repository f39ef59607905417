"""``clamp`` from one side, and the in-place forms of logic."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import TensorBase
from ..autograd.inplace import apply_inplace
from .compare import logical_and, logical_not, logical_or, logical_xor
from .copying import copy_
from .mixing import common_type
from .operands import cast, number_beside
from .select import ClampOneSide
from .unary import Unary


class ClampMin(Unary):
    """``x`` kept above a number."""

    primitive = "maximum"
    floating = False
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.clamp_grad(self.x, grad, self.params[0], None)


class ClampMax(Unary):
    """``x`` kept below a number."""

    primitive = "minimum"
    floating = False
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.clamp_grad(self.x, grad, None, self.params[0])


class ClampMinTensor(ClampOneSide):
    """``x`` kept above a tensor."""

    __slots__ = ()
    torch_name = "ClampMinBackward1"


class ClampMaxTensor(ClampOneSide):
    """``x`` kept below a tensor."""

    __slots__ = ()
    torch_name = "ClampMaxBackward1"


# --- functions -----------------------------------------------------------------------------------


def _by_tensor(cls: type[ClampOneSide], input: Any, bound: Any) -> Any:
    kind = common_type(input, bound)
    return cls.apply(cast(input, kind), cast(bound, kind), cls is ClampMinTensor)


def _bound(cls: type[Unary], form: str, input: Any, bound: Any) -> Any:
    x = input
    if isinstance(bound, float) and x.array.dtype.kind in "iub":
        x = cast(x, dtypes.get_default_dtype())
    return getattr(cls, form)(x, number_beside(x, bound))


def _by_tensor_inplace(cls: type[ClampOneSide], input: Any, bound: Any) -> Any:
    return apply_inplace(cls, input, cast(bound, common_type(input, bound)), cls is ClampMinTensor)


def clamp_min(input: Any, min: Any) -> Any:
    """``input`` kept above ``min``, a number or a tensor.

    >>> import gpugrad
    >>> gpugrad.clamp_min(gpugrad.tensor([-1.0, 2.0]), 0)
    tensor([0., 2.])
    """
    if isinstance(min, TensorBase):
        return _by_tensor(ClampMinTensor, input, min)
    return _bound(ClampMin, "apply", input, min)


def clamp_min_(input: Any, min: Any) -> Any:
    """:func:`clamp_min` in place."""
    if isinstance(min, TensorBase):
        return _by_tensor_inplace(ClampMinTensor, input, min)
    return ClampMin.apply_(input, min)


def clamp_max(input: Any, max: Any) -> Any:
    """``input`` kept below ``max``, a number or a tensor.

    >>> import gpugrad
    >>> gpugrad.clamp_max(gpugrad.tensor([1.0, 5.0]), 3)
    tensor([1., 3.])
    """
    if isinstance(max, TensorBase):
        return _by_tensor(ClampMaxTensor, input, max)
    return _bound(ClampMax, "apply", input, max)


def clamp_max_(input: Any, max: Any) -> Any:
    """:func:`clamp_max` in place."""
    if isinstance(max, TensorBase):
        return _by_tensor_inplace(ClampMaxTensor, input, max)
    return ClampMax.apply_(input, max)


def logical_not_(input: Any) -> Any:
    """Whether an element is zero, written over it as 1 or 0."""
    return copy_(input, logical_not(input))


def logical_and_(input: Any, other: Any) -> Any:
    """Whether both are true, written over ``input`` as 1 or 0."""
    return copy_(input, logical_and(input, other))


def logical_or_(input: Any, other: Any) -> Any:
    """Whether one or both are true, written over ``input`` as 1 or 0."""
    return copy_(input, logical_or(input, other))


def logical_xor_(input: Any, other: Any) -> Any:
    """Whether exactly one is true, written over ``input`` as 1 or 0."""
    return copy_(input, logical_xor(input, other))
