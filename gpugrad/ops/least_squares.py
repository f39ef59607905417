"""Least squares, and what singular values say of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, return_types
from ..autograd.composed import show_as
from ..autograd.engine import TensorBase
from ..casting.calls import THREADS, casting
from .decompositions import eigvalsh, linalg_qr, svdvals
from .linalg import pinv, solve_triangular
from .matmul import matmul
from .shape import transpose


def lstsq(
    A: Any,  # noqa: N803  # PyTorch's name
    B: Any,  # noqa: N803
    rcond: float | None = None,
    *,
    driver: str | None = None,
) -> Any:
    """The X of least norm among those that bring ``A X`` closest to ``B``, and what is known of it.

    A tall ``A`` must have full rank: then ``X = R^-1 Q^T B`` with ``A = Q R`` (Golub and Van Loan,
    Matrix Computations, 5.3). Otherwise ``X`` is the pseudoinverse's.

    Args:
        A: shape (..., m, n).
        B: shape (..., m, k), or (..., m) for one right-hand side each.
        rcond: singular values below ``rcond`` times the largest count as zero, if ``m < n``.
        driver: the name of a LAPACK routine: decides which of the further results are given.

    Returns:
        ``(solution, residuals, rank, singular_values)``, of which PyTorch leaves some empty:
        residuals (sums of squares) unless there are more equations than unknowns and ``driver`` is
        given and not ``"gelsy"``, rank for ``"gels"``, singular values for that and ``"gelsy"``.

    Raises:
        RuntimeError: if the numbers of rows differ.

    >>> import gpugrad
    >>> A = gpugrad.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> gpugrad.linalg.lstsq(A, gpugrad.tensor([[1.0], [3.0], [5.0]])).solution
    tensor([[1.0000],
            [2.0000]])
    """
    if THREADS and (run := casting("lstsq")):
        return run(lstsq, A, B, rcond, driver=driver)
    if A.ndim < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if B.ndim < 1:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    rows = -1 if vector else -2
    if B.shape[rows] != A.shape[-2]:
        raise RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match other.size({rows})")
    b = B.unsqueeze(-1) if vector else B
    if A.shape[-2] >= A.shape[-1]:
        q, r = linalg_qr(A)
        x = solve_triangular(r, matmul(transpose(q, -2, -1), b), upper=True)
    else:
        x = matmul(pinv(A, rcond), b)
    solution = show_as(x.squeeze(-1) if vector else x, "LinalgLstsqBackward0")
    none = A.detach().reshape(-1)[:0]
    residuals, values, rank = none, none, none.to(dtypes.int64)
    if driver != "gels":
        rank = matrix_rank(A.detach(), rtol=rcond)
    if driver in ("gelsd", "gelss"):
        values = svdvals(A.detach())
    full = driver == "gels" or bool((rank == A.shape[-1]).all())
    if A.shape[-2] > A.shape[-1] and driver in ("gels", "gelsd", "gelss") and full:
        residuals = (matmul(A, x) - b).square().sum(-2)
    return return_types.linalg_lstsq((solution, residuals, rank, values))


def matrix_rank(
    A: Any,  # noqa: N803
    *,
    atol: Any = None,
    rtol: Any = None,
    hermitian: bool = False,
) -> Any:
    """The number of singular values above ``max(atol, rtol * largest)``, int64.

    ``rtol`` is the longer side of the matrix times the machine epsilon unless one bound is given.

    >>> import gpugrad
    >>> gpugrad.linalg.matrix_rank(gpugrad.ones(3, 3))
    tensor(1)
    """
    if THREADS and (run := casting("matrix_rank")):
        return run(matrix_rank, A, atol=atol, rtol=rtol, hermitian=hermitian)
    kind = A.array.dtype
    if (kind.kind in "fV" and kind.itemsize == 2) or (hermitian and kind.kind != "f"):
        raise RuntimeError("This function doesn't handle types other than float and double")
    plain = A.detach()
    values = eigvalsh(plain).abs() if hermitian else svdvals(plain)
    if values.shape[-1] == 0:
        return values.sum(-1).to(dtypes.int64)
    if rtol is None:
        rtol = 0.0 if atol is not None else max(A.shape[-2:]) * float(np.finfo(A.array.dtype).eps)
    relative, absolute = (
        b.unsqueeze(-1) if isinstance(b, TensorBase) and b.ndim else b
        for b in (rtol, 0.0 if atol is None else atol)
    )
    bound = values.amax(-1, keepdim=True) * relative
    return (values > bound.clamp(min=absolute)).sum(-1)
