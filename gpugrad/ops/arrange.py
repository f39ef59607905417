"""Rearranging and taking apart: ``roll``, ``rot90``, ``unfold``, ``narrow`` and relatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.composed import shown_as
from ..autograd.engine import Node, TensorBase
from ..backend import BACKENDS
from .cutting import tensor_split
from .index import Select, Slice
from .repeating import Flip
from .shape import Unsqueeze, reshape, wrap_dim


class Roll(Node):
    """The elements moved along dimensions, those that leave coming back at the other end."""

    __slots__ = ("axes", "shifts")

    def forward(self, xp: Any, x: Any, shifts: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        self.shifts, self.axes = shifts, axes
        return self._rolled(xp, x, 1)

    def _rolled(self, xp: Any, x: Any, sign: int) -> Any:
        for shift, axis in zip(self.shifts, self.axes, strict=True):
            length = x.shape[axis]
            if length:
                before = (slice(None),) * axis
                cut = -sign * shift % length
                head = xp.getitem(x, (*before, slice(0, cut)))
                x = xp.concatenate([xp.getitem(x, (*before, slice(cut, None))), head], axis)
        return x

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (self._rolled(xp, grad, -1),)


class Rot90(Node):
    """Quarter turns from the first of two dimensions towards the second."""

    __slots__ = ("dims", "turns")

    def forward(self, xp: Any, x: Any, turns: int, dims: tuple[int, int]) -> Any:
        self.turns, self.dims = turns, dims
        return xp.copy(self._turned(xp, x, turns % 4))

    def _turned(self, xp: Any, x: Any, turns: int) -> Any:
        a, b = self.dims
        if turns == 2:
            return xp.flip(x, (a, b))
        if turns == 0:
            return x
        order = list(range(x.ndim))
        order[a], order[b] = b, a
        return xp.permute(xp.flip(x, (b if turns == 1 else a,)), tuple(order))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (self._turned(xp, grad, -self.turns % 4),)


class Unfold(Node):
    """All windows of a length along a dimension, in a new last dimension: a view."""

    __slots__ = ("shape", "windows")
    is_view = True

    def forward(self, xp: Any, x: Any, axis: int, size: int, step: int) -> Any:
        if isinstance(x, TensorBase):
            return Unfold.apply(x, axis, size, step)
        count = (x.shape[axis] - size) // step + 1
        self.shape, self.windows = x.shape, (axis, count, size, step)
        shape, strides = list(x.shape), list(x.strides)
        along = strides[axis]
        shape[axis], strides[axis] = count, along * step
        return xp.strided(x, 0, (*shape, size), (*strides, along))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        arrays = BACKENDS[type(grad.array if isinstance(grad, TensorBase) else grad)]
        axis, count, size, step = self.windows
        starts = arrays.mul(arrays.arange(0, count, 1, "int64"), step)
        places = arrays.add(arrays.reshape(starts, (count, 1)), arrays.arange(0, size, 1, "int64"))
        order = (*range(axis + 1), grad.ndim - 1, *range(axis + 1, grad.ndim - 1))
        key = (*(slice(None),) * axis, places)
        return (xp.scatter_nd(xp.permute(grad, order), key, self.shape),)


# --- functions -----------------------------------------------------------------------------------


def _ints(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


@shown_as("RollBackward0")
def roll(input: Any, shifts: Any, dims: Any = ()) -> Any:
    """The elements moved by ``shifts`` along ``dims``; without ``dims`` in row-major order.

    >>> import gpugrad
    >>> gpugrad.roll(gpugrad.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    steps, along = _ints(shifts), _ints(dims)
    if not steps:
        raise RuntimeError("`shifts` required")
    if not along and len(steps) == 1:
        return reshape(Roll.apply(reshape(input, (-1,)), steps, (0,)), input.array.shape)
    if len(steps) != len(along):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(along)}"
        )
    return Roll.apply(input, steps, tuple(wrap_dim(d, input.array.ndim) for d in along))


