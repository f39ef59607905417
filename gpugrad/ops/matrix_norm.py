"""Norms of matrices, and ``norm``, which takes either kind."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..casting.calls import THREADS, casting
from .arguments import word
from .decompositions import svdvals
from .norm import vector_norm
from .operands import cast
from .pointwise import Abs
from .reduce import amax, amin
from .reduce import sum as sum_of
from .shape import movedim, unsqueeze, wrap_dim


def _extreme(ord: float, x: Any, dim: int, keepdim: bool) -> Any:
    return (amax if ord > 0 else amin)(x, dim, keepdim)


def matrix_norm(
    A: Any,  # noqa: N803  # PyTorch's name
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Any:
    """A norm of a matrix, or of each in a batch.

    Args:
        ord: ``"fro"``: the root of the sum of squares. ``"nuc"``: the sum of the singular values;
            2 or -2: the largest or smallest of them. 1 or -1: the largest or smallest sum of a
            column's absolute values; inf or -inf: of a row's.
        dim: the two dimensions of the matrices.
        dtype: convert to this type first.

    Raises RuntimeError for another ``ord``, or fewer than two dimensions.

    >>> import gpugrad
    >>> gpugrad.linalg.matrix_norm(gpugrad.tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    if THREADS and (run := casting("matrix_norm")):
        return run(matrix_norm, A, ord, dim, keepdim, dtype=dtype)
    a = A.array
    if a.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
        )
    if a.dtype.kind not in "fV":
        raise RuntimeError(
            "linalg.matrix_norm: Expected a floating point or complex tensor as input. Got "
            f"{word(a)}"
        )
    known = ("fro", "nuc") if isinstance(ord, str) else (1, -1, 2, -2, math.inf, -math.inf)
    if ord not in known:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if len(dim) != 2:
        raise RuntimeError(
            f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}"
        )
    rows, columns = (wrap_dim(d, a.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    x = A if dtype is None else cast(A, dtypes.as_dtype(dtype))
    if ord == "fro":
        return vector_norm(x, 2, (rows, columns), keepdim)
    if ord in (2, -2, "nuc"):
        if x.array.dtype.itemsize == 2:
            raise RuntimeError(
                f"linalg.matrix_norm: Low precision dtypes not supported. Got {word(x.array)}"
            )
        values = svdvals(movedim(x, (rows, columns), (-2, -1)))
        total = ord == "nuc" or (ord == 2 and values.array.shape[-1] == 0)
        result = sum_of(values, -1) if total else _extreme(ord, values, -1, False)
        if keepdim:
            for d in sorted((rows, columns)):
                result = unsqueeze(result, d)
        return result
    first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = sum_of(Abs.apply(x), first, keepdim)
    if not keepdim and second > first:
        second -= 1
    if sums.array.shape[second] == 0 and ord > 0:
        return sum_of(sums, second, keepdim)
    return _extreme(ord, sums, second, keepdim)


def linalg_norm(
    A: Any,  # noqa: N803  # PyTorch's name
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Any:
    """A vector norm, or with ``ord`` and two dimensions a matrix norm.

    Args:
        ord: see :func:`vector_norm` and :func:`matrix_norm`. None: the root of the sum of squares.
        dim: one dimension, two, or None for all.

    >>> import gpugrad
    >>> gpugrad.linalg.norm(gpugrad.tensor([[3.0], [4.0]]))
    tensor(5.)
    """
    if THREADS and (run := casting("norm")):
        return run(linalg_norm, A, ord, dim, keepdim, dtype=dtype)
    ndim = A.array.ndim
    options: dict[str, Any] = {"keepdim": keepdim, "dtype": dtype}
    if ord is None:
        return vector_norm(A, 2, dim, **options)
    if dim is None:
        if isinstance(ord, str) and ndim != 2:
            return matrix_norm(A, ord, **options)
        if ndim not in (1, 2):
            raise RuntimeError(
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
                f"{ndim}D."
            )
        return vector_norm(A, ord, **options) if ndim == 1 else matrix_norm(A, ord, **options)
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(dims) == 2:
        return matrix_norm(A, ord, dims, **options)
    return vector_norm(A, ord, dims, **options)


def norm(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The ``p``-norm over ``dim``, all elements if None.

    Args:
        p: any number, ``"fro"`` (the same as 2) or, of matrices, ``"nuc"``.

    :func:`gpugrad.linalg.norm` and its relatives say more clearly what is meant.

    >>> import gpugrad
    >>> gpugrad.tensor([3.0, 4.0]).norm()
    tensor(5.)
    """
    if THREADS and (run := casting("norm")):
        return run(norm, input, p, dim, keepdim, dtype=dtype)
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str):
        return matrix_norm(input, p, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, p, dim, keepdim, dtype=dtype)
