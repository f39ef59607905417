"""Linear algebra under PyTorch's names: ``gpugrad.linalg``."""

from __future__ import annotations

from typing import Any

from .ops.decompositions import eigh as eigh
from .ops.decompositions import eigvalsh as eigvalsh
from .ops.decompositions import linalg_qr as qr
from .ops.decompositions import linalg_svd as svd
from .ops.decompositions import svdvals as svdvals
from .ops.diagonal import diagonal as _diagonal
from .ops.least_squares import lstsq as lstsq
from .ops.least_squares import matrix_rank as matrix_rank
from .ops.linalg import cholesky as cholesky
from .ops.linalg import det as det
from .ops.linalg import inv as inv
from .ops.linalg import linalg_slogdet as slogdet
from .ops.linalg import pinv as pinv
from .ops.linalg import solve as solve
from .ops.linalg import solve_triangular as solve_triangular
from .ops.matmul import matmul as matmul
from .ops.matrix_checks import LinAlgError as LinAlgError
from .ops.matrix_norm import linalg_norm as norm
from .ops.matrix_norm import matrix_norm as matrix_norm
from .ops.mixing import linalg_cross as cross
from .ops.norm import vector_norm as vector_norm
from .ops.products import matrix_power as matrix_power
from .ops.products import multi_dot as multi_dot
from .ops.products import vecdot as vecdot

__all__ = [
    "LinAlgError",
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "vecdot",
    "vector_norm",
]


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:  # noqa: N803
    """:func:`gpugrad.diagonal` with the last two dimensions as its default."""
    return _diagonal(A, offset, dim1, dim2)
