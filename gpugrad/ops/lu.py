"""LU factors with partial pivoting, and what is solved with them."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.composed import show_as
from ..autograd.engine import CONSTANT, OUTPUT, Node, wrap
from ..backend import BACKENDS
from .broadcasting import broadcast_to
from .diagonal import tril, triu
from .linalg import solve_triangular, solved
from .matmul import matmul, swap
from .matrix_checks import LinAlgError, check_matrix, check_square
from .shape import transpose

Array = Any


class LinalgLuFactorEx(Node):
    """L below the diagonal and U from it on, of a matrix whose rows were exchanged.

    With ``P A = L U`` and k the shorter side, the gradient of the square part is
    ``P^T L^-T (tril(L^T dL, -1) + triu(dU U^T)) U^-T``; what is beside or below the square is a
    triangular solution.
    """

    __slots__ = ("below", "out", "rows")
    saves = {"out": OUTPUT, "rows": CONSTANT, "below": CONSTANT}

    def forward(self, xp: Any, x: Any, packed: Any, rows: Any) -> Any:
        self.out, self.rows = packed, rows
        k = min(x.shape[-2:])
        self.below = xp.module.tril(xp.full((k, k), 1, x.dtype), -1)
        return packed

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        m, n = self.out.shape[-2:]
        k = min(m, n)
        top, left = (..., slice(0, k), slice(None)), (..., slice(None), slice(0, k))
        square, square_grad = (xp.getitem(xp.getitem(v, top), left) for v in (self.out, grad))
        upper_mask = xp.sub(1, self.below)
        one = xp.sub(upper_mask, swap(xp, self.below))
        lower = xp.add(xp.mul(square, self.below), one)
        upper = xp.mul(square, upper_mask)
        from_lower = xp.matmul(swap(xp, lower), xp.mul(square_grad, self.below))
        from_upper = xp.matmul(xp.mul(square_grad, upper_mask), swap(xp, upper))
        beside = None
        if n > m:
            right = (..., slice(None), slice(k, None))
            values, beside = (xp.getitem(v, right) for v in (self.out, grad))
            from_lower = xp.sub(from_lower, xp.matmul(beside, swap(xp, values)))
            beside = solved(xp, swap(xp, lower), beside)
        elif m > n:
            bottom = (..., slice(k, None), slice(None))
            values, beside = (xp.getitem(v, bottom) for v in (self.out, grad))
            from_upper = xp.sub(from_upper, xp.matmul(swap(xp, values), beside))
            beside = swap(xp, solved(xp, upper, swap(xp, beside)))
        middle = xp.add(xp.mul(from_lower, self.below), xp.mul(from_upper, upper_mask))
        total = solved(xp, swap(xp, lower), middle)
        total = swap(xp, solved(xp, upper, swap(xp, total)))
        if beside is not None:
            axis = total.ndim - (1 if n > m else 2)
            total = xp.concatenate([total, beside], axis)
        return (xp.matmul(swap(xp, self.rows), total),)


def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> Any:  # noqa: N803
    """LU factors in one matrix, the row exchanges, and where a pivot was zero.

    Returns:
        ``(LU, pivots, info)``: L without its ones below the diagonal and U from it on; int32, row
        i was exchanged with row ``pivots[i] - 1``; int32, 0 or the number of the first zero pivot.

    >>> import gpugrad
    >>> gpugrad.linalg.lu_factor_ex(gpugrad.tensor([[1.0, 2.0], [4.0, 4.0]])).LU
    tensor([[4.0000, 4.0000],
            [0.2500, 1.0000]])
    """
    check_matrix("torch.lu_factor", A)
    xp = BACKENDS[type(A.array)]
    packed, exchanges, order, info = xp.lu_factors(A.array, pivot)
    if check_errors and bool(info.any()):
        raise LinAlgError(
            f"torch.linalg.lu_factor_ex: U[{int(info.max())},{int(info.max())}] is zero and using "
            "it on lu_solve would result in a division by zero."
        )
    rows = xp.cast(
        xp.eq(xp.reshape(order, (*order.shape, 1)), xp.module.arange(order.shape[-1])),
        A.array.dtype,
    )
    values = LinalgLuFactorEx.apply(A, packed, rows)
    return return_types.linalg_lu_factor_ex((values, wrap(exchanges), wrap(xp.asarray(info))))


def lu_factor(A: Any, *, pivot: bool = True) -> Any:  # noqa: N803
    """:func:`lu_factor_ex` without its third result.

    >>> import gpugrad
    >>> gpugrad.linalg.lu_factor(gpugrad.tensor([[2.0, 4.0], [1.0, 5.0]])).LU
    tensor([[2.0000, 4.0000],
            [0.5000, 3.0000]])
    """
    return return_types.linalg_lu_factor(lu_factor_ex(A, pivot=pivot)[:2])


def torch_lu(A: Any, pivot: bool = True, get_infos: bool = False) -> Any:  # noqa: N803
    """The older form of :func:`lu_factor`."""
    found = tuple(lu_factor_ex(A, pivot=pivot))
    return found if get_infos else found[:2]


def _rows(pivots: Any, size: int, dtype: Any) -> Any:
    """The matrix P of ``P A = L U`` for row exchanges."""
    xp = BACKENDS[type(pivots.array)]
    m = xp.module
    numbers = m.arange(size)
    order = m.broadcast_to(numbers, (*pivots.array.shape[:-1], size)).copy()
    for j in range(pivots.array.shape[-1]):
        best = pivots.array[..., j : j + 1] - 1
        place = m.where(numbers == best, j, m.where(numbers == j, best, numbers))
        order = m.take_along_axis(order, place.astype("int64"), -1)
    return wrap(xp.cast(order[..., None] == numbers, dtype))


def _parts(packed: Any) -> tuple[Any, Any]:
    """L with ones on its diagonal, and U."""
    m, n = packed.shape[-2:]
    k = min(m, n)
    lower = tril(packed[..., :, :k], -1)
    one = tril(triu(packed.new_ones((m, k))))
    return lower + one, triu(packed[..., :k, :])


def lu_unpack(
    LU_data: Any,  # noqa: N803  # PyTorch's names
    LU_pivots: Any,  # noqa: N803
    unpack_data: bool = True,
    unpack_pivots: bool = True,
) -> Any:
    """``(P, L, U)`` with ``A = P L U`` of what :func:`lu_factor` gives; what is not asked is empty.

    >>> import gpugrad
    >>> a = gpugrad.tensor([[1.0, 2.0], [4.0, 4.0]])
    >>> p, l, u = gpugrad.lu_unpack(*gpugrad.linalg.lu_factor(a))
    >>> p @ l @ u
    tensor([[1., 2.],
            [4., 4.]])
    """
    if unpack_pivots and LU_pivots.dtype is not LU_pivots.int().dtype:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
            "dtype.\nNote: this function is intended to be used with the output produced by "
            "torch.linalg.lu_factor"
        )
    none = LU_data.new_empty(0)
    rows, lower, upper = none, none, none
    if unpack_pivots:
        matrix = _rows(LU_pivots, LU_data.shape[-2], LU_data.array.dtype)
        rows = transpose(matrix, -2, -1)
    if unpack_data:
        lower, upper = _parts(LU_data)
    return return_types.lu_unpack((rows, lower, upper))


def lu(A: Any, *, pivot: bool = True) -> Any:  # noqa: N803
    """``(P, L, U)`` with ``A = P L U``: a permutation, lower triangular, upper triangular.

    Args:
        A: shape (..., m, n).
        pivot: whether rows are exchanged; P is empty if not.

    >>> import gpugrad
    >>> gpugrad.linalg.lu(gpugrad.tensor([[1.0, 2.0], [4.0, 4.0]])).U
    tensor([[4., 4.],
            [0., 1.]])
    """
    packed, pivots, _ = lu_factor_ex(A, pivot=pivot)
    rows, lower, upper = lu_unpack(packed, pivots, True, pivot)
    lower, upper = (show_as(part, "LinalgLuBackward0") for part in (lower, upper))
    return return_types.linalg_lu((rows, lower, upper))


def lu_solve(
    LU: Any,  # noqa: N803  # PyTorch's names
    pivots: Any,
    B: Any,  # noqa: N803
    *,
    left: bool = True,
    adjoint: bool = False,
) -> Any:
    """The solution of ``A X = B`` (``X A = B`` if not ``left``) from what :func:`lu_factor` gives.

    With ``adjoint`` the equations have the transpose of A.

    >>> import gpugrad
    >>> a = gpugrad.tensor([[1.0, 2.0], [4.0, 4.0]])
    >>> gpugrad.linalg.lu_solve(*gpugrad.linalg.lu_factor(a), gpugrad.tensor([[3.0], [8.0]]))
    tensor([[1.],
            [1.]])
    """
    check_square("torch.linalg.lu_solve", LU)
    if not left:
        flipped = lu_solve(LU, pivots, transpose(B, -2, -1), adjoint=not adjoint)
        return transpose(flipped, -2, -1)
    if B.shape[-2] != LU.shape[-1]:
        raise RuntimeError(
            "torch.linalg.lu_solve: Incompatible shapes of A and B for the equation AX = B "
            f"({LU.shape[-2]}x{LU.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})"
        )
    lower, upper = _parts(LU)
    rows = _rows(pivots, LU.shape[-1], LU.array.dtype)
    if adjoint:
        middle = solve_triangular(transpose(upper, -2, -1), B, upper=False)
        middle = solve_triangular(transpose(lower, -2, -1), middle, upper=True, unitriangular=True)
        return matmul(transpose(rows, -2, -1), middle)
    size = (*_batch(rows, B), *B.shape[-2:])
    middle = matmul(rows, broadcast_to(B, size))
    middle = solve_triangular(lower, middle, upper=False, unitriangular=True)
    return solve_triangular(upper, middle, upper=True)


def _batch(*tensors: Any) -> tuple[int, ...]:
    from .broadcasting import broadcast_shapes

    return tuple(broadcast_shapes(*(t.shape[:-2] for t in tensors)))


def torch_lu_solve(b: Any, LU_data: Any, LU_pivots: Any) -> Any:  # noqa: N803
    """The older form of :func:`lu_solve`."""
    return lu_solve(LU_data, LU_pivots, b)
