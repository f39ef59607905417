"""QR, singular value and symmetric eigenvalue decompositions, with their gradients.

A node keeps its input and computes the factors anew where the backward pass is itself recorded:
there they are results of a node of their own, through which higher derivatives flow.
"""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.engine import Node, TensorBase
from ..casting.calls import THREADS, casting
from .linalg import solved
from .matmul import swap
from .matrix_checks import LinAlgError, check_matrix, check_square
from .shape import transpose


class Decomposition(Node):
    """An op whose results are what its gradient is made of."""

    __slots__ = ("options", "results", "x")
    saves = {"x": 0}

    def forward(self, xp: Any, x: Any, *options: Any) -> tuple[Any, ...]:
        self.x, self.options = x, options
        try:
            self.results = self.factors(xp, x, *options)
        except xp.module.linalg.LinAlgError as error:
            raise LinAlgError(f"linalg: {error}") from None
        return self.results

    @staticmethod
    def factors(xp: Any, x: Any, *options: Any) -> tuple[Any, ...]:
        raise NotImplementedError

    def saved(self) -> tuple[Any, ...]:
        """The factors, as tensors where the input is one."""
        if isinstance(self.x, TensorBase):
            again: tuple[Any, ...] = type(self).apply(self.x, *self.options)
            return again
        return self.results

    def release(self) -> None:
        super().release()
        self.results = ()


class LinalgQr(Decomposition):
    """``A = Q R`` with orthonormal columns in Q and upper triangular R.

    The gradient is that of M. Seeger and others, "Auto-differentiating linear algebra", 2017.
    """

    __slots__ = ()

    @staticmethod
    def factors(xp: Any, x: Any, *options: Any) -> tuple[Any, ...]:
        q, r = xp.module.linalg.qr(x, *options)
        return q, r

    def backward(self, xp: Any, grads: Any) -> tuple[Any]:
        q, r = self.saved()
        rows, columns = self.x.shape[-2:]
        grad_q = xp.zeros_like(q) if grads[0] is None else grads[0]
        grad_r = xp.zeros_like(r) if grads[1] is None else grads[1]
        if q.shape[-1] > columns:
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
            )
        if rows >= columns:
            return (_qr_gradient(xp, q, r, grad_q, grad_r),)
        # A = [X | Y] and R = [U | V]: X = Q U is a square case, and V = Q^T Y.
        left, right = (..., slice(0, rows)), (..., slice(rows, None))
        grad_v = xp.getitem(grad_r, right)
        grad_y = xp.matmul(q, grad_v)
        through_y = xp.matmul(xp.getitem(self.x, right), swap(xp, grad_v))
        grad_x = _qr_gradient(
            xp, q, xp.getitem(r, left), xp.add(grad_q, through_y), xp.getitem(grad_r, left)
        )
        return (xp.concatenate([grad_x, grad_y], grad_x.ndim - 1),)


class LinalgQrOfR(LinalgQr):
    """R alone, whose gradient would need Q."""

    __slots__ = ()
    torch_name = "LinalgQr"

    def backward(self, xp: Any, grads: Any) -> tuple[Any]:
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
            "use linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
        )


def _qr_gradient(xp: Any, q: Any, r: Any, grad_q: Any, grad_r: Any) -> Any:
    m = xp.sub(xp.matmul(r, swap(xp, grad_r)), xp.matmul(swap(xp, grad_q), q))
    lower = _triangles(xp, m)
    # The lower triangle of m, mirrored: the diagonal once.
    symmetric = xp.add(xp.mul(m, lower[0]), swap(xp, xp.mul(m, lower[1])))
    total = xp.add(grad_q, xp.matmul(q, symmetric))
    return swap(xp, solved(xp, r, swap(xp, total)))


def _arrays(x: Any) -> tuple[Any, Any]:
    """The raw array behind ``x`` and its array module."""
    from ..backend import BACKENDS

    array = x.array if isinstance(x, TensorBase) else x
    return array, BACKENDS[type(array)].module


