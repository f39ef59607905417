"""PyTorch's older constructors: ``Tensor(2, 3)``, ``FloatTensor([1, 2])`` and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import TensorBase, wrap
from .creation import empty, tensor
from .size import Size


def legacy_tensor(cls: Any, *args: Any, dtype: Any = None, device: Any = None) -> Any:
    """``Tensor(2, 3)``: a shape; ``Tensor([2, 3])``: values; always of one floating type."""
    kind = dtype or dtypes.get_default_dtype()
    if len(args) == 1 and not isinstance(args[0], int):
        data = args[0]
        if isinstance(data, Size):
            result = empty(tuple(data), dtype=kind, device=device)
        elif isinstance(data, TensorBase):
            result = data.detach()
        else:
            result = tensor(data, dtype=kind, device=device)
    else:
        result = empty(*(args or (0,)), dtype=kind, device=device)
    result.__class__ = cls
    return result


class _TypedTensor(type):
    """Makes ``isinstance(x, FloatTensor)`` a question about the type, as in PyTorch."""

    dtype: dtypes.dtype

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TensorBase) and (
            dtypes.from_numpy(instance.array.dtype) is cls.dtype
        )

    def __call__(cls, *args: Any) -> Any:
        return legacy_tensor(_plain_tensor(), *args, dtype=cls.dtype)


def _plain_tensor() -> Any:
    return type(wrap(np.empty(0)))


def _typed(d: dtypes.dtype) -> Any:
    return _TypedTensor(
        d.tensor_type, (), {"dtype": d, "__doc__": f"PyTorch's older constructor for {d}."}
    )


HalfTensor = _typed(dtypes.float16)
FloatTensor = _typed(dtypes.float32)
DoubleTensor = _typed(dtypes.float64)
ByteTensor = _typed(dtypes.uint8)
CharTensor = _typed(dtypes.int8)
ShortTensor = _typed(dtypes.int16)
IntTensor = _typed(dtypes.int32)
LongTensor = _typed(dtypes.int64)
BoolTensor = _typed(dtypes.bool_)
