"""Joining tensors: ``cat``, ``stack`` and their relatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.engine import Node, TensorBase
from ..dtypes import from_numpy, promote_types
from .operands import cast, row_major
from .shape import reshape, wrap_dim


class Cat(Node):
    """Tensors joined along a dimension."""

    __slots__ = ("axis", "lengths")

    def forward(self, xp: Any, *arrays: Any) -> Any:
        *parts, self.axis = arrays
        self.lengths = [p.shape[self.axis] for p in parts]
        return row_major(xp, xp.concatenate(parts, self.axis))

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        before = (slice(None),) * self.axis
        grads, start = [], 0
        for length, edge in zip(self.lengths, self.edges, strict=True):
            part = (*before, slice(start, start + length))
            grads.append(None if edge is None else xp.getitem(grad, part))
            start += length
        return tuple(grads)


class Stack(Node):
    """Tensors of one shape joined along a new dimension."""

    __slots__ = ("axis",)

    def forward(self, xp: Any, *arrays: Any) -> Any:
        *parts, self.axis = arrays
        shape = parts[0].shape
        if self.axis == 0 and shape:
            joined = row_major(xp, xp.concatenate(parts, 0))
            return xp.reshape(joined, (len(parts), *shape))
        widened = (*shape[: self.axis], 1, *shape[self.axis :])
        return row_major(xp, xp.concatenate([xp.reshape(p, widened) for p in parts], self.axis))

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        before = (slice(None),) * self.axis
        return tuple(
            None if edge is None else xp.getitem(grad, (*before, i, ...))
            for i, edge in enumerate(self.edges)
        )


# --- functions -----------------------------------------------------------------------------------


def _parts(name: str, tensors: Any) -> list[Any]:
    """The tensors of a list, brought to one type. Raises TypeError for anything else."""
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{type(tensors).__name__}"
        )
    result = list(tensors)
    kind, mixed = None, False
    for number, part in enumerate(result):
        if not isinstance(part, TensorBase):
            raise TypeError(
                f"expected Tensor as element {number} in argument 0, but got {type(part).__name__}"
            )
        dtype = part.array.dtype
        if dtype is not kind:
            mixed = mixed or not (kind is None or dtype == kind)
            kind = dtype
    if not result:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    if mixed:
        wanted = from_numpy(result[0].array.dtype)
        for other in result:
            wanted = promote_types(wanted, from_numpy(other.array.dtype))
        result = [cast(other, wanted) for other in result]
    return result


def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Join tensors along an existing dimension.

    Args:
        tensors: equal in shape except along ``dim``; types are promoted.

    Raises:
        ValueError: for an empty list.
        RuntimeError: for sizes that do not fit.

    >>> import gpugrad
    >>> gpugrad.cat([gpugrad.zeros(2), gpugrad.ones(1)])
    tensor([0., 0., 1.])
    """
    if isinstance(tensors, (tuple, list)) and not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    parts = _parts("cat", tensors)
    # PyTorch lets an empty vector join anything.
    kept = [p for p in parts if p.array.shape != (0,)] or parts[:1]
    shape = kept[0].array.shape
    if not shape:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    d = wrap_dim(dim, len(shape))
    for number, part in enumerate(kept):
        other = part.array.shape
        if other == shape:
            continue
        if len(other) != len(shape):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(shape)} and {len(other)}"
            )
        for i, (n, m) in enumerate(zip(shape, other, strict=True)):
            if i != d and n != m:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {d}. Expected size {n} but "
                    f"got size {m} for tensor number {number} in the list."
                )
    return Cat.apply(*kept, d)


def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Join tensors of one shape along a new dimension.

    >>> import gpugrad
    >>> gpugrad.stack([gpugrad.zeros(2), gpugrad.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    parts = _parts("stack", tensors)
    shape = parts[0].array.shape
    for number, part in enumerate(parts):
        if part.array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 "
                f"and {list(part.array.shape)} at entry {number}"
            )
    return Stack.apply(*parts, wrap_dim(dim, len(shape) + 1))


def hstack(tensors: Sequence[Any]) -> Any:
    """Join along the second dimension, vectors along their only one.

    >>> import gpugrad
    >>> gpugrad.hstack([gpugrad.tensor([1, 2]), gpugrad.tensor([3])])
    tensor([1, 2, 3])
    """
    parts = [reshape(t, (1,)) if t.array.ndim == 0 else t for t in _parts("hstack", tensors)]
    return cat(parts, 0 if parts[0].array.ndim == 1 else 1)


def vstack(tensors: Sequence[Any]) -> Any:
    """Join along the first dimension, vectors as rows.

    >>> import gpugrad
    >>> gpugrad.vstack([gpugrad.tensor([1, 2]), gpugrad.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    parts = _parts("vstack", tensors)
    return cat([reshape(t, (1, -1)) if t.array.ndim < 2 else t for t in parts], 0)
