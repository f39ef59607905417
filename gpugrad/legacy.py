"""PyTorch's older constructors: ``Tensor(2, 3)``, ``FloatTensor([1, 2])`` and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import TensorBase, wrap
from .backend import device_of
from .creation import empty, tensor
from .device import CPU, device
from .size import Size


def legacy_tensor(cls: Any, *args: Any, dtype: Any = None, device: Any = None) -> Any:
    """``Tensor(2, 3)``: a shape; ``Tensor([2, 3])``: values; always of one floating type."""
    kind, device = dtype or dtypes.get_default_dtype(), device or CPU
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
    """Makes ``isinstance(x, FloatTensor)`` a question about type and device, as in PyTorch."""

    dtype: dtypes.dtype
    place: device

    def __instancecheck__(cls, instance: object) -> bool:
        return (
            isinstance(instance, TensorBase)
            and dtypes.from_numpy(instance.array.dtype) is cls.dtype
            and device_of(instance.array).type == cls.place.type
        )

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        where = cls.place if device is None else device
        return legacy_tensor(_plain_tensor(), *args, dtype=cls.dtype, device=where)

    def __repr__(cls) -> str:
        return f"<class '{cls.__module__}.{cls.__name__}'>"


def _plain_tensor() -> Any:
    return type(wrap(np.empty(0)))


def _typed(d: dtypes.dtype, place: device = CPU) -> Any:
    module = "torch" if place is CPU else "torch.cuda"
    doc = f"PyTorch's older constructor for {d} on the device {place}."
    body = {"dtype": d, "place": place, "__module__": module, "__doc__": doc}
    return _TypedTensor(d.tensor_type, (), body)


HalfTensor = _typed(dtypes.float16)
FloatTensor = _typed(dtypes.float32)
DoubleTensor = _typed(dtypes.float64)
ByteTensor = _typed(dtypes.uint8)
CharTensor = _typed(dtypes.int8)
ShortTensor = _typed(dtypes.int16)
IntTensor = _typed(dtypes.int32)
LongTensor = _typed(dtypes.int64)
BoolTensor = _typed(dtypes.bool_)

ON_CUDA = {d.tensor_type: _typed(d, device("cuda")) for d in dtypes.ALL}
"""The same for CUDA devices, which :mod:`gpugrad.cuda` has under these names."""
