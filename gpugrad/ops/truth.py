"""Reductions without derivative: whether elements are true, how many, and where the largest is."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import wrap
from ..backend import BACKENDS
from .axes import axes_of, count_of, kept_shape


def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any element is true.

    >>> import gpugrad
    >>> gpugrad.any(gpugrad.tensor([[True, False], [False, False]]), dim=1)
    tensor([ True, False])
    """
    return _truth(input, "any", dim, keepdim)


def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements are true.

    >>> import gpugrad
    >>> gpugrad.all(gpugrad.tensor([[True, False], [True, True]]), dim=1)
    tensor([False,  True])
    """
    return _truth(input, "all", dim, keepdim)


def _truth(input: Any, name: str, dim: Any, keepdim: bool) -> Any:
    a = input.array
    xp = BACKENDS[type(a)]
    result = xp.asarray(getattr(xp, name)(xp.ne(a, 0), axes_of(dim, a.ndim), keepdim))
    # PyTorch keeps uint8 here, from the time before it had bool.
    return wrap(xp.cast(result, a.dtype) if a.dtype == "uint8" else result)


def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the largest element along ``dim``, or in the flattened tensor.

    >>> import gpugrad
    >>> gpugrad.tensor([1.0, 3.0, 2.0]).argmax()
    tensor(1)
    """
    return _arg(input, "argmax", dim, keepdim)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the smallest element along ``dim``, or in the flattened tensor.

    >>> import gpugrad
    >>> gpugrad.argmin(gpugrad.tensor([3.0, 1.0, 2.0]))
    tensor(1)
    """
    return _arg(input, "argmin", dim, keepdim)


def _arg(input: Any, name: str, dim: int | None, keepdim: bool) -> Any:
    a = input.array
    xp = BACKENDS[type(a)]
    axes = axes_of(dim, a.ndim)
    if count_of(a.shape, axes) == 0:
        if axes is None:
            raise IndexError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
            )
        raise IndexError(f"{name}(): Expected reduction dim {axes[0]} to have non-zero size.")
    if a.dtype.kind == "b":
        raise RuntimeError(f"{name}(): does not support bool input")
    index = xp.asarray(getattr(xp, name)(a, None if axes is None else axes[0]))
    if keepdim:
        index = xp.reshape(index, kept_shape(a.shape, axes))
    return wrap(index)


def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not zero.

    >>> import gpugrad
    >>> gpugrad.count_nonzero(gpugrad.tensor([[1, 0], [2, 3]]), dim=1)
    tensor([1, 2])
    """
    a = input.array
    xp = BACKENDS[type(a)]
    return wrap(xp.asarray(xp.sum(xp.ne(a, 0), axes_of(dim, a.ndim), False, "int64")))
