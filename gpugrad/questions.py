"""Functions that ask something about tensors: their type, their size, what they combine to."""

from __future__ import annotations

from typing import Any

from . import dtypes
from .autograd.engine import TensorBase


def numel(input: Any) -> int:
    """The number of elements.

    >>> import gpugrad
    >>> gpugrad.numel(gpugrad.zeros(2, 3))
    6
    """
    return int(input.array.size)


def is_tensor(obj: Any, /) -> bool:
    """Whether ``obj`` is a tensor.

    >>> import gpugrad
    >>> gpugrad.is_tensor([1.0])
    False
    """
    return isinstance(obj, TensorBase)


def is_inference(input: Any) -> bool:
    """Whether a tensor was made in inference mode.

    >>> import gpugrad
    >>> gpugrad.is_inference(gpugrad.ones(2))
    False
    """
    return bool(input.is_inference())


def is_floating_point(input: Any) -> bool:
    """Whether the elements are floating-point numbers.

    >>> import gpugrad
    >>> gpugrad.is_floating_point(gpugrad.tensor([1]))
    False
    """
    return bool(dtypes.from_numpy(input.array.dtype).is_floating_point)


def is_complex(input: Any) -> bool:
    """Whether the elements are complex numbers: never.

    >>> import gpugrad
    >>> gpugrad.is_complex(gpugrad.ones(2))
    False
    """
    return bool(input.is_complex())


def is_signed(input: Any) -> bool:
    """Whether the type can hold negative numbers.

    >>> import gpugrad
    >>> gpugrad.is_signed(gpugrad.tensor([1], dtype=gpugrad.uint8))
    False
    """
    return bool(input.is_signed())


def is_same_size(input: Any, other: Any) -> bool:
    """Whether both tensors have the same shape.

    >>> import gpugrad
    >>> gpugrad.is_same_size(gpugrad.zeros(2, 3), gpugrad.zeros(3, 2))
    False
    """
    return bool(input.array.shape == other.array.shape)


def can_cast(from_: dtypes.dtype, to: dtypes.dtype) -> bool:
    """Whether an operation may store a result of the first type in the second.

    Numbers may lose precision, not their kind: no floating-point number becomes an integer, and
    no number becomes a bool.

    >>> import gpugrad
    >>> gpugrad.can_cast(gpugrad.float64, gpugrad.float32)
    True
    """
    return from_.kind <= to.kind


def typename(obj: Any, /) -> str:
    """The type of a tensor as ``type()`` gives it, or the full name of an object's class.

    >>> import gpugrad
    >>> gpugrad.typename(gpugrad.ones(2))
    'torch.FloatTensor'
    """
    if isinstance(obj, TensorBase):
        return str(obj.type())
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None)
    if module in (None, "builtins"):
        return str(named.__qualname__)
    return f"{module}.{named.__qualname__}"


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The type that arithmetic on the two operands gives.

    >>> import gpugrad
    >>> gpugrad.result_type(gpugrad.tensor([1]), 2.5)
    torch.float32
    """
    kinds = []
    for value in (tensor1, tensor2):
        if isinstance(value, TensorBase):
            kinds.append((dtypes.from_numpy(value.array.dtype), 2 if value.array.ndim else 1))
        else:
            kinds.append((dtypes.scalar_dtype(value), 0))
    return dtypes.result_dtype(*kinds[0], *kinds[1])
