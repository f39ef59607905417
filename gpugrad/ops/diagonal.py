"""Diagonals and triangles of matrices, and of batches of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.composed import shown_as
from ..autograd.engine import Node, TensorBase, wrap
from ..autograd.inplace import apply_inplace
from ..backend import BACKENDS, get_backend
from ..casting.calls import THREADS, casting
from ..device import device as device_type
from .shape import reshape, wrap_dim
from .unary import no_bools


def _places(xp: Any, rows: int, columns: int, offset: int) -> tuple[Any, Any]:
    """The row and column numbers of the elements on a diagonal."""
    down, right = max(-offset, 0), max(offset, 0)
    length = max(min(rows - down, columns - right), 0)
    steps = xp.arange(0, length, 1, "int64")
    return steps + down, steps + right


def _to_end(ndim: int, dim1: int, dim2: int) -> tuple[int, ...]:
    """The order of dimensions that puts two of them last."""
    return (*(d for d in range(ndim) if d not in (dim1, dim2)), dim1, dim2)


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(order.index(d) for d in range(len(order)))


class Diagonal(Node):
    """The diagonals of the matrices in two dimensions: a view, with the diagonal last."""

    __slots__ = ("dims", "offset", "shape")
    is_view = True

    def forward(self, xp: Any, x: Any, offset: int, dim1: int, dim2: int) -> Any:
        if isinstance(x, TensorBase):
            return Diagonal.apply(x, offset, dim1, dim2)
        self.shape, self.offset, self.dims = x.shape, offset, (dim1, dim2)
        out = xp.module.diagonal(x, offset, dim1, dim2)
        if type(out) is np.ndarray and x.flags.writeable:
            out.flags.writeable = True  # NumPy's caution, not a property of the memory
        return out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        order = _to_end(len(self.shape), *self.dims)
        shape = tuple(self.shape[d] for d in order)
        rows, columns = _places(_arrays(grad), shape[-2], shape[-1], self.offset)
        spread = xp.scatter_nd(grad, (..., rows, columns), shape)
        return (xp.permute(spread, _inverse(order)),)


class DiagEmbed(Node):
    """Matrices in two new dimensions with the last dimension of ``x`` on a diagonal."""

    __slots__ = ("key", "order")

    def forward(self, xp: Any, x: Any, offset: int, dim1: int, dim2: int) -> Any:
        size = x.shape[-1] + abs(offset)
        self.key = (..., *_places(xp, size, size, offset))
        self.order = _inverse(_to_end(x.ndim + 1, dim1, dim2))
        return xp.permute(xp.scatter_nd(x, self.key, (*x.shape[:-1], size, size)), self.order)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.getitem(xp.permute(grad, _inverse(self.order)), self.key),)


class Trace(Node):
    """The sum of a matrix's diagonal."""

    __slots__ = ("key", "shape")

    def forward(self, xp: Any, x: Any) -> Any:
        self.key, self.shape = _places(xp, x.shape[0], x.shape[1], 0), x.shape
        return xp.sum(xp.getitem(x, self.key), None, False, _sum_type(x))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        line = xp.broadcast_to(grad, self.key[0].shape)
        return (xp.scatter_nd(line, self.key, self.shape),)


class Tril(Node):
    """The elements on and below a diagonal; zero above."""

    __slots__ = ("diagonal",)
    below = True

    def forward(self, xp: Any, x: Any, diagonal: int) -> Any:
        self.diagonal = diagonal
        return xp.triangle(x, diagonal, self.below)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        if isinstance(grad, TensorBase):
            return (type(self).apply(grad, self.diagonal),)
        return (xp.triangle(grad, self.diagonal, self.below),)


class Triu(Tril):
    """The elements on and above a diagonal; zero below."""

    __slots__ = ()
    below = False


def _arrays(x: Any) -> Any:
    """The backend of an array or of a tensor's array."""
    return BACKENDS[type(x.array if isinstance(x, TensorBase) else x)]


def _sum_type(x: Any) -> Any:
    return "int64" if x.dtype.kind in "bui" else None


# --- functions -----------------------------------------------------------------------------------


