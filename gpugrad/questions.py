"""Functions that ask something about tensors: their type, their size, what they combine to."""

from __future__ import annotations

from typing import Any

from . import dtypes
from .autograd.engine import TensorBase


def numel(input: Any) -> int:
    """The number of elements."""
    return int(input.array.size)


def is_tensor(obj: Any, /) -> bool:
    """Whether ``obj`` is a tensor."""
    return isinstance(obj, TensorBase)


def is_floating_point(input: Any) -> bool:
    """Whether the elements are floating-point numbers."""
    return bool(dtypes.from_numpy(input.array.dtype).is_floating_point)


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The type that arithmetic on the two operands gives."""
    kinds = []
    for value in (tensor1, tensor2):
        if isinstance(value, TensorBase):
            kinds.append((dtypes.from_numpy(value.array.dtype), 2 if value.array.ndim else 1))
        else:
            kinds.append((dtypes.scalar_dtype(value), 0))
    return dtypes.result_dtype(*kinds[0], *kinds[1])
