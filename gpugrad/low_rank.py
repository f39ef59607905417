"""Singular values of large matrices, the largest few only: :func:`svd_lowrank`, and with a mean
taken off before, :func:`pca_lowrank`."""

from __future__ import annotations

from typing import Any

from .dtypes import float16, float32, float64
from .ops.decompositions import linalg_qr, linalg_svd
from .random import randn
from .tensor import Tensor


def svd_lowrank(
    A: Tensor,  # noqa: N803  # PyTorch's name
    q: int | None = 6,
    niter: int | None = 2,
    M: Tensor | None = None,  # noqa: N803
) -> tuple[Tensor, Tensor, Tensor]:
    """The ``q`` largest singular values and their vectors, about: ``A - M = U diag(S) V^T``.

    A is projected on the range of a product with random vectors, made sharper by ``niter``
    products with ``A A^T`` (N. Halko, P. Martinsson and J. Tropp, "Finding structure with
    randomness", 2009, algorithms 4.4 and 5.1). A result with fewer columns than the rank of A
    depends on the random numbers.

    Args:
        A: shape (..., m, n), of a floating dtype.
        q: how many values, 6 by default; a few more than are needed make those more exact.
        niter: how often the range is made sharper.
        M: taken off A before; of its shape, or one that broadcasts to it.

    Returns:
        U (..., m, q), S (..., q) and V (..., n, q).

    Raises:
        RuntimeError: a dtype that floats cannot be multiplied with.

    >>> import gpugrad
    >>> U, S, V = gpugrad.svd_lowrank(gpugrad.diag(gpugrad.tensor([3.0, 2.0, 1.0])), q=2)
    >>> U.shape, S.shape, V.shape
    (torch.Size([3, 2]), torch.Size([2]), torch.Size([3, 2]))
    """
    if M is not None:
        A = A - M  # noqa: N806
    is_wide = A.shape[-2] < A.shape[-1]
    tall: Any = A.mT if is_wide else A
    basis = _range(tall, 6 if q is None else q, 2 if niter is None else niter)
    inner, values, vectors = linalg_svd(basis.mT @ tall, False)
    left, right = basis @ inner, vectors.mT
    return (right, values, left) if is_wide else (left, values, right)


def pca_lowrank(
    A: Tensor,  # noqa: N803  # PyTorch's name
    q: int | None = None,
    center: bool = True,
    niter: int = 2,
) -> tuple[Tensor, Tensor, Tensor]:
    """The ``q`` main directions of points, the columns of V, by :func:`svd_lowrank`.

    ``A @ V[:, :k]`` are the points' first k coordinates, ``S ** 2 / (m - 1)`` the variances.

    Args:
        A: m points of n coordinates, (..., m, n).
        q: how many directions; by default 6, or as many as there are.
        center: take the points' mean off before.
        niter: how often the range is made sharper.

    Raises:
        ValueError: ``q`` is below 0 or above m or n, or ``niter`` is below 0.

    >>> import gpugrad
    >>> points = gpugrad.tensor([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> gpugrad.pca_lowrank(points)[1]
    tensor([1.4142, 0.0000])
    """
    fewest = min(A.shape[-2:])
    if q is None:
        q = min(6, fewest)
    elif not 0 <= q <= fewest:
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={fewest}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if center:
        A = A - A.mean(dim=-2, keepdim=True)  # noqa: N806
    return svd_lowrank(A, q, niter)


def _range(matrix: Any, q: int, niter: int) -> Any:
    """Orthogonal columns that span about the range of the ``q`` largest singular values."""
    dtype = matrix.dtype if matrix.dtype in (float16, float32, float64) else float32
    drawn = randn(matrix.shape[-1], q, dtype=dtype, device=matrix.device)
    basis = linalg_qr(matrix @ drawn)[0]
    for _ in range(niter):
        other = linalg_qr(matrix.mT @ basis)[0]
        basis = linalg_qr(matrix @ other)[0]
    return basis