def rot90(input: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
    """``k`` quarter turns in the plane of two dimensions, from the first towards the second.

    >>> import gpugrad
    >>> gpugrad.rot90(gpugrad.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    ndim = input.array.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    first, second = (wrap_dim(d, ndim) for d in dims)
    if first == second:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    return Rot90.apply(input, k, (first, second))


def fliplr(input: Any) -> Any:
    """The columns in reverse order.

    >>> import gpugrad
    >>> gpugrad.fliplr(gpugrad.tensor([[1, 2], [3, 4]]))
    tensor([[2, 1],
            [4, 3]])
    """
    if input.array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return Flip.apply(input, (1,))


def flipud(input: Any) -> Any:
    """The rows in reverse order.

    >>> import gpugrad
    >>> gpugrad.flipud(gpugrad.tensor([[1, 2], [3, 4]]))
    tensor([[3, 4],
            [1, 2]])
    """
    if input.array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return Flip.apply(input, (0,))


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """``length`` places along ``dim`` from ``start`` on, as a view.

    >>> import gpugrad
    >>> gpugrad.narrow(gpugrad.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    shape = input.array.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if isinstance(start, TensorBase) and (start.array.ndim or start.array.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    axis = wrap_dim(dim, len(shape))
    size, first = shape[axis], int(start)
    if not -size <= first <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {first})"
        )
    first = first + size if first < 0 else first
    if first + length > size:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({size}).")
    return Slice.apply(input, (*(slice(None),) * axis, slice(first, first + length)))


def select(input: Any, dim: int, index: Any) -> Any:
    """The slice at ``index`` along ``dim``, as a view without that dimension.

    >>> import gpugrad
    >>> gpugrad.select(gpugrad.tensor([[1, 2], [3, 4]]), 1, 0)
    tensor([1, 3])
    """
    shape = input.array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis, place = wrap_dim(dim, len(shape)), int(index)
    if not -shape[axis] <= place < shape[axis]:
        raise IndexError(
            f"select(): index {place} out of range for tensor of size {list(shape)} at dimension "
            f"{axis}"
        )
    return Select.apply(input, (*(slice(None),) * axis, place, ...))


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """All windows of ``size`` places along a dimension, ``step`` apart, in a new last dimension.

    The result shares the memory of ``input``, the windows each other's where they overlap.

    >>> import gpugrad
    >>> gpugrad.arange(4).unfold(0, 2, 1)
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    shape = input.array.shape
    axis = wrap_dim(dimension, len(shape))
    length = shape[axis] if shape else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {axis} is {length} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not shape:
        return reshape(input, (1,))[:size]
    return Unfold.apply(input, axis, size, step)


def listed(tensors: tuple[Any, ...]) -> list[Any]:
    """``f(a, b)`` and ``f([a, b])`` alike."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        return list(tensors[0])
    return list(tensors)


# --- as many dimensions as wanted ----------------------------------------------------------------


def ravel(input: Any) -> Any:
    """The elements in a vector: a view if they lie in row-major order, else a copy.

    >>> import gpugrad
    >>> gpugrad.ravel(gpugrad.tensor([[1, 2], [3, 4]]))
    tensor([1, 2, 3, 4])
    """
    return reshape(input, (-1,))


def _each(one: Any, tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], TensorBase):
        return one(tensors[0])
    return tuple(one(t) for t in listed(tensors))


def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one dimension.

    >>> import gpugrad
    >>> gpugrad.atleast_1d(gpugrad.tensor(1.0))
    tensor([1.])
    """
    return _each(lambda t: t if t.array.ndim else reshape(t, (1,)), tensors)


def _unsqueezed(t: Any, size: tuple[int, ...]) -> Any:
    """Another shape; a vector or matrix prints as what PyTorch's last op gives it."""
    if not t.array.ndim:
        return reshape(t, size)
    return Unsqueeze.apply(t, tuple(t.array.size if n == -1 else n for n in size))


def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two dimensions, vectors as rows.

    >>> import gpugrad
    >>> gpugrad.atleast_2d(gpugrad.tensor([1.0, 2.0]))
    tensor([[1., 2.]])
    """
    return _each(lambda t: t if t.array.ndim > 1 else _unsqueezed(t, (1, -1)), tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three dimensions; matrices get a last one.

    >>> import gpugrad
    >>> gpugrad.atleast_3d(gpugrad.ones(2, 3)).shape
    torch.Size([2, 3, 1])
    """

    def one(t: Any) -> Any:
        shape = t.array.shape
        if len(shape) > 2:
            return t
        return _unsqueezed(t, (*shape, 1) if len(shape) == 2 else (1, t.array.size, 1))

    return _each(one, tensors)


def _split_along(
    function: str, input: Any, indices_or_sections: Any, dim: int, least: int
) -> tuple[Any, ...]:
    shape = input.array.shape
    if len(shape) < least:
        raise RuntimeError(
            f"torch.{function} requires a tensor with at least {least} dimension"
            f"{'s' if least > 1 else ''}, but got a tensor with {len(shape)} dimensions!"
        )
    if isinstance(indices_or_sections, int) and (
        not indices_or_sections or shape[dim] % indices_or_sections
    ):
        raise RuntimeError(
            f"torch.{function} attempted to split along dimension {dim}, but the size of the "
            f"dimension {shape[dim]} is not divisible by the split_size {indices_or_sections}!"
        )
    parts: tuple[Any, ...] = tensor_split(input, indices_or_sections, dim)
    return parts


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal parts (or parts cut at indices) along the second dimension, of a vector the first.

    >>> import gpugrad
    >>> gpugrad.hsplit(gpugrad.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    return _split_along("hsplit", input, indices_or_sections, min(input.array.ndim - 1, 1), 1)


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal parts (or parts cut at indices) along the first dimension.

    >>> import gpugrad
    >>> gpugrad.vsplit(gpugrad.tensor([[1, 2], [3, 4]]), 2)
    (tensor([[1, 2]]), tensor([[3, 4]]))
    """
    return _split_along("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal parts (or parts cut at indices) along the third dimension."""
    return _split_along("dsplit", input, indices_or_sections, 2, 3)