def _triangles(xp: Any, x: Any) -> tuple[Any, Any]:
    """Ones on and below the diagonal, and strictly below it."""
    array, module = _arrays(x)
    ones = module.ones(array.shape[-2:], array.dtype)
    return module.tril(ones), module.tril(ones, -1)


def _identity(x: Any) -> Any:
    array, module = _arrays(x)
    return module.eye(array.shape[-1], dtype=array.dtype)


def _column(xp: Any, x: Any) -> Any:
    return xp.reshape(x, (*x.shape, 1))


def _row(xp: Any, x: Any) -> Any:
    return xp.reshape(x, (*x.shape[:-1], 1, x.shape[-1]))


class LinalgEigh(Decomposition):
    """``A = V diag(w) V^T`` of a symmetric matrix; the gradient is symmetric too."""

    __slots__ = ()

    @staticmethod
    def factors(xp: Any, x: Any, *options: Any) -> tuple[Any, ...]:
        w, v = xp.module.linalg.eigh(x, *options)
        return w, v

    def backward(self, xp: Any, grads: Any) -> tuple[Any]:
        w, v = self.saved()
        one = _identity(v)
        middle = None if grads[0] is None else xp.mul(_column(xp, grads[0]), one)
        if grads[1] is not None:
            gaps = xp.add(xp.sub(_row(xp, w), _column(xp, w)), one)
            turned = xp.matmul(swap(xp, v), grads[1])
            rotation = xp.div(xp.sub(turned, xp.mul(turned, one)), gaps)
            middle = rotation if middle is None else xp.add(middle, rotation)
        whole = xp.matmul(xp.matmul(v, middle), swap(xp, v))
        return (xp.mul(xp.add(whole, swap(xp, whole)), 0.5),)


class LinalgSvd(Decomposition):
    """``A = U diag(S) Vh`` with orthonormal U and Vh.

    The gradient is that of J. Townsend, "Differentiating the singular value decomposition", 2016;
    only the first min(m, n) singular vectors count.
    """

    __slots__ = ()

    @staticmethod
    def factors(xp: Any, x: Any, *options: Any) -> tuple[Any, ...]:
        u, s, vh = xp.module.linalg.svd(x, *options)
        return u, s, vh

    def backward(self, xp: Any, grads: Any) -> tuple[Any]:
        u, s, vh = self.saved()
        k = s.shape[-1]
        first_columns, first_rows = (..., slice(0, k)), (..., slice(0, k), slice(None))
        u, vh = xp.getitem(u, first_columns), xp.getitem(vh, first_rows)
        one = _identity(_row(xp, s))
        inside = None if grads[1] is None else xp.mul(_column(xp, grads[1]), one)
        outside = []
        row, column = _row(xp, s), _column(xp, s)
        gaps = xp.add(xp.sub(xp.square(row), xp.square(column)), one)
        if grads[0] is not None:
            grad_u = xp.getitem(grads[0], first_columns)
            along = xp.matmul(swap(xp, u), grad_u)
            turn = xp.mul(xp.div(xp.sub(along, swap(xp, along)), gaps), row)
            inside = turn if inside is None else xp.add(inside, turn)
            across = xp.div(xp.sub(grad_u, xp.matmul(u, along)), row)
            outside.append(xp.matmul(across, vh))
        if grads[2] is not None:
            grad_vh = xp.getitem(grads[2], first_rows)
            along = xp.matmul(vh, swap(xp, grad_vh))
            turn = xp.mul(xp.div(xp.sub(along, swap(xp, along)), gaps), column)
            inside = turn if inside is None else xp.add(inside, turn)
            across = xp.sub(grad_vh, xp.matmul(swap(xp, along), vh))
            outside.append(xp.matmul(u, xp.div(across, column)))
        total = xp.matmul(xp.matmul(u, inside), vh)
        for part in outside:
            total = xp.add(total, part)
        return (total,)


