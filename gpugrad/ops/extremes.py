"""The largest, the smallest, the middle and the most frequent element, with their places."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.engine import OUTPUT, Node, TensorBase, wrap
from ..backend import BACKENDS
from ..shape_arguments import mismatch
from .arguments import check_not_empty, word
from .axes import axes_of, kept_shape
from .choices import Maximum, Minimum
from .reduce import Amax, Amin, max_all, min_all
from .scan import running
from .selection import Selection, picked
from .shape import wrap_dim
from .unary import no_bools


class Max(Selection):
    """The largest along a dimension."""

    __slots__ = ()


class Min(Selection):
    """The smallest along a dimension."""

    __slots__ = ()


class AminmaxMin(Amin):
    """The smaller half of :func:`aminmax`."""

    __slots__ = ()
    torch_name = "Aminmax"


class AminmaxMax(Amax):
    """The larger half of :func:`aminmax`."""

    __slots__ = ()
    torch_name = "Aminmax"


class Median(Node):
    """The middle one of all elements; those that are equal to it share its gradient."""

    __slots__ = ("out", "x")
    saves = {"x": 0, "out": OUTPUT}

    def forward(self, xp: Any, x: Any, place: Any) -> Any:
        """``place`` has the place in row-major order, in a vector."""
        self.x = x
        self.out = xp.reshape(xp.take_along_axis(xp.reshape(x, (-1,)), place, 0), ())
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        both_nan = xp.logical_and(xp.isnan(self.x), xp.isnan(self.out))
        equal = xp.logical_or(xp.eq(self.x, self.out), both_nan)
        return (xp.div(xp.mul(grad, equal), xp.cast(xp.sum(equal), grad.dtype)),)


class MedianDim(Selection):
    """The middle one along a dimension."""

    __slots__ = ()
    torch_name = "MedianBackward1"


class Nanmedian(Median):
    """The middle one of all elements that are numbers."""

    __slots__ = ()


class NanmedianDim(Selection):
    """The middle one along a dimension of those that are numbers."""

    __slots__ = ()
    torch_name = "NanmedianBackward1"


class Kthvalue(Selection):
    """The k-th smallest along a dimension."""

    __slots__ = ()


class Mode(Selection):
    """The most frequent along a dimension."""

    __slots__ = ()


def _choose(
    name: str, cls: type[Selection], kind: type[Any], x: Any, dim: Any, keepdim: bool
) -> Any:
    if not isinstance(dim, int):
        raise mismatch(name, (dim,))
    a = x.array
    axis = wrap_dim(dim, a.ndim)
    check_not_empty(name, a.shape, axis)
    xp = BACKENDS[type(a)]
    index = xp.asarray(getattr(xp, "arg" + name)(a, axis if a.ndim else None))
    if a.ndim:
        index = xp.reshape(index, kept_shape(a.shape, (axis,)))
    return picked(cls, kind, x, index, axis, keepdim)


def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest of all elements, or along a dimension with its place, or of two tensors.

    Args:
        dim: reduce this dimension; the result is a pair ``(values, indices)``. A tensor here is
            ``other``.
        keepdim: keep the reduced dimension with size one.
        other: a second tensor; the result is :func:`maximum` of both.

    Where several elements tie, ``indices`` has the first and the gradient goes there; of all
    elements, the tied ones share it.

    Raises:
        RuntimeError or IndexError: there are no elements.

    >>> import gpugrad
    >>> x = gpugrad.tensor([[1.0, 3.0], [4.0, 2.0]])
    >>> x.max()
    tensor(4.)
    >>> x.max(1).indices
    tensor([1, 0])
    """
    if isinstance(dim, TensorBase):
        other = dim
    if other is not None:
        return Maximum.apply(input, other)
    if dim is None:
        return max_all(input)
    return _choose("max", Max, return_types.max, input, dim, keepdim)


def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest of all elements, along a dimension with its place, or of two tensors.

    The mirror image of :func:`max`.

    >>> import gpugrad
    >>> gpugrad.tensor([[1.0, 3.0], [4.0, 2.0]]).min(0).values
    tensor([1., 2.])
    """
    if isinstance(dim, TensorBase):
        other = dim
    if other is not None:
        return Minimum.apply(input, other)
    if dim is None:
        return min_all(input)
    return _choose("min", Min, return_types.min, input, dim, keepdim)


def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """:func:`amin` and :func:`amax` as a pair ``(min, max)``.

    >>> import gpugrad
    >>> low, high = gpugrad.aminmax(gpugrad.arange(4))
    >>> high
    tensor(3)
    """
    if dim is None and input.array.size == 0:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    axes = axes_of(dim, input.array.ndim)
    if axes is not None:
        check_not_empty("aminmax", input.array.shape, axes[0])
    low, high = (half.apply(input, axes, keepdim) for half in (AminmaxMin, AminmaxMax))
    return return_types.aminmax((low, high))


# --- by rank -------------------------------------------------------------------------------------


def _ordered(function: str, x: Any, dim: int) -> tuple[Any, Any, int, Any]:
    """Array, backend, axis and stable order along it; a scalar counts as one element."""
    a = x.array
    axis = wrap_dim(dim, a.ndim)
    check_not_empty(function, a.shape, axis)
    xp = BACKENDS[type(a)]
    order = xp.argsort(a if a.ndim else xp.reshape(a, (1,)), axis)
    return a, xp, axis, order


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The ``k``-th smallest element along ``dim`` (from 1) and its place; nan counts as largest.

    Raises RuntimeError for a ``k`` out of range.

    >>> import gpugrad
    >>> gpugrad.tensor([3.0, 1.0, 2.0]).kthvalue(2).values
    tensor(2.)
    """
    if input.array.dtype.kind == "b":
        raise no_bools("kthvalue_cpu")
    _, xp, axis, order = _ordered("kthvalue", input, dim)
    if not 1 <= k <= order.shape[axis]:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    index = xp.getitem(order, (*(slice(None),) * axis, slice(k - 1, k)))
    return picked(Kthvalue, return_types.kthvalue, input, index, axis, keepdim)


