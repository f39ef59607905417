"""Reading by index: ``gather``, ``index_select``, ``take`` and relatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.composed import shown_as
from ..autograd.engine import wrap
from ..backend import BACKENDS
from .arguments import out_of_range, require_tensor, word
from .broadcasting import broadcast_shapes, expand
from .index import Index, getitem
from .select import Gather
from .shape import reshape, wrap_dim

INDEX_TYPES = (np.dtype("int64"), np.dtype("int32"))


class IndexSelect(Index):
    """Slices along one dimension, picked by a vector."""

    __slots__ = ()


class Take(Index):
    """Elements picked by their number in row-major order."""

    __slots__ = ()


def check_lengths(index: Any, shape: tuple[int, ...], axis: int) -> None:
    """Raise RuntimeError where ``index`` is longer than ``shape`` in another dimension."""
    if any(n > m and i != axis for i, (n, m) in enumerate(zip(index.shape, shape, strict=True))):
        place = next(
            i
            for i, (n, m) in enumerate(zip(index.shape, shape, strict=True))
            if n > m and i != axis
        )
        raise RuntimeError(
            f"Size does not match at dimension {place} expected index {list(index.shape)} to be no "
            f"larger than self {list(shape)} apart from dimension {axis}"
        )


def check_bounds(
    index: Any,
    size: int,
    axis: int,
    error: type[Exception],
    lowest: int = 0,
    prefix: str = "",
) -> None:
    """Raise ``error`` for an index outside ``lowest .. size - 1``."""
    wrong = out_of_range(index, size, lowest)
    if wrong is not None:
        raise error(f"{prefix}index {wrong} is out of bounds for dimension {axis} with size {size}")


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """``out[i][j] = input[index[i][j]][j]`` for ``dim=0``, and likewise along other dimensions.

    Args:
        index: int64 or int32, of as many dimensions as ``input`` and nowhere longer, except along
            ``dim``.
        sparse_grad: accepted; gradients are dense.

    Returns:
        A tensor of the shape of ``index``.

    Raises:
        RuntimeError: wrong type or shape, or an index out of range (on a GPU not looked for).

    >>> import gpugrad
    >>> x = gpugrad.tensor([[1, 2], [3, 4]])
    >>> gpugrad.gather(x, 1, gpugrad.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    require_tensor("gather", "index", 3, index)
    shape, where = input.array.shape, index.array
    axis = wrap_dim(dim, len(shape))
    if where.dtype not in INDEX_TYPES and where.size:
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    if not shape or not where.ndim:
        if len(shape) > 1 or where.ndim > 1:
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as input tensor"
            )
        line, places = reshape(input, (-1,)), where.reshape(-1)
        check_bounds(places, line.array.size, axis, RuntimeError)
        return reshape(Gather.apply(line, places, 0), where.shape)
    if where.size == 0:
        where = BACKENDS[type(where)].cast(where, "int64")
        if where.ndim != len(shape):
            return reshape(getitem(reshape(input, (-1,)), slice(0, 0)), where.shape)
        return Gather.apply(getitem(input, tuple(slice(0, n) for n in where.shape)), where, axis)
    if where.ndim != len(shape):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    check_lengths(where, shape, axis)
    check_bounds(where, shape[axis], axis, RuntimeError)
    # Only as much of the input as the index reaches, for the two to be of one size elsewhere.
    reached = tuple(slice(None) if i == axis else slice(0, n) for i, n in enumerate(where.shape))
    if any(n != m and i != axis for i, (n, m) in enumerate(zip(where.shape, shape, strict=True))):
        input = getitem(input, reached)
    return Gather.apply(input, where, axis)


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """:func:`gather` with broadcasting and with negative indices; flattened without ``dim``.

    >>> import gpugrad
    >>> x = gpugrad.tensor([[10, 30, 20]])
    >>> gpugrad.take_along_dim(x, x.argsort(1), 1)
    tensor([[10, 20, 30]])
    """
    where = indices.array
    if where.dtype not in INDEX_TYPES:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {word(where)}"
        )
    if dim is None:
        line = reshape(input, (-1,))
        places = where.reshape(-1)
        check_bounds(places, line.array.size, 0, RuntimeError, -line.array.size)
        return Gather.apply(line, places, 0)
    shape = input.array.shape
    if where.ndim != len(shape):
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {len(shape)} dimensions for input, and {where.ndim} dimensions for indices"
        )
    axis = wrap_dim(dim, len(shape))
    common = broadcast_shapes(*((*s[:axis], 1, *s[axis + 1 :]) for s in (shape, where.shape)))
    check_bounds(where, shape[axis], axis, RuntimeError, -shape[axis])
    wide = expand(input, (*common[:axis], shape[axis], *common[axis + 1 :]))
    xp = BACKENDS[type(where)]
    places = xp.broadcast_to(where, (*common[:axis], where.shape[axis], *common[axis + 1 :]))
    return Gather.apply(wide, places, axis)


