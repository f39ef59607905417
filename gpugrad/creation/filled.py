"""Tensors filled with a value, or with whatever the memory held."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.engine import TensorBase
from ..backend.recording import made_in_python
from ..out_argument import created
from ..shape_arguments import parse_size, size_from
from .placing import DeviceLike, leaf, numpy_type, place


@created
def empty(
    *args: Any,
    size: Any = None,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor with whatever the memory held before.

    >>> import gpugrad
    >>> gpugrad.empty(2, 3).shape
    torch.Size([2, 3])
    """
    backend, where = place(device)
    with backend.on(where):
        return leaf(backend.empty(size_from("empty", args, size), numpy_type(dtype)), requires_grad)


@created
def zeros(
    *args: Any,
    size: Any = None,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of zeros.

    >>> import gpugrad
    >>> gpugrad.zeros(2)
    tensor([0., 0.])
    """
    backend, where = place(device)
    with backend.on(where):
        return leaf(backend.zeros(size_from("zeros", args, size), numpy_type(dtype)), requires_grad)


@created
def ones(
    *args: Any,
    size: Any = None,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of ones.

    >>> import gpugrad
    >>> gpugrad.ones(2, dtype=gpugrad.int64)
    tensor([1, 1])
    """
    backend, where = place(device)
    with backend.on(where):
        return leaf(
            backend.full(size_from("ones", args, size), 1, numpy_type(dtype)), requires_grad
        )


@created
def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of one value, of the value's type unless ``dtype`` is given.

    >>> import gpugrad
    >>> gpugrad.full((2,), 7)
    tensor([7, 7])
    """
    value = fill_value.item() if isinstance(fill_value, TensorBase) else fill_value
    backend, where = place(device)
    kind = numpy_type(dtype, dtypes.scalar_dtype(value))
    with backend.on(where):
        return leaf(backend.full(parse_size("full", size), value, kind), requires_grad)


@created
def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """The identity matrix, n by m.

    >>> import gpugrad
    >>> gpugrad.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if n < 0:
        raise RuntimeError(f"n must be greater or equal to 0, got {n}")
    if m is not None and m < 0:
        raise RuntimeError(f"m must be greater or equal to 0, got {m}")
    backend, where = place(device)
    array = np.eye(n, m, dtype=numpy_type(dtype))
    return leaf(made_in_python(backend, array, where), requires_grad)