def _triangle(function: str, input: Any) -> Any:
    if input.array.ndim < 2:
        raise RuntimeError(f"{function}: input tensor must have at least 2 dimensions")
    return input


def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle of a matrix or of each in a batch; the rest is 0.

    Args:
        diagonal: the highest diagonal that is kept; 0 is the main one, 1 the one above.

    >>> import gpugrad
    >>> gpugrad.tril(gpugrad.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    return Tril.apply(_triangle("tril", input), diagonal)


def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle of a matrix or of each in a batch; the rest is 0.

    Args:
        diagonal: the lowest diagonal that is kept.

    >>> import gpugrad
    >>> gpugrad.triu(gpugrad.ones(2, 2), 1)
    tensor([[0., 1.],
            [0., 0.]])
    """
    return Triu.apply(_triangle("triu", input), diagonal)


def tril_(input: Any, diagonal: int = 0) -> Any:
    """:func:`tril` in place."""
    return apply_inplace(Tril, _triangle("tril", input), diagonal)


def triu_(input: Any, diagonal: int = 0) -> Any:
    """:func:`triu` in place."""
    return apply_inplace(Triu, _triangle("triu", input), diagonal)


def _two_dims(dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of the matrices in ``dim1`` and ``dim2``, as a view, in the last dimension.

    Args:
        offset: 0 for the main diagonal, positive above it, negative below.

    >>> import gpugrad
    >>> gpugrad.diagonal(gpugrad.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    first, second = _two_dims(dim1, dim2, input.array.ndim)
    return Diagonal.apply(input, offset, first, second)


def diag(input: Any, diagonal: int = 0) -> Any:
    """The matrix with a vector on its diagonal, or a copy of a matrix's diagonal.

    >>> import gpugrad
    >>> gpugrad.diag(gpugrad.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    ndim = input.array.ndim
    if ndim == 1:
        return DiagEmbed.apply(input, diagonal, 0, 1)
    if ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    return _diagonal_copy(input, diagonal)


@shown_as("DiagonalBackward0_copy")
def _diagonal_copy(input: Any, diagonal: int) -> Any:
    return Diagonal.apply(input, diagonal, 0, 1).clone()


def diagflat(input: Any, offset: int = 0) -> Any:
    """The matrix with all elements of ``input`` on a diagonal.

    >>> import gpugrad
    >>> gpugrad.diagflat(gpugrad.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    return DiagEmbed.apply(reshape(input, (-1,)), offset, 0, 1)


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices with the last dimension of ``input`` on a diagonal, in dimensions dim1 and dim2.

    >>> import gpugrad
    >>> gpugrad.diag_embed(gpugrad.ones(3, 2)).shape
    torch.Size([3, 2, 2])
    """
    first, second = _two_dims(dim1, dim2, input.array.ndim + 1)
    return DiagEmbed.apply(input, offset, first, second)


def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix.

    >>> import gpugrad
    >>> gpugrad.trace(gpugrad.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    if THREADS and (run := casting("trace")):
        return run(trace, input)
    if input.array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.array.ndim}")
    if input.array.dtype.kind == "b":
        raise no_bools("trace")
    return Trace.apply(input)


def _triangle_indices(below: bool, row: int, col: int, offset: int, dtype: Any, where: Any) -> Any:
    for name, n in (("row", row), ("col", col)):
        if n < 0:
            raise RuntimeError(f"{name} must be non-negative, got{n}")
    distance = np.arange(col) - np.arange(row).reshape(-1, 1)
    places = np.stack(np.nonzero(distance <= offset if below else distance >= offset))
    kind = dtypes.int64 if dtype is None else dtypes.as_dtype(dtype)
    there = device_type("cpu" if where is None else where)
    return wrap(get_backend(there).from_host(places.astype(kind.numpy), there))


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Any:
    """Row and column numbers of the lower triangle of a ``row`` by ``col`` matrix.

    >>> import gpugrad
    >>> gpugrad.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle_indices(True, row, col, offset, dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Any:
    """Row and column numbers of the upper triangle of a ``row`` by ``col`` matrix.

    >>> import gpugrad
    >>> gpugrad.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle_indices(False, row, col, offset, dtype, device)
