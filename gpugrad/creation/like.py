"""Tensors with the type and the device, or the shape, of another tensor."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import TensorBase
from ..backend import device_of, get_backend
from ..device import device
from .filled import empty, full, ones, zeros
from .from_data import tensor
from .placing import DeviceLike, leaf


def _like(input: Any, dtype: Any, where: DeviceLike) -> tuple[Any, device, Any]:
    kind = input.array.dtype if dtype is None else dtypes.as_dtype(dtype).numpy
    target = device_of(input.array) if where is None else device(where)
    return get_backend(target), target, kind


def zeros_like(
    input: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Any:
    """Zeros of the shape, type and device of ``input``.

    >>> import gpugrad
    >>> gpugrad.zeros_like(gpugrad.tensor([1, 2]))
    tensor([0, 0])
    """
    backend, where, kind = _like(input, dtype, device)
    with backend.on(where):
        return leaf(backend.zeros(input.array.shape, kind), requires_grad)


def ones_like(
    input: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Any:
    """Ones of the shape, type and device of ``input``.

    >>> import gpugrad
    >>> gpugrad.ones_like(gpugrad.tensor([1, 2]))
    tensor([1, 1])
    """
    backend, where, kind = _like(input, dtype, device)
    with backend.on(where):
        return leaf(backend.full(input.array.shape, 1, kind), requires_grad)


def empty_like(
    input: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Any:
    """Memory of the shape, type and device of ``input``.

    >>> import gpugrad
    >>> gpugrad.empty_like(gpugrad.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    backend, where, kind = _like(input, dtype, device)
    with backend.on(where):
        return leaf(backend.empty(input.array.shape, kind), requires_grad)


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Any:
    """One value in the shape, type and device of ``input``.

    >>> import gpugrad
    >>> gpugrad.full_like(gpugrad.tensor([1, 2]), 7)
    tensor([7, 7])
    """
    backend, where, kind = _like(input, dtype, device)
    value = fill_value.item() if isinstance(fill_value, TensorBase) else fill_value
    with backend.on(where):
        return leaf(backend.full(input.array.shape, value, kind), requires_grad)


def new_tensor(
    self: Any,
    data: Any,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A new tensor of ``data`` with this tensor's type and device."""
    result = tensor(data, dtype=self.dtype if dtype is None else dtype)
    return leaf(result.to(self.device if device is None else device).array, requires_grad)


def new_zeros(
    self: Any, *size: Any, dtype: Any = None, device: DeviceLike = None, requires_grad: bool = False
) -> Any:
    """Zeros of another shape with this tensor's type and device."""
    return zeros(
        *size, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
    )


def new_ones(
    self: Any, *size: Any, dtype: Any = None, device: DeviceLike = None, requires_grad: bool = False
) -> Any:
    """Ones of another shape with this tensor's type and device."""
    return ones(
        *size, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
    )


def new_empty(
    self: Any, *size: Any, dtype: Any = None, device: DeviceLike = None, requires_grad: bool = False
) -> Any:
    """Memory of another shape with this tensor's type and device."""
    return empty(
        *size, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
    )


def new_full(
    self: Any,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """One value in another shape with this tensor's type and device."""
    return full(
        size,
        fill_value,
        dtype=dtype or self.dtype,
        device=device or self.device,
        requires_grad=requires_grad,
    )
