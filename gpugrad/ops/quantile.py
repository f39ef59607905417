"""Quantiles: values between those of given ranks."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.composed import shown_as
from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS
from ..casting.calls import THREADS, casting
from .mixing import lerp
from .order import sort
from .reduce import sum as sum_of
from .shape import movedim, reshape, squeeze, unsqueeze, wrap_dim
from .truth import any as any_of

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _fractions(name: str, input: Any, q: Any) -> Any:
    """``q`` as a tensor of the type of ``input``, checked."""
    x = input.array
    if not x.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if isinstance(q, TensorBase):
        if q.array.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    elif not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
    if dtypes.from_numpy(x.dtype).name not in ("float32", "float64"):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if not isinstance(q, TensorBase):
        return wrap(BACKENDS[type(x)].full((), q, x.dtype))
    if q.array.dtype != x.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    return q


def _ranks(xp: Any, values: Any, q: Any, skip_nan: bool) -> Any:
    """The rank of each quantile along the last dimension of sorted values: (..., count)."""
    from .select import where

    length = values.shape[-1]
    nan = xp.isnan(values)
    if skip_nan:
        numbers = sum_of(wrap(xp.logical_not(nan)), -1, True).to(q.dtype)
        return (q * (numbers - 1)).clamp(min=0)
    # A single nan makes the result nan: it sorts last.
    return where(any_of(wrap(nan), -1, True), float(length - 1), q * (length - 1))


def _quantile(
    name: str, input: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip: bool
) -> Any:
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    fractions = _fractions(name, input, q)
    several, ndim = fractions.array.ndim, input.array.ndim
    axis = None if dim is None else wrap_dim(dim, ndim)
    if axis is None or not ndim:
        lines = reshape(input, (-1,))
    else:
        lines = movedim(input, axis, -1) if axis != ndim - 1 else input
    values = sort(lines, -1).values
    xp = BACKENDS[type(values.array)]
    ranks = _ranks(xp, values.array, reshape(fractions, (-1,)), skip)
    if interpolation in ("lower", "higher", "nearest"):
        rounding = {"lower": "floor", "higher": "ceil", "nearest": "round"}[interpolation]
        ranks = getattr(ranks, rounding)()
    below = ranks.floor().long()
    shape = (*values.array.shape[:-1], below.array.shape[-1])
    result = values.gather(-1, below.expand(shape))
    if interpolation in ("linear", "midpoint"):
        above = values.gather(-1, ranks.ceil().long().expand(shape))
        share = ranks - below if interpolation == "linear" else ranks.new_full((), 0.5)
        result = lerp(result, above, share.expand(shape))
    if keepdim:
        full = (1,) * ndim if axis is None else (*shape[:-1], 1)
        result = movedim(result, -1, 0)
        if ndim:
            inner = full if axis is None else shape[:-1]
            result = reshape(result, (shape[-1], *inner))
            if axis is not None:
                result = unsqueeze(result, axis + 1)
    else:
        result = movedim(result, -1, 0)
    return result if several else squeeze(result, 0)


@shown_as("SqueezeBackward4")
def quantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Any:
    """The values below which the fractions ``q`` of the elements lie.

    Args:
        q: a number from 0 to 1, or a tensor of them with at most one dimension, which the result
            then has in front.
        dim: take the quantiles along this dimension; of all elements if None.
        keepdim: keep the reduced dimension with size one.
        interpolation: what to take between the elements of two ranks: ``"linear"``, ``"lower"``,
            ``"higher"``, ``"midpoint"`` or ``"nearest"``.

    A nan anywhere makes the result nan; :func:`nanquantile` leaves them out.

    Raises:
        RuntimeError: an empty tensor, types other than float32 and float64, ``q`` out of range.

    >>> import gpugrad
    >>> gpugrad.quantile(gpugrad.tensor([1.0, 2.0, 3.0, 4.0]), 0.5)
    tensor(2.5000)
    """
    if THREADS and (run := casting("quantile")):
        return run(quantile, input, q, dim, keepdim, interpolation=interpolation)
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


@shown_as("SqueezeBackward4")
def nanquantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Any:
    """:func:`quantile` of the elements that are numbers.

    >>> import gpugrad
    >>> gpugrad.nanquantile(gpugrad.tensor([1.0, float("nan"), 3.0]), 0.5)
    tensor(2.)
    """
    if THREADS and (run := casting("nanquantile")):
        return run(nanquantile, input, q, dim, keepdim, interpolation=interpolation)
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
