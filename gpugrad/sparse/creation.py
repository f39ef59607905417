"""Sparse tensors from coordinates and values, from CSR's three lists, and from dense tensors."""

from __future__ import annotations

from typing import Any

from ..autograd.composed import shown_as
from ..creation import arange, as_tensor, empty
from ..dtypes import as_dtype, dtype, float32, float64, int32, int64
from ..functions import FUNCTIONS
from ..memory_layout import layout, sparse_coo, sparse_csr
from .tensor import SparseTensor


def sparse_coo_tensor(
    indices: Any = None,
    values: Any = None,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> SparseTensor:
    """A sparse tensor from the places of its entries and their values.

    Args:
        indices: (sparse dimensions, entries), ints. A size alone makes a tensor without entries.
        values: (entries, dense dimensions…).
        size: the shape; by default as large as the indices need.
        dtype, device: of the values, which keep theirs by default.
        requires_grad: whether gradients are wanted.
        check_invariants: accepted; indices are always checked.
        is_coalesced: True promises that each place comes once, in row-major order.

    Raises:
        RuntimeError: numbers of indices and values differ, or an index is out of range.

    >>> import gpugrad
    >>> gpugrad.sparse_coo_tensor([[0, 1], [1, 0]], [3.0, 4.0], (2, 2)).to_dense()
    tensor([[0., 3.],
            [4., 0.]])
    """
    if values is None:
        size = indices if size is None else size
        at = empty((len(size), 0), dtype=int64, device=device)
        held = empty((0,), dtype=dtype, device=device)
        return _made(at, held, size, requires_grad, True)
    held = as_tensor(values, dtype=dtype, device=device)
    at = as_tensor(indices, dtype=int64, device=held.device)
    if at.dim() == 1:
        at = at.reshape(1, -1)
    if not held.dim():
        held = held.expand(at.shape[1])
    if at.shape[1] != held.shape[0]:
        raise RuntimeError(
            "indices and values must have same nnz, but got nnz from indices: "
            f"{at.shape[1]}, nnz from values: {held.shape[0]}"
        )
    least = [0] * at.shape[0]
    if at.numel():
        least = [n + 1 for n in at.amax(1).tolist()]
        for dim, lowest in enumerate(at.amin(1).tolist()):
            if lowest < 0:
                raise RuntimeError(f"found negative index {lowest} for dim {dim}")
    if size is None:
        size = [*least, *held.shape[1:]]
    if len(size) != at.shape[0] + held.dim() - 1:
        raise RuntimeError(
            f"number of dimensions must be sparse_dim ({at.shape[0]}) + dense_dim "
            f"({held.dim() - 1}), but got {len(size)}"
        )
    for dim, (needed, given) in enumerate(zip(least, size, strict=False)):
        if needed > given:
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {dim}, size is {given} but found "
                f"index {needed - 1}"
            )
    return _made(at, held, size, requires_grad, bool(is_coalesced))


def _made(
    at: Any,
    held: Any,
    size: Any,
    requires_grad: bool,
    coalesced: bool,
    kind: layout = sparse_coo,
) -> SparseTensor:
    if requires_grad:
        held = held.detach().requires_grad_()
    elif held.requires_grad:
        held = _values_of_tensor(held)
    return SparseTensor(at, held, tuple(int(n) for n in size), coalesced, kind)


@shown_as("SparseCooTensorWithDimsAndTensorsBackward0")
def _values_of_tensor(values: Any) -> Any:
    """The values as results of a graph: the tensor that they make is no leaf."""
    return values.view_as(values)


def sparse_csr_tensor(
    crow_indices: Any,
    col_indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
) -> SparseTensor:
    """A sparse matrix by rows: where each row's entries begin, their columns and their values.

    Args:
        crow_indices: (rows + 1), the last being the number of entries.
        col_indices: (entries), increasing within a row.
        values: (entries).
        size, dtype, device, requires_grad, check_invariants: as in :func:`sparse_coo_tensor`.

    Raises:
        RuntimeError: the lists do not fit each other or the size.

    >>> import gpugrad
    >>> gpugrad.sparse_csr_tensor([0, 1, 3], [1, 0, 1], [1.0, 2.0, 3.0]).to_dense()
    tensor([[0., 1.],
            [2., 3.]])
    """
    held = as_tensor(values, dtype=dtype, device=device)
    columns = as_tensor(col_indices, dtype=int64, device=held.device)
    starts = as_tensor(crow_indices, dtype=int64, device=held.device)
    if size is None:
        size = starts.numel() - 1, int(columns.max()) + 1 if columns.numel() else 0
    _check_rows(starts, columns, held, size)
    rows = arange(starts.numel() - 1, device=held.device).repeat_interleave(starts.diff())
    at = FUNCTIONS["stack"]([rows, columns])
    return _made(at, held, size, requires_grad, True, sparse_csr)


