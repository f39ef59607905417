"""Inverses, determinants and solutions of linear equations, with their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.composed import shown_as
from ..autograd.engine import CONSTANT, OUTPUT, Node, TensorBase
from ..backend import BACKENDS
from ..casting.calls import THREADS, casting
from .matmul import swap
from .matrix_checks import (
    LinAlgError,
    check_matrix,
    check_square,
    failure,
    first_bad_minor,
    first_zero_pivot,
)
from .operands import sum_to
from .shape import reshape, transpose


class LinalgInvEx(Node):
    """The inverse of a matrix."""

    __slots__ = ("out",)
    saves = {"out": OUTPUT}

    def forward(self, xp: Any, x: Any) -> Any:
        self.out = xp.module.linalg.inv(x)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        turned = swap(xp, self.out)
        return (xp.neg(xp.matmul(xp.matmul(turned, grad), turned)),)


class LinalgSolveEx(Node):
    """The solution X of ``A X = B``, batches broadcast."""

    __slots__ = ("a", "b_shape", "out")
    saves = {"a": 0, "out": OUTPUT}

    def forward(self, xp: Any, a: Any, b: Any) -> Any:
        self.a, self.b_shape = a, b.shape
        self.out = xp.module.linalg.solve(a, b)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        grad_b = solved(xp, swap(xp, self.a), grad)
        grad_a = None
        if self.edges[0] is not None:
            grad_a = xp.neg(sum_to(xp, xp.matmul(grad_b, swap(xp, self.out)), self.a.shape))
        return grad_a, sum_to(xp, grad_b, self.b_shape)


class LinalgCholeskyEx(Node):
    """The lower triangular L with ``L L^T = A``.

    Its gradient is that of I. Murray, "Differentiation of the Cholesky decomposition", 2016.
    """

    __slots__ = ("mask", "out")
    saves = {"out": OUTPUT, "mask": CONSTANT}

    def forward(self, xp: Any, x: Any) -> Any:
        self.out = xp.module.linalg.cholesky(x)
        n = x.shape[-1]
        ones = xp.full((n, n), 1, x.dtype)
        self.mask = xp.module.tril(ones) - xp.module.eye(n, dtype=x.dtype) / 2
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        turned = swap(xp, self.out)
        phi = xp.mul(xp.matmul(turned, grad), self.mask)
        right = solved(xp, turned, swap(xp, solved(xp, turned, swap(xp, phi))))
        return (xp.mul(xp.add(right, swap(xp, right)), 0.5),)


class LinalgPinv(Node):
    """The Moore-Penrose inverse.

    Its gradient, for constant rank, is that of G. Golub and V. Pereyra, "The differentiation of
    pseudo-inverses and nonlinear least squares problems", SIAM J. Numer. Anal. 10 (1973).
    """

    __slots__ = ("out", "x")
    saves = {"x": 0, "out": OUTPUT}

    def forward(self, xp: Any, x: Any, rcond: Any, symmetric: bool) -> Any:
        self.x = x
        m = xp.module
        read = m.tril(x) + swap(xp, m.tril(x, -1)) if symmetric else x
        self.out = m.linalg.pinv(read, rcond)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        a, p = self.x, self.out
        grad_t, p_t = swap(xp, grad), swap(xp, p)
        inside = xp.neg(xp.matmul(xp.matmul(p_t, grad), p_t))
        left = xp.matmul(grad_t, xp.matmul(p, p_t))
        left = xp.sub(left, xp.matmul(a, xp.matmul(p, left)))
        right = xp.matmul(xp.matmul(p_t, p), grad_t)
        right = xp.sub(right, xp.matmul(xp.matmul(right, p), a))
        return (xp.add(inside, xp.add(left, right)),)


def solved(xp: Any, a: Any, b: Any) -> Any:
    """The solution of ``a x = b`` for arrays, or for tensors, where it is recorded."""
    return LinalgSolveEx.apply(a, b) if isinstance(a, TensorBase) else xp.module.linalg.solve(a, b)


# --- functions -----------------------------------------------------------------------------------


def inv(input: Any) -> Any:
    """The inverse of a square matrix, or of each in a batch.

    Raises:
        RuntimeError: not square or not floating point.
        LinAlgError: a matrix has no inverse (on a GPU the result is not finite instead).

    >>> import gpugrad
    >>> gpugrad.linalg.inv(gpugrad.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    if THREADS and (run := casting("inv")):
        return run(inv, input)
    check_square("linalg.inv", input)
    try:
        return LinalgInvEx.apply(input)
    except np.linalg.LinAlgError as error:
        text = (
            "The diagonal element {} is zero, the inversion could not be completed because the "
            "input matrix is singular."
        )
        raise failure("linalg.inv", input, first_zero_pivot, text, error) from None


@shown_as("LinalgSolveExBackward0")
def solve(A: Any, B: Any, *, left: bool = True) -> Any:  # noqa: N803  # PyTorch's names
    """The solution X of ``A X = B``, or of ``X A = B`` if not ``left``.

    Args:
        A: shape (..., n, n).
        B: shape (..., n, k), or (..., n) for vectors.

    Raises:
        RuntimeError: shapes that do not fit.
        LinAlgError: a matrix is singular.

    >>> import gpugrad
    >>> a = gpugrad.tensor([[2.0, 0.0], [0.0, 4.0]])
    >>> gpugrad.linalg.solve(a, gpugrad.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    if THREADS and (run := casting("solve")):
        return run(solve, A, B, left=left)
    check_square("linalg.solve", A)
    a, b = A.array, B.array
    vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    columns = reshape(B, (*b.shape, 1)) if vector else B
    if not left:
        if vector:
            raise RuntimeError(
                "linalg.solve: Vector broadcasting of the left hand side is not "
                "supported for left=False."
            )
        return transpose(solve(transpose(A, -2, -1), transpose(B, -2, -1)), -2, -1)
    n, k = columns.array.shape[-2:]
    if n != a.shape[-1]:
        raise RuntimeError(
            "linalg.solve: Incompatible shapes of A and B for the equation AX = B "
            f"({a.shape[-2]}x{a.shape[-1]} and {n}x{k})"
        )
    try:
        result = LinalgSolveEx.apply(A, columns)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "torch.linalg.solve: The solver failed because the input matrix is singular."
        ) from None
    return reshape(result, result.array.shape[:-1]) if vector else result


@shown_as("LinalgSolveTriangularBackward0")
def solve_triangular(
    A: Any,  # noqa: N803  # PyTorch's names
    B: Any,  # noqa: N803
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
) -> Any:
    """The solution of ``A X = B`` (``X A = B`` if not ``left``) for triangular A.

    Only the triangle counts; with ``unitriangular`` its diagonal is taken to be ones.

    >>> import gpugrad
    >>> A, B = gpugrad.tensor([[1.0, 2.0], [0.0, 4.0]]), gpugrad.tensor([[5.0], [8.0]])
    >>> gpugrad.linalg.solve_triangular(A, B, upper=True)
    tensor([[1.],
            [2.]])
    """
    from .diagonal import tril, triu

    check_square("linalg.solve_triangular", A)
    offset = 1 if unitriangular else 0
    triangle = triu(A, offset) if upper else tril(A, -offset)
    if unitriangular:
        n = A.array.shape[-1]
        triangle = triangle + tril(triu(A.new_ones((n, n))))
    return solve(triangle, B, left=left)


@shown_as("LinalgCholeskyExBackward0")
def cholesky(input: Any, *, upper: bool = False) -> Any:
    """The lower triangular L with ``L @ L.T`` equal to a positive-definite matrix.

    Args:
        upper: give the upper triangular ``L.T`` instead.

    Raises LinAlgError if a matrix is not positive-definite.

    >>> import gpugrad
    >>> gpugrad.linalg.cholesky(gpugrad.tensor([[4.0, 0.0], [0.0, 9.0]]))
    tensor([[2., 0.],
            [0., 3.]])
    """
    if THREADS and (run := casting("cholesky")):
        return run(cholesky, input, upper=upper)
    check_square("linalg.cholesky", input)
    try:
        lower = LinalgCholeskyEx.apply(input)
    except np.linalg.LinAlgError as error:
        text = (
            "The factorization could not be completed because the input is not positive-definite "
            "(the leading minor of order {} is not positive-definite)."
        )
        raise failure("linalg.cholesky", input, first_bad_minor, text, error) from None
    return transpose(lower, -2, -1) if upper else lower


@shown_as("CholeskyBackward0")
def torch_cholesky(input: Any, upper: bool = False) -> Any:
    """The older form of :func:`gpugrad.linalg.cholesky`."""
    check_square("cholesky", input)
    if THREADS and (run := casting("cholesky")):
        return run(torch_cholesky, input, upper)
    return cholesky(input, upper=upper)


def pinv(
    A: Any,  # noqa: N803  # PyTorch's name
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Any:
    """The Moore-Penrose inverse of a matrix, or of each in a batch.

    Args:
        rcond: another name of ``rtol``.
        hermitian: ``A`` is symmetric and its lower triangle is read.
        atol: singular values up to this count as zero.
        rtol: and so do those up to this share of the largest; the larger side times the type's
            precision unless a bound is given.

    >>> import gpugrad
    >>> gpugrad.linalg.pinv(gpugrad.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    if THREADS and (run := casting("pinv")):
        return run(pinv, A, rcond, hermitian, atol=atol, rtol=rtol)
    check_matrix("linalg.pinv", A)
    rtol = rcond if rtol is None else rtol
    if rtol is None:
        given = atol is not None and bool(np.any(_plain(atol) > 0))
        rtol = 0.0 if given else max(A.array.shape[-2:]) * float(np.finfo(A.array.dtype).eps)
    if 0 in A.array.shape[-2:]:
        return transpose(A, -2, -1).clone()
    if atol is None and not isinstance(rtol, TensorBase):
        return LinalgPinv.apply(A, rtol, hermitian)
    m = BACKENDS[type(A.array)].module
    largest = m.linalg.svd(A.array, compute_uv=False)[..., :1]
    share = _bound(largest, atol, rtol) / m.where(largest == 0, 1, largest)
    return LinalgPinv.apply(A, share[..., 0], hermitian)


def _plain(value: Any) -> Any:
    return value.array if isinstance(value, TensorBase) else value


def _bound(largest: Any, atol: Any, rtol: Any) -> Any:
    """Up to which size values count as zero, one bound for each matrix."""
    bounds = [_plain(v) for v in (0.0 if atol is None else atol, rtol)]
    first, second = (b[..., None] if hasattr(b, "ndim") and b.ndim else b for b in bounds)
    return BACKENDS[type(largest)].module.maximum(first, second * largest)
