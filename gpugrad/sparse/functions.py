"""Functions of sparse tensors."""

from __future__ import annotations

from typing import Any

from ..creation import full, zeros
from ..functions import FUNCTIONS
from ..ops.shape import wrap_dim
from .creation import to_sparse
from .tensor import LARGEST_DENSE, SparseTensor


def product(a: SparseTensor, b: Any) -> Any:
    """``a @ b`` of a sparse matrix with a sparse or dense matrix, or a vector."""
    if a.dim() != 2 or a.dense_dim() or b.dim() not in (1, 2) or a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({_by(a.shape)} and {_by(b.shape)})"
        )
    if isinstance(b, SparseTensor):
        return to_sparse(product(a, b.to_dense()))
    if not a._held.requires_grad and a.numel() <= LARGEST_DENSE:
        return FUNCTIONS["matmul"](a, b)  # the dense form, made once
    rows, columns = a._at
    held = a._held if b.dim() == 1 else a._held[:, None]
    result = zeros((a.shape[0], *b.shape[1:]), dtype=a.dtype, device=a.device)
    return result.index_add(0, rows, held * b[columns])


def _by(shape: Any) -> str:
    return "x".join(map(str, shape))


def mm(sparse: Any, dense: Any) -> Any:
    """The product of a sparse matrix and a matrix, which is sparse only if both are.

    Shape:
        sparse (n, m), dense (m, k); result (n, k).

    >>> import gpugrad
    >>> gpugrad.sparse.mm(gpugrad.eye(2).to_sparse(), gpugrad.ones(2, 1))
    tensor([[1.],
            [1.]])
    """
    if isinstance(sparse, SparseTensor):
        return product(sparse, dense)
    return FUNCTIONS["matmul"](sparse, dense)


def spmm(sparse: Any, dense: Any) -> Any:
    """:func:`mm` under its older name."""
    return mm(sparse, dense)


def addmm(mat: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """beta · mat + alpha · mat1 @ mat2, ``mat1`` being sparse."""
    return beta * mat + alpha * mm(mat1, mat2)


def sum(input: SparseTensor, dim: Any = None, dtype: Any = None) -> Any:
    """The sum of all elements, or along dimensions, then a sparse tensor.

    >>> import gpugrad
    >>> gpugrad.sparse.sum(gpugrad.eye(3).to_sparse())
    tensor(3.)
    """
    held = input._held if dtype is None else input._held.to(dtype)
    if dim is None:
        return held.sum()
    gone = {wrap_dim(d, input.dim()) for d in ((dim,) if isinstance(dim, int) else dim)}
    count = input.sparse_dim()
    kept = [d for d in range(count) if d not in gone]
    dense = [d - count + 1 for d in gone if d >= count]
    if dense:
        held = held.sum(dense)
    if not kept:
        return held.sum(0)
    size = [n for d, n in enumerate(input.shape) if d not in gone]
    return SparseTensor(input._at[kept], held, size).coalesce()


def with_dims(result: Any, dims: Any, ndim: int) -> Any:
    """A sum along ``dims`` of a tensor of ``ndim`` dimensions with these kept, of size one."""
    gone = sorted(wrap_dim(d, ndim) for d in ((dims,) if isinstance(dims, int) else dims))
    size = list(result.shape)
    for dim in gone:
        size.insert(dim, 1)
    if not isinstance(result, SparseTensor):
        return result.reshape(size)
    rows = list(result._at)
    for dim in gone:
        if dim <= len(rows):
            rows.insert(dim, zeros(result._nnz(), dtype=result._at.dtype, device=result.device))
    sparse, held = len(rows), result._held
    held = held.reshape(held.shape[0], *size[sparse:])
    return SparseTensor(FUNCTIONS["stack"](rows), held, size, True)


def softmax(input: SparseTensor, dim: int, dtype: Any = None) -> SparseTensor:
    """Softmax along a sparse dimension; what is not stored counts as minus infinity.

    >>> import gpugrad
    >>> gpugrad.sparse.softmax(gpugrad.eye(2).to_sparse(), 1).to_dense()
    tensor([[1., 0.],
            [0., 1.]])
    """
    whole, shifted, total = _normalizer(input, dim, dtype)
    return whole._with(shifted.exp() / total)


def log_softmax(input: SparseTensor, dim: int, dtype: Any = None) -> SparseTensor:
    """The logarithm of :func:`softmax`, where elements are stored."""
    whole, shifted, total = _normalizer(input, dim, dtype)
    return whole._with(shifted - total.log())


def _normalizer(input: SparseTensor, dim: int, dtype: Any) -> tuple[SparseTensor, Any, Any]:
    """The coalesced tensor; its values less their group's largest; the group's sum of exp."""
    whole = input.coalesce()
    dim = wrap_dim(dim, input.dim())
    if dim >= whole.sparse_dim() or whole.dense_dim():
        raise RuntimeError("softmax of a sparse tensor: only along sparse dimensions")
    held = whole._held if dtype is None else whole._held.to(dtype)
    others = tuple(d for d in range(whole.sparse_dim()) if d != dim)
    _, group = whole._places(others).unique(return_inverse=True)
    groups = int(group.max()) + 1 if group.numel() else 0
    lowest = full((groups,), -float("inf"), dtype=held.dtype, device=held.device)
    largest = lowest.scatter_reduce(0, group, held.detach(), "amax")
    shifted = held - largest[group]
    none = zeros(groups, dtype=held.dtype, device=held.device)
    return whole, shifted, none.index_add(0, group, shifted.exp())[group]
