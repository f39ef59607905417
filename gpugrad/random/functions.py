"""Tensors of random numbers: ``rand``, ``randn``, ``randint`` and their kin.

On the CPU all of them give PyTorch's numbers for the same seed and the same sequence of calls.
Float64 numbers that pass through a logarithm, sine or cosine can differ in the last bit.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..autograd.engine import Node, TensorBase, wrap
from ..backend import device_of, get_backend
from ..creation import leaf
from ..device import CPU, WANTED
from ..device import device as Device
from ..dtypes import as_dtype, dtype, get_default_dtype, int64
from ..ops.operands import explain
from ..out_argument import created
from ..shape_arguments import Shape, mismatch, parse_size, size_from
from . import draws
from .generator import Generator

Tensor = Any


def _kind(dtype: dtype | None, device: Any, default: dtype | None = None) -> tuple[Any, Device]:
    """NumPy's dtype and the device of a new array."""
    chosen = default or get_default_dtype() if dtype is None else as_dtype(dtype)
    return chosen.numpy, WANTED.device or CPU if device is None else Device(device)


def _like(
    function: str, input: Tensor, dtype: dtype | None, device: Any
) -> tuple[Shape, Any, Device]:
    """Shape, NumPy's dtype and device of a new array like ``input``."""
    if not isinstance(input, TensorBase):
        raise TypeError(
            f"{function}(): argument 'input' (position 1) must be Tensor, not "
            f"{type(input).__name__}"
        )
    array = input.array
    kind = array.dtype if dtype is None else as_dtype(dtype).numpy
    return array.shape, kind, device_of(array) if device is None else Device(device)


# --- uniform and normal numbers ------------------------------------------------------------------