def _middle(function: str, x: Any, dim: int, skip_nan: bool) -> tuple[Any, int]:
    """The place of the lower median along a dimension; nan if there is one, unless skipped."""
    if x.array.dtype.kind == "b":
        raise NotImplementedError(f"\"median_cpu\" not implemented for '{word(x.array)}'")
    a, xp, axis, order = _ordered(function, x, dim)
    length = order.shape[axis]
    if a.dtype.kind not in "fV":
        rank = xp.full(
            (*order.shape[:axis], 1, *order.shape[axis + 1 :]), (length - 1) // 2, "int64"
        )
    else:
        nans = xp.isnan(a if a.ndim else xp.reshape(a, (1,)))
        numbers = xp.sub(length, xp.sum(nans, axis, True, "int64"))
        if skip_nan:
            rank = xp.floor_divide(xp.maximum(xp.sub(numbers, 1), 0), 2)
        else:
            # nan sorts last: the first of them stands after all the numbers.
            rank = xp.where(xp.lt(numbers, length), numbers, (length - 1) // 2)
    return xp.take_along_axis(order, rank, axis), axis


def _median(
    names: tuple[str, type[Median], type[Selection], type[Any]],
    input: Any,
    dim: int | None,
    keepdim: bool,
    skip_nan: bool,
) -> Any:
    function, of_all, along, kind = names
    if dim is None:
        from .shape import reshape

        flat = reshape(input, (-1,))
        if not flat.array.size:
            return wrap(BACKENDS[type(flat.array)].full((), float("nan"), flat.array.dtype))
        return of_all.apply(input, _middle(function, flat, 0, skip_nan)[0])
    index, axis = _middle(function, input, dim, skip_nan)
    return picked(along, kind, input, index, axis, keepdim)


def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of all elements, or along ``dim`` with its place; of two middle ones the lower.

    A nan anywhere makes the median nan; :func:`nanmedian` leaves them out.

    >>> import gpugrad
    >>> gpugrad.tensor([4.0, 1.0, 3.0, 2.0]).median()
    tensor(2.)
    """
    names = ("median", Median, MedianDim, return_types.median)
    return _median(names, input, dim, keepdim, False)


def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of the elements that are numbers, see :func:`median`.

    >>> import gpugrad
    >>> gpugrad.nanmedian(gpugrad.tensor([1.0, gpugrad.nan, 3.0, 2.0]))
    tensor(2.)
    """
    names = ("nanmedian", Nanmedian, NanmedianDim, return_types.nanmedian)
    return _median(names, input, dim, keepdim, True)


def mode(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element along ``dim``, the smallest of several, and its last place.

    >>> import gpugrad
    >>> gpugrad.tensor([3, 1, 3, 1, 2]).mode()
    torch.return_types.mode(
    values=tensor(1),
    indices=tensor(3))
    """
    a, xp, axis, order = _ordered("mode", input, dim)
    ascending = xp.take_along_axis(a if a.ndim else xp.reshape(a, (1,)), order, axis)
    length = order.shape[axis]
    before = (slice(None),) * axis
    # Where each run of equal elements starts, carried forward over the run.
    place = xp.arange(0, length, 1, "int64").reshape(-1, *(1,) * (order.ndim - axis - 1))
    place = xp.broadcast_to(place, order.shape)
    changes = xp.ne(ascending[(*before, slice(1, None))], ascending[(*before, slice(0, -1))])
    start = xp.copy(place)
    later = (*before, slice(1, None))
    xp.setitem(start, later, xp.where(changes, place[later], 0))
    xp.setitem(start, (*before, slice(0, 1)), 0)
    run = xp.sub(place, running(xp, xp.maximum, start, axis))
    # The longest run ends first where `run` has its (first) maximum.
    best = xp.reshape(xp.asarray(xp.argmax(run, axis)), kept_shape(order.shape, (axis,)))
    index = xp.take_along_axis(order, best, axis)
    return picked(Mode, return_types.mode, input, index, axis, keepdim)
