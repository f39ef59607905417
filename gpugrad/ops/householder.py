"""Householder reflections: their products, and QR factors in that form."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.engine import wrap
from ..backend import BACKENDS
from .broadcasting import broadcast_to
from .diagonal import tril, triu
from .matmul import matmul
from .matrix_checks import check_matrix, no_kernel
from .shape import transpose as turned


def geqrf(input: Any) -> Any:
    """R on and above the diagonal, the vectors of the reflections below it, and their factors.

    Returns:
        ``(a, tau)``, from which :func:`gpugrad.linalg.householder_product` makes Q; without
        gradient.
    """
    no_kernel("geqrf_cpu", input)
    check_matrix("geqrf", input)
    m = BACKENDS[type(input.array)].module
    raw, tau = m.linalg.qr(input.array, mode="raw")
    return return_types.geqrf((wrap(m.swapaxes(raw, -1, -2)), wrap(tau)))


def _vectors(A: Any) -> Any:  # noqa: N803
    """The vectors of the reflections: ones on the diagonal, zeros above."""
    one = tril(triu(A.new_ones(A.shape[-2:])))
    return tril(A, -1) + one


def _reflected(vectors: Any, tau: Any, x: Any, numbers: Any) -> Any:
    """``x`` after the reflections ``1 - tau v v^T`` of the given numbers, in that order."""
    for i in numbers:
        v = vectors[..., :, i : i + 1]
        x = x - tau[..., i, None, None] * matmul(v, matmul(turned(v, -2, -1), x))
    return x


def householder_product(A: Any, tau: Any) -> Any:  # noqa: N803  # PyTorch's name
    """The first columns of the product of Householder reflections ``1 - tau_i v_i v_i^T``.

    Args:
        A: shape (..., m, n) with m >= n: below the diagonal of column i what follows the 1 in v_i.
        tau: shape (..., k) with k <= n.

    Returns:
        (..., m, n).

    >>> import gpugrad
    >>> a = gpugrad.tensor([[3.0, 1.0], [4.0, 2.0]])
    >>> q = gpugrad.linalg.householder_product(*gpugrad.geqrf(a))
    >>> gpugrad.allclose(q.T @ q, gpugrad.eye(2), atol=1e-6)
    True
    """
    function = "torch.linalg.householder_product"
    if A.ndim < 2:
        raise RuntimeError(f"{function}: input must have at least 2 dimensions.")
    if A.shape[-2] < A.shape[-1]:
        raise RuntimeError(
            f"{function}: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if A.shape[-1] < tau.shape[-1]:
        raise RuntimeError(
            f"{function}: input.shape[-1] must be greater than or equal to tau.shape[-1]"
        )
    if A.ndim - tau.ndim != 1:
        raise RuntimeError(
            f"{function}: Expected tau to have one dimension less than input, but got tau.ndim "
            f"equal to {tau.ndim} and input.ndim is equal to {A.ndim}"
        )
    if A.shape[:-2] != tau.shape[:-1]:
        raise RuntimeError(
            f"{function}: Expected batch dimensions of tau to be equal to "
            f"input.shape[:-2], but got {list(tau.shape[:-1])}"
        )
    if A.dtype is not tau.dtype:
        raise RuntimeError(
            f"{function}: tau dtype {tau.dtype} does not match input dtype {A.dtype}"
        )
    no_kernel("orgqr_cpu", A)
    one = broadcast_to(tril(triu(A.new_ones(A.shape[-2:]))), tuple(A.shape))
    return _reflected(_vectors(A), tau, one, range(tau.shape[-1] - 1, -1, -1))


def ormqr(input: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    """``Q @ other`` (``other @ Q`` if not ``left``), Q the product of the reflections in ``input``.

    With ``transpose`` Q is transposed. ``input`` and ``tau`` as in
    :func:`gpugrad.linalg.householder_product`.
    """
    if input.ndim < 2 or other.ndim < 2:
        word = "input" if input.ndim < 2 else "other"
        raise RuntimeError(f"torch.ormqr: {word} must have at least 2 dimensions.")
    side = -2 if left else -1
    if other.shape[side] < tau.shape[-1] or other.shape[side] != input.shape[-2]:
        greater = other.shape[side] < tau.shape[-1]
        raise RuntimeError(
            f"torch.ormqr: other.shape[{side}] must be "
            + ("greater than or equal to tau.shape[-1]" if greater else "equal to input.shape[-2]")
        )
    if tau.shape[-1] != min(other.shape[side], input.shape[-1]):
        raise RuntimeError(
            f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])"
        )
    no_kernel("ormqr_cpu", input)
    vectors = _vectors(input)
    x = other if left else turned(other, -2, -1)
    # Q is the product from the first reflection on; the last one is applied first.
    forward = bool(transpose) == bool(left)
    numbers = range(tau.shape[-1]) if forward else range(tau.shape[-1] - 1, -1, -1)
    x = _reflected(vectors, tau, x, numbers)
    return x if left else turned(x, -2, -1)
