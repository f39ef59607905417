"""Views by size and stride: ``as_strided``; and copies in which a part is replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.composed import inplace_shown_as, shown_as
from ..autograd.engine import Node, TensorBase
from ..autograd.inplace import check_inplace
from ..backend import BACKENDS
from .arrange import narrow, select
from .diagonal import diagonal
from .shape import permute, wrap_dim
from .write import Put


def _positions(xp: Any, size: Sequence[int], stride: Sequence[int], start: int) -> Any:
    """Where in memory the elements of a strided array lie, counted in elements."""
    places = xp.full((1,) * len(size), start, "int64")
    for d, (n, step) in enumerate(zip(size, stride, strict=True)):
        line = xp.mul(xp.arange(0, n, 1, "int64"), step)
        places = xp.add(places, xp.reshape(line, (n, *(1,) * (len(size) - d - 1))))
    return places


def _reach(size: Sequence[int], stride: Sequence[int]) -> int:
    """Elements from the first to the last, if there are any."""
    return sum((n - 1) * step for n, step in zip(size, stride, strict=True))


def _may_overlap(size: Sequence[int], stride: Sequence[int]) -> bool:
    """Whether two elements may share their memory: no dimension jumps over the shorter ones."""
    covered = 0
    for step, n in sorted((s, n) for s, n in zip(stride, size, strict=True) if n != 1):
        if step <= covered:
            return True
        covered += (n - 1) * step
    return False


def _strides(array: Any) -> tuple[int, ...]:
    return tuple(step // array.dtype.itemsize for step in array.strides)


class AsStrided(Node):
    """Elements of the memory of ``x`` picked by size, stride and start, counted in elements.

    The gradient is summed by place in memory and read from there as ``x`` reads its values; what
    lies outside ``x`` has none. Where elements of ``x`` share a place they share its gradient.
    """

    __slots__ = ("own", "picked")
    is_view = True

    def forward(
        self,
        xp: Any,
        x: Any,
        size: tuple[int, ...],
        stride: tuple[int, ...],
        start: int,
        strides: tuple[int, ...],
    ) -> Any:
        """``start`` counts from the first element of ``x``, which has the given strides."""
        if isinstance(x, TensorBase):
            return AsStrided.apply(x, size, stride, start, strides)
        if x.size and _strides(x) != strides:
            raise RuntimeError(
                "in-place changes of a view by as_strided need a base that lies in memory in "
                "row-major order: make it contiguous first"
            )
        self.own, self.picked = (x.shape, strides), (size, stride, start)
        item = x.dtype.itemsize
        return xp.strided(x, start * item, size, tuple(s * item for s in stride))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        arrays = BACKENDS[type(grad.array if isinstance(grad, TensorBase) else grad)]
        (shape, strides), (size, stride, start) = self.own, self.picked
        first = min(start, 0)
        length = max(_reach(shape, strides), start + _reach(size, stride)) - first + 1
        if 0 in shape or 0 in size:
            return (xp.broadcast_to(xp.sum(grad), shape),)
        here = _positions(arrays, size, stride, start - first)
        memory = xp.scatter_nd(grad, (here,), (length,))
        own = _positions(arrays, shape, strides, -first)
        if _may_overlap(shape, strides):
            ones = arrays.ones_like(own)
            users = arrays.maximum(arrays.scatter_nd(ones, (own,), (length,)), 1)
            memory = xp.div(memory, arrays.cast(users, grad.dtype))
        return (xp.getitem(memory, (own,)),)


def _checked(
    input: Any, size: Any, stride: Any, storage_offset: int | None
) -> tuple[tuple[int, ...], tuple[int, ...], int, tuple[int, ...]]:
    """The static arguments of :class:`AsStrided`, checked against the memory of ``input``."""
    wanted, steps = tuple(map(int, size)), tuple(map(int, stride))
    if len(wanted) != len(steps):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(s < 0 for s in steps):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(steps)}"
        )
    if any(n < 0 for n in wanted):
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(wanted)} and "
            f"strides={list(steps)}"
        )
    array = input.array
    _, begin, held = BACKENDS[type(array)].memory(array)
    item = array.dtype.itemsize
    own = (BACKENDS[type(array)].address(array) - begin) // item
    offset = own if storage_offset is None else storage_offset
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    needed = 0 if 0 in wanted else (offset + _reach(wanted, steps) + 1) * item
    if needed > held:
        raise RuntimeError(
            f"setStorage: sizes {list(wanted)}, strides {list(steps)}, storage offset {offset}, "
            f"and itemsize {item} requiring a storage size of {needed} are out of bounds for "
            f"storage of size {held}"
        )
    return wanted, steps, offset - own, _strides(array)


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """A view of the memory of ``input`` with any shape and strides.

    Args:
        size: the shape of the result.
        stride: steps in elements from one index to the next, in each dimension.
        storage_offset: elements between the start of the memory and the first one of the result;
            by default where ``input`` starts.

    Raises:
        RuntimeError: the view would reach beyond the memory, or a stride is negative.

    >>> import gpugrad
    >>> gpugrad.as_strided(gpugrad.arange(5), (3, 2), (1, 2))
    tensor([[0, 2],
            [1, 3],
            [2, 4]])
    """
    return AsStrided.apply(input, *_checked(input, size, stride, storage_offset))


@inplace_shown_as("AsStridedBackward1")
def as_strided_(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """:func:`as_strided` in place: ``input`` itself becomes the view."""
    check_inplace(input)
    result = as_strided(input, size, stride, storage_offset)
    input.array, input.node, input.needs_grad = result.array, result.node, result.needs_grad
    return input


# --- a part replaced -----------------------------------------------------------------------------


class SelectScatter(Put):
    """A copy with one slice along a dimension replaced."""

    __slots__ = ()


class SliceScatter(Put):
    """A copy with a range along a dimension replaced."""

    __slots__ = ()


def _fits(function: str, part: tuple[int, ...], src: Any) -> None:
    if src.array.shape != part:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src.array.shape)}, slice size = {list(part)}"
        )


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """A copy of ``input`` in which the slice ``index`` along ``dim`` is ``src``.

    >>> import gpugrad
    >>> gpugrad.select_scatter(gpugrad.zeros(2, 2), gpugrad.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    axis = wrap_dim(dim, input.array.ndim)
    _fits("select_scatter", select(input.detach(), dim, index).array.shape, src)
    return SelectScatter.apply(input, src, (*(slice(None),) * axis, int(index)))


def slice_scatter(
    input: Any,
    src: Any,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Any:
    """A copy of ``input`` with ``out[start:end:step] = src`` along ``dim``.

    >>> import gpugrad
    >>> gpugrad.slice_scatter(gpugrad.zeros(4), gpugrad.ones(2), 0, 1, 3)
    tensor([0., 1., 1., 0.])
    """
    axis = wrap_dim(dim, input.array.ndim)
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    key = (*(slice(None),) * axis, slice(start, end, step))
    _fits("slice_scatter", input.array[key].shape, src)
    return SliceScatter.apply(input, src, key)


@shown_as("DiagonalScatterBackward0")
def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of ``input`` with ``src`` on a diagonal, see :func:`diagonal`.

    >>> import gpugrad
    >>> gpugrad.diagonal_scatter(gpugrad.zeros(2, 2), gpugrad.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    _fits("diagonal_scatter", diagonal(input.detach(), offset, dim1, dim2).array.shape, src)
    ndim = input.array.ndim
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    order = [*(d for d in range(ndim) if d not in (first, second)), first, second]
    length = src.array.shape[-1]
    xp = BACKENDS[type(input.array)]
    steps = xp.arange(0, length, 1, "int64")
    key = (..., xp.add(steps, max(-offset, 0)), xp.add(steps, max(offset, 0)))
    written = Put.apply(permute(input, order), src, key)
    return permute(written, [order.index(d) for d in range(ndim)])


def split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Parts of the given sizes along ``dim``, as views.

    >>> import gpugrad
    >>> [p.shape[0] for p in gpugrad.split_with_sizes(gpugrad.arange(3), [1, 2])]
    [1, 2]
    """
    from .cutting import split

    parts: tuple[Any, ...] = split(input, list(split_sizes), dim)
    return parts


def narrow_copy(input: Any, dim: int, start: int, length: int) -> Any:
    """:func:`narrow` in memory of its own."""
    if dim >= max(input.array.ndim, 1):
        raise RuntimeError(
            "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false."
        )
    return narrow(input, dim, start, length).clone()
