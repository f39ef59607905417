"""Cutting tensors into parts along a dimension, as views."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..autograd.engine import Node, TensorBase
from .index import Slice
from .operands import zeros_of
from .shape import wrap_dim


class Split(Node):
    """Parts of a tensor along a dimension, as views."""

    __slots__ = ("axis", "lengths", "shape")
    is_view = True

    def forward(self, xp: Any, x: Any, lengths: tuple[int, ...], axis: int) -> Any:
        self.axis, self.lengths, self.shape = axis, lengths, x.shape
        before = (slice(None),) * axis
        parts, start = [], 0
        for length in lengths:
            parts.append(xp.getitem(x, (*before, slice(start, start + length))))
            start += length
        return tuple(parts)

    def backward(self, xp: Any, grads: Any) -> tuple[Any]:
        sample = next(g for g in grads if g is not None)
        shape = list(self.shape)
        parts = []
        for length, grad in zip(self.lengths, grads, strict=True):
            shape[self.axis] = length
            parts.append(zeros_of(xp, sample, tuple(shape)) if grad is None else grad)
        return (xp.concatenate(parts, self.axis),)


class UnsafeSplit(Split):
    """The same parts, of which the graph does not know that they share memory."""

    __slots__ = ()
    is_view = False


class SplitWithSizes(Split):
    """Parts of the given lengths, as views."""

    __slots__ = ()


class Unbind(Node):
    """The slices along a dimension, as views without it."""

    __slots__ = ("axis", "shape")
    is_view = True

    def forward(self, xp: Any, x: Any, axis: int) -> Any:
        self.axis, self.shape = axis, x.shape
        before = (slice(None),) * axis
        return tuple(xp.getitem(x, (*before, i, ...)) for i in range(x.shape[axis]))

    def backward(self, xp: Any, grads: Any) -> tuple[Any]:
        sample = next(g for g in grads if g is not None)
        shape = (*self.shape[: self.axis], 1, *self.shape[self.axis + 1 :])
        parts = [zeros_of(xp, sample, shape) if g is None else xp.reshape(g, shape) for g in grads]
        return (xp.concatenate(parts, self.axis),)


# --- functions -----------------------------------------------------------------------------------


def split(tensor: Any, split_size_or_sections: int | Sequence[int], dim: int = 0) -> Any:
    """Parts of a given length (the last may be shorter), or of the given lengths, as views.

    >>> import gpugrad
    >>> gpugrad.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if not tensor.array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    d = wrap_dim(dim, tensor.array.ndim)
    if isinstance(split_size_or_sections, int):
        return Split.apply(tensor, _lengths(tensor, split_size_or_sections, d), d)
    length, lengths = tensor.array.shape[d], tuple(split_size_or_sections)
    if sum(lengths) != length or min(lengths, default=0) < 0:
        raise RuntimeError(
            "split_with_sizes expects split_sizes to sum exactly to "
            f"{length} (input tensor's size at dimension {d}), but got split_sizes="
            f"{list(lengths)}"
        )
    return SplitWithSizes.apply(tensor, lengths, d)


def _lengths(tensor: Any, size: int, axis: int) -> tuple[int, ...]:
    """The lengths of parts of a given one, the last possibly shorter."""
    length = tensor.array.shape[axis]
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and length:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
        )
    return tuple(min(size, length - i) for i in range(0, length, size)) if length else (0,)


def unsafe_split(input: Any, split_size: int, dim: int = 0) -> Any:
    """:func:`split`, whose parts may be changed in place as if they were copies.

    To autograd each part is a tensor of its own: what a change does to the others, and to
    ``input``, is left out of the gradients.

    >>> import gpugrad
    >>> first, second = gpugrad.unsafe_split(gpugrad.ones(4, requires_grad=True) * 2, 2)
    >>> first.add_(1)
    tensor([3., 3.], grad_fn=<AddBackward0>)
    """
    if not input.array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = wrap_dim(dim, input.array.ndim)
    return UnsafeSplit.apply(input, _lengths(input, split_size, axis), axis)


def chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """About ``chunks`` parts of equal length, the last possibly shorter, as views.

    >>> import gpugrad
    >>> gpugrad.chunk(gpugrad.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    if not input.array.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    d = wrap_dim(dim, input.array.ndim)
    length = input.array.shape[d]
    if length == 0:
        return SplitWithSizes.apply(input, (0,) * chunks, d)
    return split(input, -(-length // chunks), dim)


def unsafe_chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """:func:`chunk`, whose parts may be changed in place; see :func:`unsafe_split`."""
    parts = chunk(input.detach(), chunks, dim)
    axis = wrap_dim(dim, input.array.ndim)
    return UnsafeSplit.apply(input, tuple(p.array.shape[axis] for p in parts), axis)


def tensor_split(
    input: Any,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    indices: Any = None,
    sections: Any = None,
) -> Any:
    """Parts of nearly equal length (the first ones longer), or cut at the given indices.

    ``indices`` and ``sections`` are two other names of ``indices_or_sections``.

    >>> import gpugrad
    >>> gpugrad.tensor_split(gpugrad.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    given = [v for v in (indices_or_sections, indices, sections) if v is not None]
    if len(given) != 1:
        raise TypeError("tensor_split() takes either indices or a number of sections")
    indices_or_sections = given[0]
    ndim = input.array.ndim
    if not ndim:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    d = wrap_dim(dim, ndim)
    length = input.array.shape[d]
    if isinstance(indices_or_sections, TensorBase) and not indices_or_sections.array.ndim:
        indices_or_sections = int(indices_or_sections.item())
    if isinstance(indices_or_sections, int):
        n = indices_or_sections
        if n <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {n}")
        longer = length % n
        cuts = [i * (length // n) + min(i, longer) for i in range(n + 1)]
    else:
        places = map(operator.index, indices_or_sections)
        cuts = [0, *(max(i + length, 0) if i < 0 else min(i, length) for i in places), length]
    before = (slice(None),) * d
    return tuple(Slice.apply(input, (*before, slice(a, b))) for a, b in pairwise(cuts))


def unbind(input: Any, dim: int = 0) -> Any:
    """The slices along a dimension, as a tuple of views.

    >>> import gpugrad
    >>> gpugrad.unbind(gpugrad.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    if not input.array.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return Unbind.apply(input, wrap_dim(dim, input.array.ndim))
