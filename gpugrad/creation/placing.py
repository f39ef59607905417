"""What creation functions share: where a tensor goes, its type, and whether it is a leaf."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import differentiable, wrap
from ..backend import get_backend
from ..device import CPU, WANTED, device

DeviceLike = Any
"""A :class:`gpugrad.device`, its string, or a CUDA index."""


def leaf(array: Any, requires_grad: bool = False) -> Any:
    """A tensor over ``array``. Raises RuntimeError if its type cannot require gradients."""
    result = wrap(array)
    if requires_grad:
        if not differentiable(array):
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        result.needs_grad = True
    return result


def place(where: DeviceLike) -> tuple[Any, device]:
    target = WANTED.device or CPU if where is None else device(where)
    return get_backend(target), target


def numpy_type(dtype: Any, default: dtypes.dtype | None = None) -> Any:
    if dtype is None:
        return (default or dtypes.get_default_dtype()).numpy
    return dtypes.as_dtype(dtype).numpy
