"""Shape: the same elements seen or arranged otherwise. Most results are views."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..autograd.engine import Node


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the front. Raises IndexError if there is none such."""
    if not isinstance(dim, int):
        raise TypeError(f"dim must be int, not {type(dim).__name__}")
    bound = max(ndim, 1)
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], "
            f"but got {dim})"
        )
    return dim % bound


def sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    """Accept ``f(2, 3)`` and ``f((2, 3))`` alike."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    return tuple(int(a) for a in args)


class Reshape(Node):
    """Another shape for the same elements in the same order."""

    __slots__ = ("shape",)
    torch_name = "View"
    is_view = True

    def forward(self, xp: Any, x: Any, shape: tuple[int, ...]) -> Any:
        self.shape = x.shape
        return xp.reshape(x, shape)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.reshape(grad, self.shape),)


class UnsafeView(Reshape):
    """Another shape where the strides did not allow a view."""

    __slots__ = ()


class Squeeze(Reshape):
    """Without its dimensions of size one."""

    __slots__ = ()


class SqueezeDim(Squeeze):
    """Without one given dimension, if its size is one."""

    __slots__ = ()
    torch_name = "SqueezeBackward1"


class SqueezeDims(Squeeze):
    """Without the given dimensions whose size is one."""

    __slots__ = ()
    torch_name = "SqueezeBackward2"


class Unsqueeze(Reshape):
    """With a further dimension of size one."""

    __slots__ = ()


class Permute(Node):
    """The dimensions in another order."""

    __slots__ = ("axes",)
    is_view = True

    def forward(self, xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
        self.axes = axes
        return xp.permute(x, axes)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        inverse = [0] * len(self.axes)
        for i, a in enumerate(self.axes):
            inverse[a] = i
        return (xp.permute(grad, tuple(inverse)),)


class Transpose(Permute):
    """Two dimensions exchanged."""

    __slots__ = ()


class T(Permute):
    """A matrix with rows and columns exchanged."""

    __slots__ = ()


# --- functions -----------------------------------------------------------------------------------


def _infer(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """Fill in a -1. Raises RuntimeError where the shape cannot hold ``size`` elements."""
    known = 1
    for n in shape:
        if n != -1:
            known *= n
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    negative = next((n for n in shape if n < -1), None)
    if negative is not None:
        raise RuntimeError(f"invalid shape dimension {negative}")
    if -1 in shape:
        if known == 0 and size == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
            )
        if known and size % known == 0:
            return tuple(size // known if n == -1 else n for n in shape)
    elif known == size:
        return shape
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")


def reshape(input: Any, shape: Any) -> Any:
    """``input`` in another shape: a view where the strides allow it, else a copy.

    >>> import gpugrad
    >>> gpugrad.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    result = Reshape.apply(input, _infer(tuple(shape), input.array.size))
    if result.view_of is None and result.node is not None:
        result.node.__class__ = UnsafeView  # it turned out to be a copy
    return result


def view(input: Any, *shape: Any) -> Any:
    """``input`` in another shape, never copied.

    Raises RuntimeError where the strides do not allow a view.
    """
    result = Reshape.apply(input, _infer(sizes(shape), input.array.size))
    if result.view_of is None and result.array.size:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return result


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions from ``start_dim`` to ``end_dim`` as one.

    >>> import gpugrad
    >>> gpugrad.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    shape = input.array.shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, (1,))
    if start == end:
        return input
    length = 1
    for n in shape[start : end + 1]:
        length *= n
    return reshape(input, (*shape[:start], length, *shape[end + 1 :]))


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """One dimension as several.

    >>> import gpugrad
    >>> gpugrad.unflatten(gpugrad.zeros(6, 4), 0, (2, 3)).shape
    torch.Size([2, 3, 4])
    """
    shape = input.array.shape
    d = wrap_dim(dim, len(shape))
    parts = tuple(sizes)
    if not parts:
        raise RuntimeError("unflatten: sizes must be non-empty")
    known = math.prod(n for n in parts if n != -1)
    if shape[d] % known if -1 in parts and known else known != shape[d]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(parts)} don't multiply up to the size of dim {d} "
            f"({shape[d]}) in the input tensor"
        )
    return reshape(input, (*shape[:d], *_infer(parts, shape[d]), *shape[d + 1 :]))


