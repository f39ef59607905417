"""Which matrices can be decomposed, and which one of a batch could not be."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import BACKENDS
from .arguments import word


class LinAlgError(RuntimeError):
    """A matrix does not have what was asked for: an inverse, a Cholesky factor."""


LinAlgError.__name__ = "_LinAlgError"  # what PyTorch's class calls itself


HALF_KERNELS = {
    "cholesky": "cholesky_cpu",
    "linalg.cholesky": "cholesky_cpu",
    "linalg.cond": "linalg_svd_cpu",
    "linalg.det": "lu_cpu",
    "linalg.eigh": "linalg_eigh_cpu",
    "linalg.qr": "geqrf_cpu",
    "linalg.solve": "lu_cpu",
    "linalg.solve_triangular": "triangular_solve_cpu",
    "linalg.svd": "linalg_svd_cpu",
    "torch.linalg.lu_solve": "linalg.lu_solve_cpu",
    "torch.lu_factor": "lu_cpu",
    "triangular_solve": "triangular_solve_cpu",
}
"""Kernels that PyTorch looks for, and does not find, for half types."""

ANY_KERNELS = {
    name: HALF_KERNELS[name]
    for name in (
        "cholesky",
        "linalg.eigh",
        "linalg.solve_triangular",
        "torch.lu_factor",
        "triangular_solve",
    )
}
"""Those that it looks for whatever the type."""


def no_kernel(kernel: str, x: Any) -> None:
    """Raise NotImplementedError unless ``x`` is float32 or float64."""
    a = x.array
    if a.dtype.kind != "f" or a.dtype.itemsize < 4:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{word(a)}'")


def check_matrix(function: str, x: Any, any_type: bool = False) -> None:
    """Raise RuntimeError unless ``x`` holds matrices of a type that can be decomposed.

    NotImplementedError where that is what PyTorch raises.
    """
    a = x.array
    if a.ndim < 2:
        raise RuntimeError(f"{function}: The input tensor A must have at least 2 dimensions.")
    if not any_type:
        if function in ANY_KERNELS:
            no_kernel(ANY_KERNELS[function], x)
        if function in HALF_KERNELS and a.dtype.kind in "fV":
            no_kernel(HALF_KERNELS[function], x)
    if a.dtype.kind not in "fV" and not any_type:
        raise RuntimeError(
            f"{function}: Expected a floating point or complex tensor as input. Got {word(a)}"
        )
    if a.dtype.itemsize == 2 and not any_type:
        raise RuntimeError(f"{function}: Low precision dtypes not supported. Got {word(a)}")


def check_square(function: str, x: Any, any_type: bool = False) -> None:
    """Raise RuntimeError unless ``x`` holds square matrices; see :func:`check_matrix`."""
    check_matrix(function, x, any_type)
    rows, columns = x.array.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"{function}: A must be batches of square matrices, but they are {rows} by {columns} "
            "matrices"
        )


def first_zero_pivot(matrix: Any) -> int:
    """The number, from 1, of the first zero on the diagonal after elimination with pivoting."""
    a = np.array(matrix, np.float64)
    for k in range(len(a)):
        best = k + int(np.argmax(abs(a[k:, k])))
        if a[best, k] == 0:
            return k + 1
        a[[k, best]] = a[[best, k]]
        a[k + 1 :] -= np.outer(a[k + 1 :, k] / a[k, k], a[k])
    return len(a)


def first_bad_minor(matrix: Any) -> int:
    """The order of the first leading minor that is not positive."""
    for k in range(1, len(matrix) + 1):
        try:
            np.linalg.cholesky(matrix[:k, :k])
        except np.linalg.LinAlgError:
            return k
    return 0


def failure(function: str, x: Any, locate: Any, text: str, error: Exception) -> LinAlgError:
    """The error that names the matrix of a batch and the place in it where an op failed."""
    a = BACKENDS[type(x.array)].to_host(x.array)
    for number, matrix in enumerate(a.reshape(-1, *a.shape[-2:])):
        place = locate(matrix)
        singular = locate is first_zero_pivot and np.linalg.matrix_rank(matrix) < len(matrix)
        if singular or (locate is first_bad_minor and place):
            batch = f"(Batch element {number}): " if a.ndim > 2 else ""
            return LinAlgError(f"{function}: {batch}" + text.format(place))
    return LinAlgError(f"{function}: {error}")
