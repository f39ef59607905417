"""Sorting and searching: ``sort``, ``topk``, ``unique``, ``searchsorted`` and their relatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, return_types
from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS
from ..native import along
from .selection import Selection, picked
from .shape import wrap_dim
from .unary import no_bools


class Sort(Selection):
    """The elements in order along a dimension."""

    __slots__ = ()


class StableSort(Selection):
    """The elements in order, where the caller asked for stability."""

    __slots__ = ()
    torch_name = "SortBackward1"


class Topk(Selection):
    """The largest or smallest elements along a dimension."""

    __slots__ = ()


def _order(a: Any, axis: int, descending: bool) -> Any:
    """The stable order along an axis; nan counts as largest. A scalar has one element."""
    xp = BACKENDS[type(a)]
    a = a if a.ndim else xp.reshape(a, (1,))
    if not descending:
        return xp.argsort(a, axis)
    # Reading backwards both before and after keeps equal elements in their order.
    reverse = xp.flip(xp.argsort(xp.flip(a, (axis,)), axis), (axis,))
    return xp.sub(a.shape[axis] - 1, reverse)


def sort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Any:
    """The elements in order along ``dim`` and the places they came from.

    Equal elements always keep their order, and nan counts as the largest.

    Returns:
        A pair ``(values, indices)``.

    >>> import gpugrad
    >>> gpugrad.tensor([3.0, 1.0, 2.0]).sort()
    torch.return_types.sort(
    values=tensor([1., 2., 3.]),
    indices=tensor([1, 2, 0]))
    """
    axis = wrap_dim(dim, input.array.ndim)
    index = _order(input.array, axis, descending)
    kind = Sort if stable is None else StableSort
    return picked(kind, return_types.sort, input, index, axis, True)


def argsort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    """The places of the elements in order along ``dim``, see :func:`sort`.

    >>> import gpugrad
    >>> gpugrad.tensor([3.0, 1.0, 2.0]).argsort()
    tensor([1, 2, 0])
    """
    index = _order(input.array, wrap_dim(dim, input.array.ndim), descending)
    return wrap(BACKENDS[type(index)].reshape(index, input.array.shape))


def msort(input: Any) -> Any:
    """The elements in order along the first dimension.

    >>> import gpugrad
    >>> gpugrad.msort(gpugrad.tensor([3, 1, 2]))
    tensor([1, 2, 3])
    """
    return sort(input, 0).values


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The ``k`` largest (or smallest) elements along ``dim``, in order, and their places.

    Raises RuntimeError if ``k`` is negative or larger than the dimension.

    >>> import gpugrad
    >>> gpugrad.tensor([3.0, 1.0, 2.0]).topk(2).values
    tensor([3., 2.])
    """
    a = input.array
    if a.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU")
    axis = wrap_dim(dim, a.ndim)
    if not 0 <= k <= (a.shape[axis] if a.ndim else 1):
        raise RuntimeError("selected index k out of range")
    index = _first(a, k, axis, largest)
    return picked(Topk, return_types.topk, input, index, axis, True)


def _first(a: Any, k: int, axis: int, descending: bool) -> Any:
    """The places of the first ``k`` elements in order."""
    before = (slice(None),) * axis
    if type(a) is not np.ndarray or a.ndim == 0 or 4 * k > a.shape[axis] or k == 0:
        return _order(a, axis, descending)[(*before, slice(0, k))]
    if axis == a.ndim - 1 and a.size >= along.LARGE:
        places = along.first_few(a, k, descending)
        if places is not None:
            return places
    # A few of many: divide the elements first, then put those few in order. (CuPy divides by
    # sorting.)
    xp = BACKENDS[type(a)]
    length = a.shape[axis]
    pivot, part = (length - k, slice(length - k, None)) if descending else (k - 1, slice(0, k))
    few = xp.module.argpartition(a, pivot, axis)[(*before, part)]
    order = _order(xp.take_along_axis(a, few, axis), axis, descending)
    return xp.take_along_axis(few, order, axis)