def permute(input: Any, dims: Sequence[int]) -> Any:
    """The dimensions in the order ``dims``.

    >>> import gpugrad
    >>> gpugrad.zeros(2, 3, 4).permute(2, 0, 1).shape
    torch.Size([4, 2, 3])
    """
    ndim = input.array.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal "
            f"to len(dims) = {len(dims)}"
        )
    axes = tuple(wrap_dim(d, ndim) for d in dims)
    if len(set(axes)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return Permute.apply(input, axes)


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged.

    >>> import gpugrad
    >>> gpugrad.zeros(2, 3).transpose(0, 1).shape
    torch.Size([3, 2])
    """
    ndim = input.array.ndim
    axes = list(range(ndim))
    a, b = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    if ndim:
        axes[a], axes[b] = b, a
    return Transpose.apply(input, tuple(axes))


def adjoint(input: Any) -> Any:
    """The last two dimensions exchanged; numbers being real, nothing is conjugated.

    >>> import gpugrad
    >>> gpugrad.adjoint(gpugrad.zeros(5, 2, 3)).shape
    torch.Size([5, 3, 2])
    """
    if input.array.ndim < 2:
        raise RuntimeError(
            f"tensor.adjoint() is only supported on matrices or batches of matrices. Got "
            f"{input.array.ndim}-D tensor."
        )
    return transpose(input, -2, -1)


def t(input: Any) -> Any:
    """The transpose of a matrix; vectors and scalars as they are.

    >>> import gpugrad
    >>> gpugrad.t(gpugrad.tensor([[1, 2], [3, 4]]))
    tensor([[1, 3],
            [2, 4]])
    """
    ndim = input.array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return T.apply(input, (1, 0) if ndim == 2 else tuple(range(ndim)))


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Move dimensions to other places; the rest keep their order.

    >>> import gpugrad
    >>> gpugrad.moveaxis(gpugrad.zeros(2, 3, 4), 0, -1).shape
    torch.Size([3, 4, 2])
    """
    ndim = input.array.ndim
    from_ = [wrap_dim(d, ndim) for d in ([source] if isinstance(source, int) else source)]
    to = [
        wrap_dim(d, ndim) for d in ([destination] if isinstance(destination, int) else destination)
    ]
    if len(from_) != len(to):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(from_)} dims) should contain the same number of dims as destination "
            f"({list(to)} dims)"
        )
    for name, dims, given in (("source", from_, source), ("destination", to, destination)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    order = [d for d in range(ndim) if d not in from_]
    for place, d in sorted(zip(to, from_, strict=True)):
        order.insert(place, d)
    return permute(input, order)


def squeeze(input: Any, dim: Any = None, *, axis: Any = None) -> Any:
    """Without dimensions of size one: all of them, or those in ``dim``, NumPy's ``axis``.

    >>> import gpugrad
    >>> gpugrad.zeros(1, 2, 1).squeeze().shape
    torch.Size([2])
    """
    shape = input.array.shape
    if dim is None and (dim := axis) is None:
        return Squeeze.apply(input, tuple(n for n in shape if n != 1))
    kind, given = (SqueezeDim, (dim,)) if isinstance(dim, int) else (SqueezeDims, dim)
    dims = {wrap_dim(d, len(shape)) for d in given}
    return kind.apply(input, tuple(n for i, n in enumerate(shape) if i not in dims or n != 1))


def unsqueeze(input: Any, dim: int | None = None, *, axis: int | None = None) -> Any:
    """With a dimension of size one inserted at ``dim``, which NumPy calls ``axis``.

    >>> import gpugrad
    >>> gpugrad.zeros(2).unsqueeze(1).shape
    torch.Size([2, 1])
    """
    shape = input.array.shape
    if dim is None:
        if axis is None:
            raise TypeError('unsqueeze() missing 1 required positional arguments: "dim"')
        dim = axis
    d = wrap_dim(dim, len(shape) + 1)
    return Unsqueeze.apply(input, (*shape[:d], 1, *shape[d:]))
