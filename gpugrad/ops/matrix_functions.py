"""The exponential of a matrix, its condition, and equations of tensors as equations of matrices."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..autograd.engine import Node, TensorBase
from .arguments import word
from .decompositions import svdvals
from .linalg import inv, solve, solve_triangular
from .matmul import swap
from .matrix_checks import LinAlgError, check_matrix, check_square
from .matrix_norm import matrix_norm
from .operands import cast
from .shape import movedim, reshape


class LinalgMatrixExp(Node):
    """The exponential of a square matrix.

    Scaling and squaring with a Padé approximant (N. Higham, "The scaling and squaring method for
    the matrix exponential revisited", SIAM J. Matrix Anal. Appl. 26 (2005)). The gradient is a
    block of the exponential of a matrix of twice the size (R. Mathias, 1996).
    """

    __slots__ = ("x",)
    saves = {"x": 0}

    def forward(self, xp: Any, x: Any) -> Any:
        self.x = x
        return xp.matrix_exp(x)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        turned = swap(xp, self.x)
        n, last = turned.shape[-1], turned.ndim - 1
        upper = xp.concatenate([turned, grad], last)
        lower = xp.concatenate([xp.zeros_like(turned), turned], last)
        whole = xp.concatenate([upper, lower], last - 1)
        if isinstance(whole, TensorBase):
            found = LinalgMatrixExp.apply(whole)
        else:
            found = xp.matrix_exp(whole)
        return (xp.getitem(found, (..., slice(0, n), slice(n, None))),)


def matrix_exp(A: Any) -> Any:  # noqa: N803  # PyTorch's name
    """The exponential of a square matrix, or of each in a batch.

    >>> import gpugrad
    >>> gpugrad.linalg.matrix_exp(gpugrad.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    half = A.array.dtype.itemsize == 2 and A.array.dtype.kind in "fV"
    check_square("linalg.matrix_exp", A, half)
    if half:
        return cast(matrix_exp(cast(A, dtypes.float32)), dtypes.from_numpy(A.array.dtype))
    return LinalgMatrixExp.apply(A)


def cond(A: Any, p: Any = None) -> Any:  # noqa: N803  # PyTorch's name
    """The condition of a matrix: its norm times that of its inverse.

    Args:
        A: shape (..., n, n); for the default, 2 and -2 any (..., m, n).
        p: the norm, see :func:`gpugrad.linalg.matrix_norm`; None is 2.

    >>> import gpugrad
    >>> gpugrad.linalg.cond(gpugrad.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(2.)
    """
    check_matrix("linalg.cond", A)
    if p is None or (not isinstance(p, str) and abs(p) == 2):
        values = svdvals(A)
        if 0 in A.shape[-2:]:
            return A.new_zeros(A.shape[:-2])
        first, last = values[..., 0], values[..., -1]
        return last / first if p == -2 else first / last
    if isinstance(p, str) and p not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if not isinstance(p, str) and p not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    check_square("linalg.cond", A)
    if 0 in A.shape[-2:]:
        return A.new_zeros(A.shape[:-2])
    if p == "nuc":
        values = svdvals(A)
        return values.sum(-1) * values.reciprocal().sum(-1)
    try:
        inverse = inv(A)
    except LinAlgError:
        from .cholesky import inv_ex

        inverse = inv_ex(A).inverse
    product = matrix_norm(A, p) * matrix_norm(inverse, p)
    return product.nan_to_num(nan=math.inf, posinf=math.inf, neginf=-math.inf)


def tensorinv(A: Any, ind: int = 2) -> Any:  # noqa: N803  # PyTorch's name
    """The inverse for :func:`gpugrad.tensordot` of the first ``ind`` dimensions against the rest.

    >>> import gpugrad
    >>> gpugrad.linalg.tensorinv(gpugrad.eye(4).reshape(4, 2, 2), ind=1).shape
    torch.Size([2, 2, 4])
    """
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    shape = tuple(A.shape)
    rows, columns = math.prod(shape[ind:]), math.prod(shape[:ind])
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {rows} != {columns}"
        )
    return reshape(inv(reshape(A, (rows, columns))), (*shape[ind:], *shape[:ind]))


def tensorsolve(A: Any, B: Any, dims: Any = None) -> Any:  # noqa: N803  # PyTorch's names
    """The X for which :func:`gpugrad.tensordot` of ``A`` and X over all of X is ``B``.

    Args:
        dims: dimensions of ``A`` that are moved to its end first.

    >>> import gpugrad
    >>> gpugrad.linalg.tensorsolve(2 * gpugrad.eye(2), gpugrad.ones(2))
    tensor([0.5000, 0.5000])
    """
    if dims is not None:
        A = movedim(A, tuple(dims), tuple(range(-len(dims), 0)))  # noqa: N806
    rest = tuple(A.shape[B.ndim :])
    size = math.prod(rest)
    if size != math.prod(B.shape):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {size} != {math.prod(B.shape)}"
        )
    return reshape(solve(reshape(A, (size, size)), reshape(B, (size,))), rest)


def vander(x: Any, *, N: int | None = None) -> Any:  # noqa: N803  # PyTorch's name
    """The powers 0 ... N - 1 of each element along a new last dimension.

    >>> import gpugrad
    >>> gpugrad.linalg.vander(gpugrad.tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [1, 2, 4],
            [1, 3, 9]])
    """
    kind = x.array.dtype
    if kind.kind == "b" or (kind.kind in "fV" and kind.itemsize == 2):
        raise RuntimeError(
            "linalg.vander supports floating point, complex, and integer tensors, but got "
            f"{word(x.array)}"
        )
    if not x.ndim and N is None:
        raise RuntimeError("linalg.vander: x must have at least one dimension.")
    x = x if x.ndim else x.unsqueeze(0)
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError(f"N must be greater than 1. Got {count}")
    start = x.new_ones((*x.shape, 1))
    factors = x.unsqueeze(-1).expand(*x.shape, count - 1)
    from .joining import cat

    return cat((start, factors), -1).cumprod(-1)


def triangular_solve(
    input: Any,
    A: Any,  # noqa: N803  # PyTorch's name
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
) -> Any:
    """The older form of :func:`gpugrad.linalg.solve_triangular`, with a copy of ``A``."""
    from .. import return_types

    if input.ndim < 2 or A.ndim < 2:
        few, name = (input, "b") if input.ndim < 2 else (A, "A")
        raise RuntimeError(
            "torch.triangular_solve: Expected "
            f"{name} to have at least 2 dimensions, but it has {few.ndim} dimensions instead"
        )
    check_square("triangular_solve", A)
    if input.shape[-2] != A.shape[-1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for triangular_solve: each A matrix is {A.shape[-1]} by "
            f"{A.shape[-1]} but each b matrix is {input.shape[-2]} by {input.shape[-1]}"
        )
    matrix = A.mT if transpose else A
    found = solve_triangular(matrix, input, upper=upper != transpose, unitriangular=unitriangular)
    return return_types.triangular_solve((found, A.clone()))
