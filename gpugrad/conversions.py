"""Methods that give a tensor's values in another form: numbers, NumPy arrays, types, devices."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import TensorBase, wrap
from .backend import BACKENDS
from .description import CHANNELS_LAST
from .device import device
from .operators import Operators
from .ops import copying


class Conversions(Operators):
    """A tensor's methods by which its values leave it."""

    __slots__ = ()

    def item(self) -> Any:
        """The value of a single element as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
            )
        return BACKENDS[type(self.array)].to_host(self.array).item()

    def tolist(self) -> Any:
        """The values as nested lists, or a number for a 0-d tensor."""
        return BACKENDS[type(self.array)].to_host(self.array).tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The values as a NumPy array that shares this tensor's memory.

        Args:
            force: copy from the device and leave the graph if need be.

        Raises:
            TypeError: the tensor is on a CUDA device.
            RuntimeError: it requires gradients.
        """
        if force:
            return BACKENDS[type(self.array)].to_host(self.array)
        if type(self.array) is not np.ndarray:
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to "
                "copy the tensor to host memory first."
            )
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        return BACKENDS[np.ndarray].to_host(self.array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError("Unable to avoid copy while creating an array as requested.")
            return array.astype(dtype)
        return array.copy() if copy else array

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """In another type or on another device: ``to(dtype)``, ``to(device)``, ``to(other)``.

        Args:
            non_blocking: accepted; copies are ordered by the stream.
            copy: make a copy even if nothing changes.
        """
        return _to(self, *args, **kwargs)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The type's name, ``"torch.FloatTensor"``, or this tensor in another type."""
        if dtype is None:
            prefix = "torch.cuda." if self.is_cuda else "torch."
            return prefix + self.dtype.tensor_type
        if isinstance(dtype, str):
            name, short = dtype, dtype.removeprefix("torch.").removeprefix("cuda.")
            dtype = next((d for d in dtypes.ALL if d.tensor_type == short), None)
            if dtype is None:
                raise ValueError(f"invalid type: '{name}'")
            return self.to("cuda" if name.startswith("torch.cuda.") else "cpu", dtype)
        if hasattr(dtype, "place"):  # such as FloatTensor
            return self.to(dtype.place, dtype.dtype)
        return self.to(dtype)

    def type_as(self, other: TensorBase) -> Any:
        """In the type and on the device of ``other``."""
        return self.to(other)

    def cpu(self) -> Any:
        """On the CPU."""
        return _to(self, "cpu")

    def cuda(self, device: Any = None, non_blocking: bool = False) -> Any:
        """On a CUDA device."""
        return _to(self, "cuda" if device is None else device)

    def pin_memory(self, device: Any = None) -> Any:
        """A copy in pinned memory of the host, from which a GPU reads by itself.

        Args:
            device: accepted for PyTorch's sake.

        Raises:
            RuntimeError: there is no GPU, or this tensor is on one.
        """
        if self.is_cuda:
            raise RuntimeError(f"cannot pin '{self.type()}' only dense CPU tensors can be pinned")
        from .backend.pinned import pinned_copy  # which few programs need

        array = pinned_copy(self.array)
        return self if array is self.array else wrap(array)

    def is_pinned(self, device: Any = None) -> bool:
        """Whether this tensor is in pinned memory."""
        from .backend.pinned import is_pinned

        return not self.is_cuda and is_pinned(self.array)


def _to(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Read ``to``'s arguments, whatever their order, and convert if anything changes."""
    where, wanted = kwargs.pop("device", None), kwargs.pop("dtype", None)
    copy = bool(kwargs.pop("copy", False))
    kwargs.pop("non_blocking", None)
    arrangement = kwargs.pop("memory_format", None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{next(iter(kwargs))}'")
    for number, value in enumerate(args):
        if isinstance(value, TensorBase):
            where, wanted = value.device, value.dtype
        elif isinstance(value, (str, device)) or (
            isinstance(value, int) and value is not True and value is not False
        ):
            where = value
        elif isinstance(value, bool):
            copy = value if number >= 2 else copy
        elif value is not None:
            wanted = dtypes.as_dtype(value)
    result = x
    if wanted is not None:
        kind = dtypes.as_dtype(wanted).numpy
        if x.array.dtype != kind:
            result = copying.Cast.apply(result, kind)
    if where is not None:
        target = device(where)
        here = x.device
        same = target.type == here.type and (
            target.index in (None, here.index) or here.index is None
        )
        if not same:
            result = copying.Move.apply(result, target)
    if arrangement in CHANNELS_LAST:
        result = result.contiguous(memory_format=arrangement)
    return copying.Clone.apply(result) if copy and result is x else result
