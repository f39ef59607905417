"""Combining slices along a dimension where an index sends them: ``index_reduce``."""

from __future__ import annotations

from typing import Any

from ..autograd.composed import inplace_shown_as, shown_as
from .broadcasting import broadcast_to
from .scatter import scatter_reduce, scatter_reduce_
from .shape import reshape, wrap_dim
from .unary import no_bools


def _spread(input: Any, dim: int, index: Any, source: Any, reduce: str) -> tuple[Any, Any, int]:
    """The index for each element of ``source``, and both with at least one dimension."""
    name = "index_reduce()"
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"{name}: Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
        )
    if index.ndim > 1:
        raise IndexError(f"{name}: Index is supposed to be a vector")
    if index.array.dtype.name not in ("int32", "int64"):
        raise IndexError(f"{name}: Expected dtype int32/int64 for index")
    if input.dtype is not source.dtype:
        raise RuntimeError(f"{name}: self and source expected to have the same dtype")
    if input.array.dtype.kind == "b" and (not input.ndim or reduce == "mean"):
        raise no_bools("div_floor_cpu" if input.ndim else "index_func_")
    axis = wrap_dim(dim, max(source.ndim, 1))
    flat = reshape(index, (-1,)).long()
    part = source if source.ndim else reshape(source, (1,))
    if part.shape[axis] != flat.shape[0]:
        raise RuntimeError(
            f"{name}: Number of indices ({flat.shape[0]}) should be equal to source.size(dim): "
            f"({part.shape[axis]}), for dim: {dim}"
        )
    shape = tuple(flat.shape[0] if d == axis else 1 for d in range(part.ndim))
    return broadcast_to(reshape(flat, shape), tuple(part.shape)), part, axis


@shown_as("IndexReduceBackward0")
def index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """``input`` with the slices of ``source`` along ``dim`` combined where ``index`` sends them.

    Args:
        index: one place along ``dim`` of ``input`` for each slice of ``source``.
        reduce: ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the elements that are there are among those combined.

    >>> import gpugrad
    >>> x, i = gpugrad.tensor([1.0, 5.0]), gpugrad.tensor([0, 0])
    >>> x.index_reduce(0, i, gpugrad.tensor([3.0, 2.0]), "amax")
    tensor([3., 5.])
    """
    places, part, axis = _spread(input, dim, index, source, reduce)
    flat = input if input.ndim else reshape(input, (1,))
    result = scatter_reduce(flat, axis, places, part, reduce, include_self=include_self)
    return result if input.ndim else reshape(result, ())


@inplace_shown_as("IndexReduceBackward0")
def index_reduce_(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """:func:`index_reduce` in place."""
    places, part, axis = _spread(input, dim, index, source, reduce)
    if not input.ndim:
        return input.copy_(
            index_reduce(input.clone(), dim, index, source, reduce, include_self=include_self)
        )
    return scatter_reduce_(input, axis, places, part, reduce, include_self=include_self)