# --- functions -----------------------------------------------------------------------------------


def linalg_qr(A: Any, mode: str = "reduced") -> Any:  # noqa: N803  # PyTorch's name
    """``A = Q R`` with orthonormal columns in Q and upper triangular R, as a named pair.

    Args:
        A: shape (..., m, n).
        mode: ``"reduced"``: Q is m by min(m, n). ``"complete"``: Q is m by m. ``"r"``: Q is empty.

    >>> import gpugrad
    >>> q, r = gpugrad.linalg.qr(gpugrad.tensor([[0.0, 1.0], [2.0, 0.0]]))
    >>> gpugrad.allclose(q @ r, gpugrad.tensor([[0.0, 1.0], [2.0, 0.0]]))
    True
    """
    if THREADS and (run := casting("qr")):
        return run(linalg_qr, A, mode)
    check_matrix("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    if mode == "r":
        _, r = LinalgQrOfR.apply(A, "reduced")
        return return_types.linalg_qr((A.new_empty((0,)), r))
    return return_types.linalg_qr(LinalgQr.apply(A, mode))


def qr(input: Any, some: bool = True) -> Any:
    """:func:`gpugrad.linalg.qr` under its older name; reduced if ``some``."""
    if THREADS and (run := casting("qr")):
        return run(qr, input, some)
    return return_types.qr(linalg_qr(input, "reduced" if some else "complete"))


def linalg_svd(A: Any, full_matrices: bool = True) -> Any:  # noqa: N803  # PyTorch's name
    """``A = U @ diag(S) @ Vh`` with orthonormal U and Vh, as a named triple.

    Args:
        A: shape (..., m, n).
        full_matrices: square U and Vh; otherwise only the first min(m, n) vectors.

    >>> import gpugrad
    >>> gpugrad.linalg.svd(gpugrad.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    if THREADS and (run := casting("svd")):
        return run(linalg_svd, A, full_matrices)
    check_matrix("linalg.svd", A)
    return return_types.linalg_svd(LinalgSvd.apply(A, full_matrices))


def svd(input: Any, some: bool = True) -> Any:
    """:func:`gpugrad.linalg.svd` under its older name, with V instead of Vh."""
    if THREADS and (run := casting("svd")):
        return run(svd, input, some)
    u, s, vh = linalg_svd(input, not some)
    return return_types.svd((u, s, transpose(vh, -2, -1)))


def svdvals(A: Any) -> Any:  # noqa: N803  # PyTorch's name
    """The singular values of a matrix in descending order.

    >>> import gpugrad
    >>> gpugrad.linalg.svdvals(gpugrad.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    if THREADS and (run := casting("svdvals")):
        return run(svdvals, A)
    return linalg_svd(A, False)[1]


def eigh(A: Any, UPLO: str = "L") -> Any:  # noqa: N803  # PyTorch's names
    """The eigenvalues, ascending, and eigenvectors of a symmetric matrix, as a named pair.

    Args:
        A: shape (..., n, n).
        UPLO: which triangle is read, ``"L"`` or ``"U"``.

    >>> import gpugrad
    >>> gpugrad.linalg.eigh(gpugrad.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    if THREADS and (run := casting("eigh")):
        return run(eigh, A, UPLO)
    check_square("linalg.eigh", A)
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return return_types.linalg_eigh(LinalgEigh.apply(A, UPLO.upper()))


def eigvalsh(A: Any, UPLO: str = "L") -> Any:  # noqa: N803  # PyTorch's names
    """The eigenvalues of a symmetric matrix in ascending order.

    >>> import gpugrad
    >>> gpugrad.linalg.eigvalsh(gpugrad.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    if THREADS and (run := casting("eigvalsh")):
        return run(eigvalsh, A, UPLO)
    return eigh(A, UPLO)[0]
