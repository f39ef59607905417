"""Matrix products in all their shapes."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ..autograd.engine import TensorBase
from ..casting.calls import THREADS, casting
from .binary import FOR_X, FOR_Y, Binary
from .operands import sum_to
from .product_errors import explain_products, two_types
from .shape import reshape
from .unary import no_bools

LARGE, LARGE_BYTES = 1024, 4096
"""From so many elements of a matrix on ``xp.large`` is asked how to multiply it."""


class Matmul(Binary):
    """``x @ y``: vectors, matrices and batches of matrices, batches broadcast."""

    __slots__ = ()
    large = LARGE
    large_second = sys.maxsize  # a product with few rows is BLAS's, however wide
    torch_name = "UnsafeView"
    primitive = "matmul"
    keeps_x, keeps_y = FOR_Y, FOR_X

    @classmethod
    def explain(cls, a: Any, b: Any, error: Exception) -> Exception:
        return explain_products(a, b)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        shape_x, shape_y = self.shapes or (None, None)
        grad_x = grad_y = None
        if edge_x is not None:
            grad_x = xp.matmul(grad, swap(xp, self.y))
            if shape_x is not None:
                grad_x = sum_to(xp, grad_x, shape_x)
        if edge_y is not None:
            grad_y = xp.matmul(swap(xp, self.x), grad)
            if shape_y is not None:
                grad_y = sum_to(xp, grad_y, shape_y)
        return grad_x, grad_y


class BatchMatrix(Matmul):
    """The product of a batch of matrices and a matrix: that of all rows and the matrix."""

    __slots__ = ()
    torch_name = "UnsafeView"

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        grad_x = grad_y = None
        if edge_x is not None:
            grad_x = xp.matmul(grad, swap(xp, self.y))
        if edge_y is not None:
            x = self.x
            rows = math.prod(x.shape[:-1])
            columns = xp.permute(xp.reshape(x, (rows, x.shape[-1])), (1, 0))
            grad_y = xp.matmul(columns, xp.reshape(grad, (rows, grad.shape[-1])))
        return grad_x, grad_y


class MatrixBatch(Matmul):
    """The product of a matrix and a batch of matrices, named as PyTorch prints it."""

    __slots__ = ()
    torch_name = "Clone"


class Bmm(Matmul):
    """The products of two equally long batches of matrices."""

    __slots__ = ()


class Mm(Matmul):
    """The product of two matrices."""

    __slots__ = ()
    primitive = "dot"
    broadcasts = False

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        if grad.nbytes >= LARGE_BYTES:
            xp = xp.large
        return (
            None if edge_x is None else xp.dot(grad, xp.permute(self.y, (1, 0))),
            None if edge_y is None else xp.dot(xp.permute(self.x, (1, 0)), grad),
        )


class Dot(Matmul):
    """The inner product of two vectors."""

    __slots__ = ()
    primitive = "dot"
    broadcasts = False

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        return (
            None if edge_x is None else xp.mul(grad, self.y),
            None if edge_y is None else xp.mul(grad, self.x),
        )


class Mv(Matmul):
    """The product of a matrix and a vector."""

    __slots__ = ()
    primitive = "dot"
    broadcasts = False

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        return (
            None if edge_x is None else outer_product(xp, grad, self.y),
            None if edge_y is None else xp.dot(grad, self.x),
        )


class VectorMatrix(Matmul):
    """The product of a vector and a matrix, named as PyTorch prints it."""

    __slots__ = ()
    primitive = "dot"
    broadcasts = False
    torch_name = "SqueezeBackward4"

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        return (
            None if edge_x is None else xp.dot(self.y, grad),
            None if edge_y is None else outer_product(xp, self.x, grad),
        )


class BatchVector(Matmul):
    """The product of a batch of matrices and a vector."""

    __slots__ = ()
    torch_name = "UnsafeView"

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        column = xp.reshape(grad, (*grad.shape, 1))
        grad_x = grad_y = None
        if edge_x is not None:
            grad_x = xp.mul(column, self.y)
        if edge_y is not None:
            rows = xp.reshape(self.x, (-1, self.x.shape[-1]))
            grad_y = xp.dot(xp.reshape(grad, (-1,)), rows)
        return grad_x, grad_y


class VectorBatch(Matmul):
    """The product of a vector and a batch of matrices."""

    __slots__ = ()
    torch_name = "UnsafeView"

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        row = xp.reshape(grad, (*grad.shape[:-1], 1, grad.shape[-1]))
        grad_x = grad_y = None
        if edge_x is not None:
            columns = xp.reshape(swap(xp, self.y), (-1, self.y.shape[-2]))
            grad_x = xp.dot(xp.reshape(grad, (-1,)), columns)
        if edge_y is not None:
            grad_y = xp.mul(xp.reshape(self.x, (-1, 1)), row)
        return grad_x, grad_y


def outer_product(xp: Any, x: Any, y: Any) -> Any:
    """All products of two vectors' elements; a product of matrices beats broadcasting here."""
    return xp.dot(xp.reshape(x, (-1, 1)), xp.reshape(y, (1, -1)))