def vector_key(function: str, x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    """``(:, ..., index)``: an index vector along ``dim``."""
    require_tensor(function, "index", 2, index)
    places = index.array
    if places.ndim > 1:
        raise IndexError(f"{function}(): Index is supposed to be a vector")
    if places.dtype not in INDEX_TYPES:
        raise RuntimeError(f"{function}(): Expected dtype int32 or int64 for index")
    axis = wrap_dim(dim, x.array.ndim)
    return (*(slice(None),) * axis, places.reshape(-1))


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices of ``input`` along ``dim`` that a vector of indices names.

    Raises RuntimeError or IndexError for an index that is no vector, of another type or out of
    range.

    >>> import gpugrad
    >>> gpugrad.index_select(gpugrad.tensor([5, 6, 7]), 0, gpugrad.tensor([2, 0]))
    tensor([7, 5])
    """
    key = vector_key("index_select", input, dim, index)
    x = input if input.array.ndim else reshape(input, (1,))
    size = x.array.shape[len(key) - 1]
    wrong = out_of_range(key[-1], size)
    if wrong is not None:
        if len(key) == 1:  # as PyTorch says it for the first dimension
            raise IndexError("index out of range in self")
        raise RuntimeError(f"INDICES element is out of DATA bounds, id={wrong} axis_dim={size}")
    result = IndexSelect.apply(x, key)
    return result if x is input else reshape(result, ())


def take(input: Any, index: Any) -> Any:
    """The elements with these numbers in row-major order, in the shape of ``index``.

    >>> import gpugrad
    >>> gpugrad.take(gpugrad.tensor([[1, 2], [3, 4]]), gpugrad.tensor([0, -1]))
    tensor([1, 4])
    """
    x = input if input.array.ndim else reshape(input, (1,))
    return Take.apply(x, flat_key("take", x, index))


def flat_key(function: str, x: Any, index: Any) -> tuple[Any, ...]:
    """What indexes ``x`` by row-major numbers, of which negative ones count from the end."""
    require_tensor(function, "index", 2, index)
    places, size = index.array, x.array.size
    if places.dtype != "int64":
        raise RuntimeError(
            f"{function}(): Expected a long tensor for index, but got {word(places)}"
        )
    wrong = out_of_range(places, size, -size)
    if wrong is not None:
        raise IndexError(
            f"out of range: tried to access index {wrong} on a tensor of {size} elements."
        )
    xp = BACKENDS[type(places)]
    places = xp.where(xp.lt(places, 0), xp.add(places, size), places)
    return tuple(xp.module.unravel_index(places, x.array.shape))


@shown_as("ViewBackward0")
def _shown_as_view(wide: Any, size: tuple[int, ...]) -> Any:
    return reshape(wide, size)


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each element (or slice along ``dim``) repeated in place, all alike or each its own number.

    Args:
        repeats: a number, or a vector of integers: one for all or one for each.
        dim: without it the input is flattened.
        output_size: the length of the result, to save waiting for a GPU.

    With ``input`` alone, the numbers 0, 1, 2 ... repeated as often as it says.

    >>> import gpugrad
    >>> gpugrad.tensor([1, 2]).repeat_interleave(2)
    tensor([1, 1, 2, 2])
    """
    if repeats is None:
        return wrap(_repeated(input, output_size))
    x = reshape(input, (-1,)) if dim is None else input
    axis = 0 if dim is None else wrap_dim(dim, x.array.ndim)
    shape = x.array.shape
    if isinstance(repeats, int):
        if repeats < 0:
            raise RuntimeError("Repeats must be non-negative")
        apart = reshape(x, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
        wide = expand(apart, (*shape[: axis + 1], repeats, *shape[axis + 1 :]))
        size = (*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :])
        return _shown_as_view(wide, size)
    if repeats.array.ndim > 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    if repeats.array.size == 1:
        repeats = expand(reshape(repeats, (1,)), (shape[axis],))
    if repeats.array.size != shape[axis]:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{repeats.array.size} and input.size({axis}) = {shape[axis]}"
        )
    return index_select(x, axis, wrap(_repeated(repeats, output_size)))


def _repeated(repeats: Any, length: int | None) -> Any:
    """``[0] * repeats[0] + [1] * repeats[1] + ...``"""
    counts = repeats.array
    if counts.dtype not in INDEX_TYPES:
        raise NotImplementedError(f"\"repeat_interleave_cpu\" not implemented for '{word(counts)}'")
    if out_of_range(counts, 2**63) is not None:
        raise RuntimeError("repeats can not be negative")
    xp = BACKENDS[type(counts)]
    ends = xp.cumsum(counts, 0, "int64")
    total = length if length is not None else int(ends[-1]) if ends.size else 0
    return xp.module.searchsorted(ends, xp.arange(0, total, 1, "int64"), side="right")
