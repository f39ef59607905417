"""Norms of vectors, and distances."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..autograd.composed import shown_as
from ..autograd.engine import OUTPUT
from ..casting.calls import THREADS, casting
from ..native.pointwise import LARGE_BYTES
from .arguments import word
from .arithmetic import Sub
from .axes import Axes, axes_of, count_of
from .operands import cast
from .reduce import Reduction
from .shape import unsqueeze


class LinalgVectorNorm(Reduction):
    """``sum(|x| ** p) ** (1 / p)``; the number of nonzero elements for p 0, extremes for inf."""

    __slots__ = ("out", "p", "x")
    saves = {"x": 0, "out": OUTPUT}

    def forward(self, xp: Any, x: Any, p: float, axes: Axes, keepdim: bool) -> Any:
        self._remember(x, axes)
        self.x, self.p = x, p
        if x.nbytes >= LARGE_BYTES:
            xp = xp.large
        if p == 2:
            out = xp.sqrt(xp.sum_of_squares(x, axes, keepdim))
        elif p == 0:
            out = xp.sum(xp.cast(xp.ne(x, 0), x.dtype), axes, keepdim)
        elif math.isinf(p):
            out = (xp.amax if p > 0 else xp.amin)(xp.abs(x), axes, keepdim)
        elif p == 1:
            out = xp.sum(xp.abs(x), axes, keepdim)
        else:
            out = xp.pow(xp.sum(xp.pow(xp.abs(x), p), axes, keepdim), 1 / p)
        self.out = xp.asarray(out)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        x, p = self.x, self.p
        if x.nbytes >= LARGE_BYTES:
            xp = xp.large
        grad, norm = self._widen(xp, grad), self._widen(xp, self.out)
        if p == 0:
            return (xp.zeros_like(x),)
        if p == 1:
            return (xp.mul(xp.sgn(x), grad),)
        if math.isinf(p):
            size = xp.abs(x)
            taken = xp.cast(xp.eq(size, norm), x.dtype)
            share = xp.div(grad, xp.sum(taken, self.axes, True))
            return (xp.mul(xp.mul(xp.sgn(x), taken), share),)
        # Where the norm is zero the gradient is taken as zero, and where x is, for p < 1.
        flat = xp.eq(norm, 0)
        safe = xp.where(flat, xp.ones_like(norm), norm)
        scale = xp.where(flat, xp.zeros_like(norm), xp.div(grad, xp.pow(safe, p - 1)))
        if p == 2:
            return (xp.mul(x, scale),)
        zero = xp.eq(x, 0)
        size = xp.where(zero, xp.ones_like(x), xp.abs(x))
        slope = xp.where(zero, xp.zeros_like(x), xp.mul(xp.sgn(x), xp.pow(size, p - 1)))
        return (xp.mul(slope, scale),)


def vector_norm(
    x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """``sum(|x| ** ord) ** (1 / ord)`` over ``dim``, all elements if None.

    Args:
        ord: any number. 0 counts the elements that are not zero, inf and -inf give the largest and
            the smallest absolute value.
        dtype: convert to this type first.

    Raises:
        RuntimeError: ``x`` is not floating point, or is empty and has no such norm.

    >>> import gpugrad
    >>> gpugrad.linalg.vector_norm(gpugrad.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if THREADS and (run := casting("vector_norm")):
        return run(vector_norm, x, ord, dim, keepdim, dtype=dtype)
    a = x.array
    if a.dtype.kind not in "fV":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{word(a)}"
        )
    if isinstance(ord, str):
        raise TypeError("linalg_vector_norm(): argument 'ord' (position 2) must be Number, not str")
    axes = axes_of(dim, a.ndim)
    if count_of(a.shape, axes) == 0 and (ord < 0 or math.isinf(ord)):
        _refuse_empty(ord, a.shape, axes)
    if dtype is not None:
        x = cast(x, dtypes.as_dtype(dtype))
    if x.array.dtype.itemsize == 2 and ord not in (0, 1, math.inf, -math.inf):
        # In half types the powers would overflow before their root is taken.
        kind = dtypes.from_numpy(x.array.dtype)
        wide = LinalgVectorNorm.apply(cast(x, dtypes.float32), float(ord), axes, keepdim)
        return cast(wide, kind)
    return LinalgVectorNorm.apply(x, float(ord), axes, keepdim)


def _refuse_empty(order: float, shape: tuple[int, ...], axes: Axes) -> None:
    name = "inf" if order == math.inf else "-inf" if order == -math.inf else f"{order:g}"
    if axes is None:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {name} norm on an empty tensor because the "
            "operation does not have an identity"
        )
    empty = next(a for a in axes if shape[a] == 0)
    raise RuntimeError(
        f"linalg.vector_norm cannot compute the {name} norm on the dimension {empty}because this "
        "dimension is empty and the operation does not have an identity"
    )


@shown_as("DistBackward0")
def dist(input: Any, other: Any, p: float = 2) -> Any:
    """The ``p``-norm of ``input - other``.

    >>> import gpugrad
    >>> gpugrad.dist(gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([4.0, 6.0]))
    tensor(5.)
    """
    if THREADS and (run := casting("dist")):
        return run(dist, input, other, p)
    return vector_norm(Sub.apply(input, other), p)


@shown_as("CdistBackward0")
def cdist(
    x1: Any,
    x2: Any,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Any:
    """The ``p``-norm distances between all rows of two matrices, or of batches of them.

    Args:
        x1: shape (..., n, m).
        x2: shape (..., k, m); batch dimensions broadcast.
        compute_mode: accepted; differences are always taken, which is the exact way.

    Returns:
        Shape (..., n, k).

    >>> import gpugrad
    >>> gpugrad.cdist(gpugrad.tensor([[0.0, 0.0]]), gpugrad.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    if THREADS and (run := casting("cdist")):
        return run(cdist, x1, x2, p, compute_mode)
    a, b = x1.array, x2.array
    for name, x in (("X1", a), ("X2", b)):
        if x.dtype.kind not in "fV":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {word(x)}")
        if x.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D")
    if a.shape[-1] != b.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {a.shape[-1]} X2: {b.shape[-1]}"
        )
    if a.dtype.itemsize == 2:
        raise NotImplementedError(f"\"cdist\" not implemented for '{word(a)}'")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    return vector_norm(Sub.apply(unsqueeze(x1, -2), unsqueeze(x2, -3)), p, -1)
