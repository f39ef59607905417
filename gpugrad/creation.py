"""Making tensors: from data, filled with a value, as ranges, or like another tensor."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import TensorBase, differentiable, wrap
from .backend import BACKENDS, backend_of, device_of, get_backend
from .device import CPU, device
from .ops import copying
from .shape_arguments import parse_size, size_from

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


def _place(where: DeviceLike) -> tuple[Any, device]:
    target = CPU if where is None else device(where)
    return get_backend(target), target


def _numpy_type(dtype: Any, default: dtypes.dtype | None = None) -> Any:
    if dtype is None:
        return (default or dtypes.get_default_dtype()).numpy
    return dtypes.as_dtype(dtype).numpy


# --- from data -----------------------------------------------------------------------------------


def _plain(data: Any, depth: int = 0) -> Any:
    """Nested sequences with tensors in them replaced by what they hold."""
    if isinstance(data, TensorBase):
        return BACKENDS[type(data.array)].to_host(data.array)
    if isinstance(data, (list, tuple)):
        return [_plain(item, depth + 1) for item in data]
    return data


def _check_regular(data: Any, shape: list[int], depth: int = 0) -> None:
    """Raise PyTorch's error for nested sequences of unequal lengths."""
    if not isinstance(data, (list, tuple, np.ndarray)) or getattr(data, "ndim", 1) == 0:
        if depth < len(shape):
            raise TypeError(
                f"expected a sequence of length {shape[depth]} at dim {depth}, got a "
                f"{type(data).__name__}"
            )
        return
    if depth >= len(shape):
        raise TypeError("not a sequence")
    if len(data) != shape[depth]:
        raise ValueError(
            f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})"
        )
    for item in data:
        _check_regular(item, shape, depth + 1)