def _check_rows(starts: Any, columns: Any, held: Any, size: Any) -> None:
    if starts.numel() != size[0] + 1:
        raise RuntimeError(
            "crow_indices.shape[-1] must be equal to the number of rows + 1 "
            f"(={size[0] + 1}), but got {starts.numel()}"
        )
    if columns.numel() != held.shape[0] or int(starts[-1]) != held.shape[0]:
        raise RuntimeError("`crow_indices[..., -1] == nnz` is not satisfied.")
    lengths = starts.diff()
    if bool(((lengths < 0) | (lengths > size[1])).any()):
        raise RuntimeError(
            "`0 <= crow_indices[..., 1:] - crow_indices[..., :-1] <= ncols` is not satisfied."
        )
    if bool(((columns < 0) | (columns >= size[1])).any()):
        raise RuntimeError("`0 <= col_indices < ncols` is not satisfied.")


def to_sparse(self: Any, *args: Any, **kwargs: Any) -> SparseTensor:
    """What is not zero in a dense tensor, as a sparse tensor; of the first dimensions only if so
    many are given.

    >>> import gpugrad
    >>> gpugrad.eye(2).to_sparse().indices()
    tensor([[0, 1],
            [0, 1]])
    """
    dims = args[0] if args and isinstance(args[0], int) else self.dim()
    entries = self.detach() != 0
    if dims < self.dim():
        entries = entries.flatten(dims).any(-1)
    at = entries.nonzero().t().contiguous()
    made = SparseTensor(at, self[tuple(at)], self.shape, True)
    kind = kwargs.get("layout", sparse_coo)
    return made.to_sparse_csr() if kind is sparse_csr else made


def to_sparse_csr(self: Any, dense_dim: int | None = None) -> SparseTensor:
    """What is not zero in a dense matrix, in the layout CSR."""
    return to_sparse(self).to_sparse_csr()


def spdiags(diagonals: Any, offsets: Any, shape: Any, layout: layout | None = None) -> SparseTensor:
    """A sparse matrix from its diagonals.

    Args:
        diagonals: (diagonals, length): the element in column j of a diagonal is its j-th.
        offsets: (diagonals): 0 for the main one, 1 for the one above it.
        shape: of the matrix.
        layout: of the result, COO by default.

    Raises:
        RuntimeError: an offset comes twice.

    >>> import gpugrad
    >>> gpugrad.sparse.spdiags(gpugrad.ones(1, 2), gpugrad.tensor([1]), (2, 2)).to_dense()
    tensor([[0., 1.],
            [0., 0.]])
    """
    lines, places = diagonals.reshape(-1, diagonals.shape[-1]), offsets.reshape(-1).tolist()
    if len(set(places)) != len(places):
        raise RuntimeError("Offset tensor contains duplicate values")
    rows, columns, held = [], [], []
    for line, offset in zip(lines, places, strict=True):
        first, last = max(0, offset), min(lines.shape[-1], shape[1], shape[0] + offset)
        column = arange(first, max(first, last), device=lines.device)
        rows.append(column - offset)
        columns.append(column)
        held.append(line[column])
    cat = FUNCTIONS["cat"]
    at = FUNCTIONS["stack"]([cat(rows), cat(columns)])
    made = SparseTensor(at, cat(held), shape)
    return made.to_sparse_csr() if layout is sparse_csr else made


# --- older constructors ---------------------------------------------------------------------------


def _typed(kind: dtype) -> Any:
    def constructor(*args: Any) -> SparseTensor:
        if args and all(isinstance(n, int) for n in args):
            return sparse_coo_tensor(args, dtype=kind)
        at, held, *size = args
        return sparse_coo_tensor(at, held.to(as_dtype(kind)), *size)

    constructor.__name__ = kind.tensor_type
    constructor.__doc__ = f"PyTorch's older constructor for sparse tensors of {kind}."
    return constructor


FloatTensor, DoubleTensor = _typed(float32), _typed(float64)
IntTensor, LongTensor = _typed(int32), _typed(int64)