def swap(xp: Any, x: Any) -> Any:
    """The last two dimensions exchanged."""
    n = x.ndim
    return xp.permute(x, (1, 0) if n == 2 else (*range(n - 2), n - 1, n - 2))


# --- functions -----------------------------------------------------------------------------------

_BY_RANK: dict[tuple[int, int], type[Matmul]] = {
    (1, 1): Dot,
    (2, 1): Mv,
    (2, 2): Mm,
    (1, 2): VectorMatrix,
}

_BOOL = np.dtype(bool)

_KERNELS: dict[Any, str] = {
    Dot: "dot",
    Mv: "addmv_impl_cpu",
    Mm: "addmm_impl_cpu_",
    VectorMatrix: "addmv_impl_cpu",
}
"""What PyTorch calls the kernels that it does not have for bools."""


def matmul(input: Any, other: Any) -> Any:
    """The matrix product: inner product, matrix-vector, matrix-matrix or batched.

    Args:
        input: shape (..., n, m), or (m,).
        other: shape (..., m, p), or (m,); batch dimensions broadcast.

    Returns:
        Shape (..., n, p) without the dimensions that a vector operand does not have.

    Raises:
        RuntimeError: for sizes that do not fit, a 0-d operand, or operands of two types.

    >>> import gpugrad
    >>> gpugrad.matmul(gpugrad.ones(2, 3), gpugrad.ones(3))
    tensor([3., 3.])
    """
    if THREADS and (run := casting("matmul")):
        return run(matmul, input, other)
    if not isinstance(other, TensorBase):
        return NotImplemented
    a, b = input.array, other.array
    dtype = a.dtype
    if dtype is not b.dtype and dtype != b.dtype:
        raise two_types(a, b)
    kind = _BY_RANK.get((a.ndim, b.ndim))
    if dtype is _BOOL and a.size and b.size:
        raise no_bools(_KERNELS.get(kind, "addmv_impl_cpu" if b.ndim == 1 else "bmm"))
    if kind is None:
        if a.ndim == 0 or b.ndim == 0:
            raise explain_products(a, b)
        if b.ndim <= 2:
            kind = BatchVector if b.ndim == 1 else BatchMatrix
        else:
            kind = {1: VectorBatch, 2: MatrixBatch}.get(a.ndim, Matmul)
    return kind.apply(input, other)


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices, without broadcasting.

    Raises RuntimeError for other shapes than (n, m) and (m, p).

    >>> import gpugrad
    >>> gpugrad.mm(gpugrad.tensor([[1.0, 2.0]]), gpugrad.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    if THREADS and (run := casting("mm")):
        return run(mm, input, mat2)
    for name, m in (("self", input), ("mat2", mat2)):
        if m.array.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix")
    return matmul(input, mat2)


def bmm(input: Any, mat2: Any) -> Any:
    """The products of two equally long batches of matrices.

    Shapes (b, n, m) and (b, m, p) give (b, n, p). Raises RuntimeError for any others.

    >>> import gpugrad
    >>> gpugrad.bmm(gpugrad.ones(2, 1, 3), gpugrad.ones(2, 3, 1)).flatten()
    tensor([3., 3.])
    """
    if THREADS and (run := casting("bmm")):
        return run(bmm, input, mat2)
    for name, m in (("batch1", input), ("batch2", mat2)):
        if m.array.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    a, b = input.array, mat2.array
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{a.shape[0]}, {a.shape[2]}] but got: [{b.shape[0]}, {b.shape[1]}]."
        )
    if a.dtype != b.dtype:
        raise two_types(a, b)
    if a.dtype.kind == "b" and a.size and b.size:
        raise no_bools("bmm")
    return Bmm.apply(input, mat2)


def mv(input: Any, vec: Any) -> Any:
    """The product of a matrix and a vector.

    Raises RuntimeError for other shapes than (n, m) and (m,).

    >>> import gpugrad
    >>> gpugrad.mv(gpugrad.tensor([[1.0, 2.0], [3.0, 4.0]]), gpugrad.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    if THREADS and (run := casting("mv")):
        return run(mv, input, vec)
    if input.array.ndim != 2 or vec.array.ndim != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got {vec.array.ndim}, {input.array.ndim}, "
            f"{vec.array.ndim}"
        )
    return matmul(input, vec)


def dot(input: Any, tensor: Any) -> Any:
    """The inner product of two vectors.

    Raises RuntimeError for other shapes than (n,) and (n,).

    >>> import gpugrad
    >>> gpugrad.dot(gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([3.0, 4.0]))
    tensor(11.)
    """
    if THREADS and (run := casting("dot")):
        return run(dot, input, tensor)
    if input.array.ndim != 1 or tensor.array.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input.array.ndim}D and {tensor.array.ndim}D tensors"
        )
    return matmul(input, tensor)


def outer(input: Any, vec2: Any) -> Any:
    """All products of the elements of two vectors.

    >>> import gpugrad
    >>> gpugrad.outer(gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    for name, vector in (("self", input), ("vec2", vec2)):
        if vector.array.ndim != 1:
            raise RuntimeError(
                f"outer: Expected 1-D argument {name}, but got {vector.array.ndim}-D"
            )
    return reshape(input, (-1, 1)) * vec2