def _from_data(data: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """A new NumPy array of ``data`` with the type that PyTorch would infer."""
    wanted = None if dtype is None else dtypes.as_dtype(dtype).numpy
    if isinstance(data, (np.ndarray, np.generic)):
        dtypes.from_numpy(data.dtype)
        return np.array(data, wanted)
    plain = _plain(data)
    is_tensor_list = plain is not data and any(isinstance(i, np.ndarray) for i in _leaves(plain))
    try:
        array = np.array(plain)
        if array.dtype.kind == "O":
            raise ValueError("inhomogeneous")
    except ValueError:
        shape: list[int] = []
        probe = plain
        while isinstance(probe, (list, tuple)):
            shape.append(len(probe))
            if not probe:
                break
            probe = probe[0]
        _check_regular(plain, shape)
        kind = type(next(iter(_leaves(plain)), None)).__name__
        if kind == "int":
            raise RuntimeError("Overflow when unpacking long long") from None
        raise TypeError(f"new(): invalid data type '{kind}'") from None
    if array.dtype.kind in "US":
        raise TypeError(f"new(): invalid data type '{type(next(iter(_leaves(plain)))).__name__}'")
    if array.dtype == np.uint64:
        raise RuntimeError("Overflow when unpacking long long")
    if wanted is not None:
        return array.astype(wanted)
    if array.size == 0 or (
        array.dtype == np.float64 and not is_tensor_list and not _has_numpy(plain)
    ):
        return array.astype(dtypes.get_default_dtype().numpy)
    dtypes.from_numpy(array.dtype)
    return array


def _leaves(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        for item in data:
            yield from _leaves(item)
    else:
        yield data


def _has_numpy(data: Any) -> bool:
    """Whether a list holds NumPy arrays, whose type then counts."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, np.ndarray)


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A new tensor with a copy of ``data``.

    Args:
        data: a number, nested sequences of them, a NumPy array or a tensor.
        dtype: default: float literals get the default type, ints int64, bools bool; arrays and
            tensors keep theirs.
        device: where to put it; default: the CPU, or where a given tensor is.
        requires_grad: whether gradients are wanted.

    Raises:
        ValueError: for sequences of unequal lengths.
        TypeError: for anything that is no number.

    >>> import gpugrad
    >>> gpugrad.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    if isinstance(data, TensorBase):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        array = BACKENDS[type(data.array)].copy(data.array)
        moved = wrap(array).to(device=device, dtype=dtype)
        return leaf(moved.array, requires_grad)
    if type(data) in BACKENDS and not isinstance(data, (np.ndarray, np.generic)):
        backend = backend_of(data)
        moved = wrap(backend.copy(data)).to(device=device, dtype=dtype)
        return leaf(moved.array, requires_grad)
    array = _from_data(data, dtype)
    if device is not None:
        backend, where = _place(device)
        array = backend.from_host(array, where)
    return leaf(array, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: DeviceLike = None) -> Any:
    """``data`` as a tensor, sharing memory where type and device allow it."""
    if isinstance(data, TensorBase):
        return data.to(device=device, dtype=dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(device=device, dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: Any, /) -> Any:
    """A tensor that shares the memory of a NumPy array.

    Raises TypeError for anything but an array of a type that tensors have.

    >>> import gpugrad, numpy
    >>> gpugrad.from_numpy(numpy.ones(2))
    tensor([1., 1.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    return wrap(ndarray)


# --- filled --------------------------------------------------------------------------------------


def empty(
    *args: Any,
    size: Any = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Any:
    """A tensor with whatever the memory held before."""
    backend, where = _place(device)
    with backend.on(where):
        return leaf(
            backend.empty(size_from("empty", args, size), _numpy_type(dtype)), requires_grad
        )


def zeros(
    *args: Any,
    size: Any = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of zeros.

    >>> import gpugrad
    >>> gpugrad.zeros(2)
    tensor([0., 0.])
    """
    backend, where = _place(device)
    with backend.on(where):
        return leaf(
            backend.zeros(size_from("zeros", args, size), _numpy_type(dtype)), requires_grad
        )


def ones(
    *args: Any,
    size: Any = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of ones.

    >>> import gpugrad
    >>> gpugrad.ones(2, dtype=gpugrad.int64)
    tensor([1, 1])
    """
    backend, where = _place(device)
    with backend.on(where):
        return leaf(
            backend.full(size_from("ones", args, size), 1, _numpy_type(dtype)), requires_grad
        )


def full(
    size: Any,
    fill_value: Any,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of one value, of the value's type unless ``dtype`` is given.

    >>> import gpugrad
    >>> gpugrad.full((2,), 7)
    tensor([7, 7])
    """
    value = fill_value.item() if isinstance(fill_value, TensorBase) else fill_value
    backend, where = _place(device)
    kind = _numpy_type(dtype, dtypes.scalar_dtype(value))
    with backend.on(where):
        return leaf(backend.full(parse_size("full", size), value, kind), requires_grad)


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
    backend, where = _place(device)
    array = np.eye(n, m, dtype=_numpy_type(dtype))
    return leaf(backend.from_host(array, where), requires_grad)


# --- ranges --------------------------------------------------------------------------------------


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``start, start + step, ...`` up to but without ``end``.

    int64 if all arguments are ints, else the default floating type.

    >>> import gpugrad
    >>> gpugrad.arange(1, 7, 2)
    tensor([1, 3, 5])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if isinstance(v, TensorBase) else v for v in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (step > 0 and start > end) or (step < 0 and start < end):
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    integers = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
    kind = _numpy_type(dtype, dtypes.int64 if integers else dtypes.get_default_dtype())
    count = math.ceil((end - start) / step)
    backend, where = _place(device)
    if integers and kind == np.int64:
        array: Any = np.arange(start, end, step, dtype=np.int64)
    else:
        array = (start + step * np.arange(count, dtype=np.float64)).astype(kind)
    return leaf(backend.from_host(array, where), requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``steps`` evenly spaced values from ``start`` to ``end``, both included.

    Counted from both ends to the middle, as PyTorch does, so that both ends are exact.

    >>> import gpugrad
    >>> gpugrad.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    start, end = (v.item() if isinstance(v, TensorBase) else v for v in (start, end))
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    kind = _numpy_type(dtype)
    backend, where = _place(device)
    array = _spaced(start, end, steps, kind)
    return leaf(backend.from_host(array, where), requires_grad)


def _spaced(start: Any, end: Any, steps: int, kind: Any) -> Any:
    work = kind if kind.kind == "f" and kind.itemsize > 2 else np.dtype(np.float64)
    first, last = work.type(start), work.type(end)
    if steps < 2:
        return np.full(steps, start).astype(kind)
    step = (last - first) / work.type(steps - 1)
    ahead = np.arange(steps, dtype=work)
    rising = first + step * ahead
    falling = last - step * ahead[::-1]
    return np.where(np.arange(steps) < steps // 2, rising, falling).astype(kind)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``base`` to the powers of :func:`linspace`."""
    kind = _numpy_type(dtype)
    backend, where = _place(device)
    array = np.power(np.float64(base), _spaced(start, end, steps, np.dtype(np.float64)))
    return leaf(backend.from_host(array.astype(kind), where), requires_grad)


# --- like another tensor -------------------------------------------------------------------------


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
    """Zeros of the shape, type and device of ``input``."""
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
    """Ones of the shape, type and device of ``input``."""
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
    """Memory of the shape, type and device of ``input``."""
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
    """One value in the shape, type and device of ``input``."""
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


# --- about a tensor ------------------------------------------------------------------------------


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy in new memory, through which gradients flow."""
    return copying.Clone.apply(input)


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