# --- distinct elements ---------------------------------------------------------------------------


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in ascending order, or the distinct slices along ``dim``.

    Args:
        sorted: accepted; the result is always in order.
        return_inverse: also give, for each element (or slice), the place of its equal.
        return_counts: also give how often each occurs.

    Returns:
        A tensor, or a tuple of what was asked for. No gradient flows through.

    >>> import gpugrad
    >>> gpugrad.tensor([3, 1, 3]).unique(return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    a = input.array
    axis = None if dim is None else wrap_dim(dim, a.ndim)
    module = BACKENDS[type(a)].module
    values, inverse, counts = module.unique(
        a, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    inverse = inverse.reshape(a.shape if axis is None else (-1,))
    return _distinct(values, inverse, counts, return_inverse, return_counts)


def _distinct(values: Any, inverse: Any, counts: Any, with_inverse: bool, with_counts: bool) -> Any:
    result = [wrap(values)]
    if with_inverse:
        result.append(wrap(inverse))
    if with_counts:
        result.append(wrap(counts))
    return tuple(result) if len(result) > 1 else result[0]


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements (or slices along ``dim``) without those equal to their predecessor.

    Returns what :func:`unique` does.

    >>> import gpugrad
    >>> gpugrad.tensor([1, 1, 2, 1]).unique_consecutive()
    tensor([1, 2, 1])
    """
    a = input.array
    xp = BACKENDS[type(a)]
    if dim is None:
        lines = a.reshape(-1)
        rows = lines.reshape(-1, 1)
    else:
        axis = wrap_dim(dim, a.ndim)
        lines = xp.module.moveaxis(a, axis, 0) if a.ndim else a.reshape(1)
        rows = lines.reshape(lines.shape[0], lines.size // max(lines.shape[0], 1))
    fresh = xp.full((rows.shape[0],), True, "bool")
    fresh[1:] = xp.any(rows[1:] != rows[:-1], 1)
    (starts,) = xp.nonzero(fresh)
    inverse = xp.cumsum(fresh, 0, "int64") - 1
    ends = xp.concatenate([starts[1:], xp.full((min(1, starts.size),), rows.shape[0], "int64")], 0)
    values = lines[starts]
    if dim is None:
        inverse = inverse.reshape(a.shape)
    elif a.ndim:
        values = xp.copy(xp.module.moveaxis(values, 0, axis))
    return _distinct(values, inverse, ends - starts, return_inverse, return_counts)


# --- searching -----------------------------------------------------------------------------------


def _refuse_bools(sequence: Any) -> None:
    if sequence.dtype.kind == "b" and sequence.size:
        raise no_bools("searchsorted_out_cpu")


def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """Where values would be inserted into ascending sequences to keep them in order.

    Args:
        sorted_sequence: shape (n,), or (..., n) with one sequence for each row of ``input``.
        input: shape (..., m), any shape if there is one sequence, or a number.
        out_int32: give int32 places instead of int64.
        right: after elements that are equal, instead of before them.
        side: ``"left"`` or ``"right"``: the same as ``right``.
        sorter: the order that sorts ``sorted_sequence``, if it is not sorted.

    Returns:
        Places from 0 to n, of the shape of ``input``.

    Raises:
        RuntimeError: shapes that do not fit or contradictory sides.

    >>> import gpugrad
    >>> gpugrad.searchsorted(gpugrad.tensor([1, 3, 5]), gpugrad.tensor([3, 4]))
    tensor([1, 2])
    """
    sequence = sorted_sequence.array
    _refuse_bools(sequence)
    xp = BACKENDS[type(sequence)]
    values = _as_array(xp, input, sequence)
    _check_search(sequence, values, right, side)
    if sorter is not None:
        sequence = xp.take_along_axis(sequence, sorter.array, -1)
    return _search(xp, sequence, values, right or side == "right", out_int32)


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The number of the interval between ``boundaries`` in which each element lies.

    :func:`searchsorted` with its arguments in the other order and one sequence for all.

    >>> import gpugrad
    >>> gpugrad.bucketize(gpugrad.tensor([0.5, 2.5]), gpugrad.tensor([1.0, 2.0, 3.0]))
    tensor([0, 2])
    """
    edges = boundaries.array
    _refuse_bools(edges)
    if edges.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({edges.ndim})")
    xp = BACKENDS[type(edges)]
    return _search(xp, edges, _as_array(xp, input, edges), right, out_int32)


def _as_array(xp: Any, value: Any, beside: Any) -> Any:
    if isinstance(value, TensorBase):
        return value.array
    kind = dtypes.scalar_dtype(value).numpy
    return xp.full((), value, beside.dtype if kind.kind == beside.dtype.kind else kind)


def _check_search(sequence: Any, values: Any, right: bool, side: str | None) -> None:
    prefix = "torch.searchsorted(): "
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(f"{prefix}side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            f"{prefix}side and right can't be set to opposites, got side of left while right was "
            "True"
        )
    if not sequence.ndim:
        raise RuntimeError(
            f"{prefix}boundaries tensor should have positive dimension, but got 0 dimension"
        )
    if sequence.ndim > 1 and not values.ndim:
        raise RuntimeError(
            f"{prefix}input value can be a scalar only when boundaries tensor dimension is 1, but "
            f"we got boundaries tensor dim({sequence.ndim}) and input value's dim(0) numel(1)"
        )
    if sequence.ndim > 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            f"{prefix}boundaries tensor should be 1 dimension or the first N-1 dimensions of "
            "boundaries tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(sequence.shape)} and input value tensor {list(values.shape)}"
        )


def _search(xp: Any, sequence: Any, values: Any, right: bool, narrow: bool) -> Any:
    """Binary search, for all values together."""
    rows = xp.reshape(sequence, (math.prod(sequence.shape[:-1]), sequence.shape[-1]))
    wanted = xp.reshape(values, (rows.shape[0], values.size // max(rows.shape[0], 1)))
    low = xp.zeros(wanted.shape, "int64")
    high = xp.full(wanted.shape, rows.shape[1], "int64")
    for _ in range(rows.shape[1].bit_length()):
        middle = xp.floor_divide(xp.add(low, high), 2)
        at = xp.take_along_axis(rows, xp.minimum(middle, rows.shape[1] - 1), 1)
        # Written so that nan, which compares false, comes after everything.
        left_of = xp.logical_not(xp.gt(at, wanted) if right else xp.ge(at, wanted))
        open_ = xp.lt(low, high)
        low = xp.where(xp.logical_and(open_, left_of), xp.add(middle, 1), low)
        high = xp.where(xp.logical_and(open_, xp.logical_not(left_of)), middle, high)
    return wrap(xp.cast(xp.reshape(low, values.shape), "int32" if narrow else "int64"))
