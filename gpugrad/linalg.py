"""Linear algebra under PyTorch's names: ``gpugrad.linalg``. Each function takes ``out=``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ops import (
    cholesky as _cholesky,
)
from .ops import decompositions as _decompositions
from .ops import determinants as _determinants
from .ops import householder as _householder
from .ops import least_squares as _least_squares
from .ops import linalg as _linalg
from .ops import lu as _lu
from .ops import matmul as _matmul
from .ops import matrix_functions as _functions
from .ops import matrix_norm as _matrix_norm
from .ops import mixing as _mixing
from .ops import norm as _norm
from .ops import products as _products
from .ops.diagonal import diagonal as _diagonal
from .ops.matrix_checks import LinAlgError as LinAlgError
from .out_argument import public as _public


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:  # noqa: N803
    """:func:`gpugrad.diagonal` with the last two dimensions as its default.

    >>> import gpugrad
    >>> gpugrad.linalg.diagonal(gpugrad.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    return _diagonal(A, offset, dim1, dim2)


_MODULES = {
    _cholesky: "cholesky_ex inv_ex solve_ex",
    _decompositions: "eigh eigvalsh svdvals",
    _functions: "cond matrix_exp tensorinv tensorsolve vander",
    _householder: "householder_product",
    _least_squares: "lstsq matrix_rank",
    _determinants: "det",
    _linalg: "cholesky inv pinv solve solve_triangular",
    _lu: "lu lu_factor lu_factor_ex lu_solve",
    _matmul: "matmul",
    _matrix_norm: "matrix_norm",
    _norm: "vector_norm",
    _products: "matrix_power multi_dot vecdot",
}

_FOUND: dict[str, Any] = {
    **{n: getattr(module, n) for module, names in _MODULES.items() for n in names.split()},
    "cross": _mixing.linalg_cross,
    "norm": _matrix_norm.linalg_norm,
    "qr": _decompositions.linalg_qr,
    "slogdet": _determinants.linalg_slogdet,
    "svd": _decompositions.linalg_svd,
}

FUNCTIONS: dict[str, Any] = {
    "diagonal": diagonal,
    **{
        name: _public(f"linalg_{name}", function, None if name == "multi_dot" else "A")
        for name, function in _FOUND.items()
    },
}
"""The functions of this module by name."""

__all__ = sorted([*FUNCTIONS, "LinAlgError"])

globals().update(FUNCTIONS)

if TYPE_CHECKING:  # the functions

    def __getattr__(name: str) -> Any: ...