@created
def rand(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1).

    Args:
        args: the shape, as ints or as one tuple.
        generator: where the numbers come from; the device's default generator unless given.
        dtype: a floating-point type, by default the default one.
        device: where the tensor is made, the default device unless given.
        requires_grad: whether operations on the tensor are recorded.

    Raises:
        NotImplementedError: for a dtype that is not floating point.
        RuntimeError: for a negative dimension.

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.rand(2, 3)
    tensor([[0.4963, 0.7682, 0.0885],
            [0.1320, 0.3074, 0.6341]])
    """
    shape = size_from("rand", args, size)
    array = draws.uniform(shape, *_kind(dtype, device), generator=generator)
    return leaf(array, requires_grad)


@created
def randn(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers with mean 0 and variance 1; arguments as in :func:`rand`.

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.randn(4)
    tensor([ 1.5410, -0.2934, -2.1788,  0.5684])
    """
    shape = size_from("randn", args, size)
    array = draws.normal(shape, *_kind(dtype, device), generator=generator)
    return leaf(array, requires_grad)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1) in the shape, dtype and place of ``input``.

    >>> import gpugrad
    >>> gpugrad.rand_like(gpugrad.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    array = draws.uniform(*_like("rand_like", input, dtype, device), generator=generator)
    return leaf(array, requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers in the shape, dtype and place of ``input``.

    >>> import gpugrad
    >>> gpugrad.randn_like(gpugrad.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    array = draws.normal(*_like("randn_like", input, dtype, device), generator=generator)
    return leaf(array, requires_grad)


@created
def normal(
    mean: float | Tensor,
    std: float | Tensor = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers of given means and standard deviations.

    Args:
        mean: a number, or a tensor with one mean for each number.
        std: a number, or a tensor; broadcast with ``mean``.
        size: the shape, needed if ``mean`` and ``std`` are numbers and refused otherwise.
        dtype, device, requires_grad: as in :func:`rand`, where ``size`` is given. Otherwise the
            result is of the tensor's dtype, ``mean``'s if both are tensors.

    Raises:
        RuntimeError: if a standard deviation is negative.

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.normal(gpugrad.tensor([0.0, 10.0]), 0.1)
    tensor([0.1541, 9.9707])
    """
    tensors = [t.array for t in (mean, std) if isinstance(t, TensorBase)]
    if not tensors:
        if size is None:
            raise mismatch("normal", (mean, std))
        shape = parse_size("normal", size, 3)
        array = draws.normal(shape, *_kind(dtype, device), mean, std, generator=generator)
        return leaf(array, requires_grad)
    if size is not None:
        raise mismatch("normal", (mean, std, size))
    where = device_of(tensors[0])
    kind = (_broadcast(tensors), tensors[0].dtype, where)
    backend = get_backend(where)
    if isinstance(std, TensorBase):
        if std.array.size and not bool(std.array.min() >= 0):
            raise RuntimeError("normal expects all elements of std >= 0.0")
        array = draws.normal(*kind, generator=generator)
        _apply(backend.mul, backend, array, std.array)
    else:
        array = draws.normal(*kind, 0.0, std, generator=generator)
    shift = mean.array if isinstance(mean, TensorBase) else array.dtype.type(mean)
    return wrap(_apply(backend.add, backend, array, shift))


def _apply(primitive: Any, backend: Any, array: Any, other: Any) -> Any:
    """Let a primitive change ``array``, which keeps its type."""
    if array.dtype == other.dtype:
        return primitive(array, other, out=array)
    return backend.copy(primitive(array, other), array)


def _broadcast(arrays: list[Any]) -> Shape:
    shape: Shape = arrays[0].shape
    if arrays[-1].shape == shape:
        return shape
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError as error:
        raise explain(Node, arrays[0], arrays[-1], error) from None


# --- whole numbers -------------------------------------------------------------------------------


def _bounds_and_size(
    function: str, args: tuple[Any, ...], low: Any, high: Any, size: Any
) -> tuple[int, int, Any]:
    """Sort out ``f([low,] high, size)``, each of them also by name."""
    given = list(args)
    if size is None and given:
        size = given.pop()
    if high is None and given:
        high = given.pop()
    if low is None:
        low = given.pop() if given else 0
    if given or high is None or size is None:
        raise mismatch(function, args)
    try:
        return operator.index(low), operator.index(high), size
    except TypeError:
        raise mismatch(function, args) from None


@created
def randint(
    *args: Any,
    low: int | None = None,
    high: int | None = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers in [low, high): ``randint(high, size)`` or ``randint(low, high, size)``.

    Args:
        low: the smallest number, 0 unless given.
        high: one more than the largest.
        size: the shape, a tuple.
        dtype: ``int64`` unless given; a floating-point type is fine as well.
        generator, device, requires_grad: as in :func:`rand`.

    Raises:
        RuntimeError: if ``low >= high`` or the dtype does not hold the numbers.

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.randint(1, 7, (10,))
    tensor([3, 4, 6, 1, 2, 4, 2, 2, 2, 4])
    """
    low, high, size = _bounds_and_size("randint", args, low, high, size)
    shape = parse_size("randint", size, max(2, len(args)))
    array = draws.random(shape, *_kind(dtype, device, int64), low, high, generator=generator)
    return leaf(array, requires_grad)


def randint_like(
    input: Tensor,
    *args: Any,
    low: int | None = None,
    high: int | None = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers in [low, high) in the shape, dtype and place of ``input``:
    ``randint_like(input, high)`` or ``randint_like(input, low, high)``.

    >>> import gpugrad
    >>> gpugrad.randint_like(gpugrad.zeros(2, 3), 10).dtype
    torch.float32
    """
    kind = _like("randint_like", input, dtype, device)
    low, high, _ = _bounds_and_size("randint_like", args, low, high, ())
    array = draws.random(*kind, low, high, generator=generator)
    return leaf(array, requires_grad)


@created
def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The numbers 0 ... n - 1 in random order.

    Args:
        n: how many, fewer than 2**31. The order is PyTorch's for n < 214,748,364.
        dtype: ``int64`` unless given.
        generator, device, requires_grad: as in :func:`rand`.

    Raises:
        RuntimeError: if ``n`` is negative, or the dtype does not hold all numbers.

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.randperm(6)
    tensor([2, 5, 3, 0, 1, 4])
    """
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(
            f"randperm(): argument 'n' (position 1) must be int, not {type(n).__name__}"
        )
    (count,) = parse_size("randperm", (n,))
    array = draws.permutation(count, *_kind(dtype, device, int64), generator=generator)
    return leaf(array, requires_grad)
