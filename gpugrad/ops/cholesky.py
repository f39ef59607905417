"""What is solved with Cholesky factors, and forms that report failures instead of raising."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import return_types
from ..autograd.engine import CONSTANT, OUTPUT, Node, TensorBase, wrap
from ..backend import BACKENDS
from .broadcasting import broadcast_shapes, broadcast_to
from .linalg import cholesky, inv, solve, solved
from .matmul import matmul, swap
from .matrix_checks import (
    LinAlgError,
    check_square,
    first_bad_minor,
    first_zero_pivot,
    no_kernel,
)
from .select import where


class CholeskyInverse(Node):
    """The inverse of ``L L^T`` (``L^T L`` if upper), of which one triangle is read.

    The gradient is that of the whole matrix L, as PyTorch has it.
    """

    __slots__ = ("factor", "out", "upper")
    saves = {"factor": 0, "out": OUTPUT}

    def forward(self, xp: Any, x: Any, upper: bool) -> Any:
        m = xp.module
        self.factor, self.upper = x, upper
        inverse = m.linalg.inv(m.triu(x) if upper else m.tril(x))
        turned = swap(xp, inverse)
        self.out = m.matmul(inverse, turned) if upper else m.matmul(turned, inverse)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        both = xp.matmul(xp.matmul(self.out, xp.add(grad, swap(xp, grad))), self.out)
        if self.upper:
            return (xp.neg(xp.matmul(self.factor, both)),)
        return (xp.neg(xp.matmul(both, self.factor)),)


class CholeskySolve(Node):
    """The solution of ``A X = B`` with ``A = L L^T`` (``L^T L`` if upper).

    One triangle of L is read; the gradient is that of the whole matrix, as PyTorch has it.
    """

    __slots__ = ("factor", "mask", "out", "upper")
    saves = {"factor": 1, "out": OUTPUT, "mask": CONSTANT}

    def forward(self, xp: Any, b: Any, factor: Any, upper: bool) -> Any:
        m = xp.module
        ones = m.ones(factor.shape[-2:], factor.dtype)
        self.mask = m.triu(ones) if upper else m.tril(ones)
        self.factor, self.upper = factor, upper
        self.out = m.linalg.solve(self._whole(xp), b)
        return self.out

    def _whole(self, xp: Any) -> Any:
        triangle = xp.mul(self.factor, self.mask)
        turned = swap(xp, triangle)
        return xp.matmul(turned, triangle) if self.upper else xp.matmul(triangle, turned)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        if isinstance(self.factor, TensorBase):
            grad_b = CholeskySolve.apply(grad, self.factor, self.upper)
        else:
            grad_b = solved(xp, self._whole(xp), grad)
        one = xp.matmul(grad_b, swap(xp, self.out))
        both = xp.neg(xp.add(one, swap(xp, one)))
        pair = (self.factor, both) if self.upper else (both, self.factor)
        return grad_b, xp.matmul(*pair)


def cholesky_solve(input: Any, L: Any, upper: bool = False) -> Any:  # noqa: N803  # PyTorch's name
    """The solution of ``A X = input`` from the Cholesky factor of A.

    Args:
        input: shape (..., n, k).
        L: shape (..., n, n), lower triangular with ``A = L L^T``; or upper with ``A = L^T L``.

    >>> import gpugrad
    >>> l = gpugrad.tensor([[2.0, 0.0], [1.0, 1.0]])
    >>> gpugrad.cholesky_solve(gpugrad.tensor([[4.0], [2.0]]), l)
    tensor([[1.],
            [0.]])
    """
    if input.ndim < 2 or L.ndim < 2:
        few, name = (input, "b") if input.ndim < 2 else (L, "u")
        raise RuntimeError(
            f"{name} should have at least 2 dimensions, but has {few.ndim} dimensions instead"
        )
    if L.shape[-1] != L.shape[-2]:
        check_square("cholesky_solve", L)
    if input.shape[-2] != L.shape[-1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is {L.shape[-1]} by "
            f"{L.shape[-1]} but each b matrix is {input.shape[-2]} by {input.shape[-1]}"
        )
    no_kernel("cholesky_solve_cpu", L)
    shape = broadcast_shapes(input.shape[:-2], L.shape[:-2])
    b, factor = (broadcast_to(t, (*shape, *t.shape[-2:])) for t in (input, L))
    return CholeskySolve.apply(b, factor, upper)


def cholesky_inverse(L: Any, upper: bool = False) -> Any:  # noqa: N803  # PyTorch's name
    """The inverse of a matrix from its Cholesky factor; see :func:`cholesky_solve`.

    >>> import gpugrad
    >>> gpugrad.cholesky_inverse(2 * gpugrad.eye(2))
    tensor([[0.2500, 0.0000],
            [0.0000, 0.2500]])
    """
    no_kernel("cholesky_inverse_out_cpu", L)
    check_square("cholesky_inverse", L)
    return CholeskyInverse.apply(L, upper)


def _each(function: Callable[[Any], Any], A: Any, locate: Any) -> tuple[Any, Any]:  # noqa: N803
    """The results for a batch, nan where there is none, and where each failed (0: it did not)."""
    xp = BACKENDS[type(A.array)]
    batch = A.array.shape[:-2]
    try:
        return function(A), wrap(xp.zeros(batch, np.dtype("int32")))
    except LinAlgError:
        host = xp.to_host(A.array).reshape(-1, *A.array.shape[-2:])
    infos, good = [], []
    for matrix in host:
        try:
            function(wrap(matrix))
            infos.append(0)
        except LinAlgError:
            infos.append(locate(matrix))
        good.append(not infos[-1])
    kept = wrap(xp.from_host(np.asarray(good).reshape((*batch, 1, 1)), xp.device(A.array)))
    one = wrap(xp.module.eye(A.array.shape[-1], dtype=A.array.dtype))
    result = where(kept, function(where(kept, A, one)), float("nan"))
    info = xp.from_host(np.asarray(infos, np.int32).reshape(batch), xp.device(A.array))
    return result, wrap(info)


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:  # noqa: N803
    """:func:`gpugrad.linalg.cholesky` with a report instead of an error.

    Returns:
        ``(L, info)``: info is int32, 0 or the order of the first leading minor that is not
        positive, where L is nan.

    >>> import gpugrad
    >>> gpugrad.linalg.cholesky_ex(-gpugrad.eye(2)).info
    tensor(1, dtype=torch.int32)
    """
    if check_errors:
        found = cholesky(A, upper=upper)
        return return_types.linalg_cholesky_ex((found, found.new_zeros(A.shape[:-2]).int()))
    check_square("linalg.cholesky", A)
    return return_types.linalg_cholesky_ex(
        _each(lambda x: cholesky(x, upper=upper), A, first_bad_minor)
    )


def inv_ex(A: Any, *, check_errors: bool = False) -> Any:  # noqa: N803
    """:func:`gpugrad.linalg.inv` with a report instead of an error.

    Returns:
        ``(inverse, info)``: info is int32, 0 or the number of the first zero pivot, where the
        inverse is nan.

    >>> import gpugrad
    >>> gpugrad.linalg.inv_ex(2 * gpugrad.eye(2)).info
    tensor(0, dtype=torch.int32)
    """
    if check_errors:
        found = inv(A)
        return return_types.linalg_inv_ex((found, found.new_zeros(A.shape[:-2]).int()))
    check_square("linalg.inv", A)
    return return_types.linalg_inv_ex(_each(inv, A, first_zero_pivot))


def solve_ex(
    A: Any,  # noqa: N803
    B: Any,  # noqa: N803
    *,
    left: bool = True,
    check_errors: bool = False,
) -> Any:
    """:func:`gpugrad.linalg.solve` with a report instead of an error.

    Returns:
        ``(result, info)``: info is int32, 0 or the number of the first zero pivot, where the
        result is nan.

    >>> import gpugrad
    >>> gpugrad.linalg.solve_ex(2 * gpugrad.eye(2), gpugrad.ones(2)).result
    tensor([0.5000, 0.5000])
    """
    check_square("linalg.solve", A)
    try:
        found = solve(A, B, left=left)
        return return_types.linalg_solve_ex((found, found.new_zeros(A.shape[:-2]).int()))
    except LinAlgError:
        if check_errors:
            raise
    inverse, info = inv_ex(A)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if vector:
        return return_types.linalg_solve_ex((matmul(inverse, B.unsqueeze(-1)).squeeze(-1), info))
    result = matmul(inverse, B) if left else matmul(B, inverse)
    return return_types.linalg_solve_ex((result, info))
