"""Shape: the same elements seen or arranged otherwise. Most results are views."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from ..autograd.engine import Node
from ..size import Size
from .operands import misfit, sum_to


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


class Expand(Node):
    """Dimensions of size one repeated without copying."""

    __slots__ = ("shape",)
    is_view = True

    def forward(self, xp: Any, x: Any, shape: tuple[int, ...]) -> Any:
        self.shape = x.shape
        return xp.expand(x, shape)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (sum_to(xp, grad, self.shape),)


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
    """One dimension as several."""
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
    """The last two dimensions exchanged; numbers being real, nothing is conjugated."""
    if input.array.ndim < 2:
        raise RuntimeError(
            f"tensor.adjoint() is only supported on matrices or batches of matrices. Got "
            f"{input.array.ndim}-D tensor."
        )
    return transpose(input, -2, -1)


def t(input: Any) -> Any:
    """The transpose of a matrix; vectors and scalars as they are."""
    ndim = input.array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return T.apply(input, (1, 0) if ndim == 2 else tuple(range(ndim)))


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Move dimensions to other places; the rest keep their order."""
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


def expand(input: Any, *size: Any) -> Any:
    """Dimensions of size one repeated to ``size`` without copying; -1 keeps a size."""
    shape, wanted = input.array.shape, sizes(size)
    added = len(wanted) - len(shape)
    if added < 0:
        raise RuntimeError(
            f"expand(torch.{_type_of(input)}{{{list(shape)}}}, size={list(wanted)}): the number of "
            f"sizes provided ({len(wanted)}) must be greater or equal to the number of dimensions "
            f"in the tensor ({len(shape)})"
        )
    result = []
    for i in range(len(wanted) - 1, -1, -1):  # like PyTorch, complain of the last dimension first
        n, have = wanted[i], shape[i - added] if i >= added else 1
        if n == -1:
            if i < added:
                raise RuntimeError(
                    f"The expanded size of the tensor ({n}) isn't allowed in a leading, "
                    f"non-existing dimension {i}"
                )
            n = have
        elif have not in (1, n):
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(wanted)}.  Tensor sizes: "
                f"{list(shape)}"
            )
        result.append(n)
    return Expand.apply(input, tuple(reversed(result)))


def _type_of(input: Any) -> str:
    from ..dtypes import from_numpy

    return from_numpy(input.array.dtype).tensor_type


def broadcast_to(input: Any, size: Sequence[int]) -> Any:
    """The same as :func:`expand`."""
    return expand(input, tuple(size))


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All tensors expanded to their common shape."""
    for first, second in combinations(tensors, 2):
        error = misfit(first.array.shape, second.array.shape)
        if error is not None:
            raise error
    shape = broadcast_shapes(*(t.array.shape for t in tensors))
    return tuple(expand(t, shape) for t in tensors)


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that tensors of these shapes broadcast to. Raises RuntimeError if none."""
    result: list[int] = []
    for number, shape in enumerate(shapes):
        dims = (shape,) if isinstance(shape, int) else tuple(shape)
        result = [1] * (len(dims) - len(result)) + result
        for i in range(1, len(dims) + 1):
            if result[-i] == 1:
                result[-i] = dims[-i]
            elif dims[-i] not in (1, result[-i]):
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {dims[-i]} at {-i}! "
                    f"Mismatching argument at index {number} had {dims}; but expected shape "
                    f"should be broadcastable to {result}"
                )
    return Size(result)


def sum_to_size(input: Any, *size: Any) -> Any:
    """Sum over the dimensions that would be stretched to broadcast ``size`` to this shape."""
    from .reduce import sum as total  # reductions are built over shapes

    shape, wanted = input.array.shape, sizes(size)
    if not wanted:
        return total(input)
    added = len(shape) - len(wanted)
    if added < 0 or any(m not in (1, n) for n, m in zip(shape[added:], wanted, strict=True)):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    stretched = [i + added for i, m in enumerate(wanted) if m == 1 and shape[i + added] != 1]
    dims = list(range(added)) + stretched
    return reshape(total(input, dims, True), wanted) if dims else input
