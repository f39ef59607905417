"""Combining several tensors: ``meshgrid``, ``cartesian_prod``, ``kron``, ``block_diag``."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.composed import shown_as
from .arrange import atleast_3d, listed
from .broadcasting import expand
from .index import getitem
from .joining import cat, stack
from .shape import flatten, reshape


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """The coordinates of a grid from one vector for each of its dimensions, as views.

    Args:
        indexing: ``"ij"``: dimension i runs along vector i. ``"xy"``: the first two are exchanged.

    >>> import gpugrad
    >>> rows, columns = gpugrad.meshgrid(gpugrad.arange(2), gpugrad.arange(3), indexing="ij")
    >>> columns
    tensor([[0, 1, 2],
            [0, 1, 2]])
    """
    vectors = listed(tensors)
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
            "argument.",
            UserWarning,
            stacklevel=2,
        )
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    for vector in vectors:
        if vector.array.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                + "".join(" " + " ".join(map(str, row)) for row in vector.tolist())
            )
        if vector.array.dtype != vectors[0].array.dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    lengths = [v.array.size for v in vectors]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) >= 2:
        lengths[0], lengths[1] = lengths[1], lengths[0]
        places[0], places[1] = 1, 0
    grids = []
    for vector, place in zip(vectors, places, strict=True):
        alone = (*(1,) * place, vector.array.size, *(1,) * (len(vectors) - place - 1))
        grids.append(expand(reshape(vector, alone), lengths))
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of one element from each vector, one in a row.

    >>> import gpugrad
    >>> gpugrad.cartesian_prod(gpugrad.tensor([1, 2]), gpugrad.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    vectors = listed(tensors)
    if len(vectors) == 1:
        return vectors[0]
    return stack([flatten(g) for g in meshgrid(*vectors, indexing="ij")], 1)


@shown_as("StackBackward0")
def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All choices of ``r`` elements of a vector, in their order, one in a row.

    >>> import gpugrad
    >>> gpugrad.combinations(gpugrad.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.array.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input[:0].detach()
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(input.array.size), r))
    return getitem(input, np.array(rows, np.int64).reshape(-1, r))


@shown_as("UnsafeViewBackward0")
def kron(input: Any, other: Any) -> Any:
    """The Kronecker product: every element of ``input`` times the whole of ``other``.

    >>> import gpugrad
    >>> gpugrad.kron(gpugrad.eye(2), gpugrad.ones(1, 2))
    tensor([[1., 1., 0., 0.],
            [0., 0., 1., 1.]])
    """
    a, b = input.array.shape, other.array.shape
    ndim = max(len(a), len(b))
    a, b = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    left = reshape(input, tuple(n for size in a for n in (size, 1)))
    right = reshape(other, tuple(n for size in b for n in (1, size)))
    return reshape(left * right, tuple(n * m for n, m in zip(a, b, strict=True)))


@shown_as("BlockDiagBackward0")
def block_diag(*tensors: Any) -> Any:
    """The matrix with the given matrices (vectors are rows) along its diagonal.

    >>> import gpugrad
    >>> gpugrad.block_diag(gpugrad.tensor([[1, 2]]), gpugrad.tensor([[3]]))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    blocks = [reshape(t, (1, -1)) if t.array.ndim < 2 else t for t in listed(tensors)]
    width, rows, left = sum(b.array.shape[1] for b in blocks), [], 0
    for block in blocks:
        height, own = block.array.shape
        sides = (left, width - left - own)
        zeros = [block.new_zeros((height, n)) for n in sides]
        rows.append(cat([zeros[0], block, zeros[1]], 1))
        left += own
    return cat(rows, 0)


def dstack(tensors: Sequence[Any]) -> Any:
    """Join along the third dimension.

    >>> import gpugrad
    >>> gpugrad.dstack([gpugrad.zeros(2, 3), gpugrad.zeros(2, 3)]).shape
    torch.Size([2, 3, 2])
    """
    if not len(tensors):
        raise RuntimeError("dstack expects a non-empty TensorList")
    return cat([atleast_3d(t) for t in tensors], 2)


def column_stack(tensors: Sequence[Any]) -> Any:
    """Join along the second dimension, vectors as columns.

    >>> import gpugrad
    >>> gpugrad.column_stack([gpugrad.tensor([1, 2]), gpugrad.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    return cat([t if t.array.ndim > 1 else reshape(t, (-1, 1)) for t in tensors], 1)
