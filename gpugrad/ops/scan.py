"""Running results along a dimension: sums, products, extremes, log-sums, and differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, return_types
from ..autograd.composed import shown_as
from ..autograd.engine import OUTPUT, Node
from ..autograd.inplace import apply_inplace
from ..backend import BACKENDS
from ..casting.calls import THREADS, casting
from .arguments import scalar_name, word
from .compare import logical_xor
from .copying import Clone, copy_
from .index import getitem
from .joining import cat
from .operands import cast
from .select import Cumprod, Cumsum
from .selection import Selection, picked
from .shape import wrap_dim


def _parts(xp: Any, x: Any, axis: int, step: int) -> tuple[Any, Any, Any]:
    """The first ``step`` elements, all but the last ``step``, and all but the first ``step``."""
    before = (slice(None),) * axis
    return (
        xp.getitem(x, (*before, slice(0, step))),
        xp.getitem(x, (*before, slice(0, x.shape[axis] - step))),
        xp.getitem(x, (*before, slice(step, None))),
    )


def running(xp: Any, combine: Any, x: Any, axis: int) -> Any:
    """``combine`` of all elements up to each place, for any associative function.

    NumPy has this for its functions. Elsewhere it takes log2(length) whole-array steps, each
    doubling the stretch that is combined: W. D. Hillis and G. L. Steele, "Data parallel
    algorithms", Comm. ACM 29 (1986), 1170-1183.
    """
    if type(x) is np.ndarray and hasattr(combine, "accumulate"):
        return combine.accumulate(x, axis)
    step = 1
    while step < x.shape[axis]:
        first, earlier, later = _parts(xp, x, axis, step)
        x = xp.concatenate([first, combine(earlier, later)], axis)
        step *= 2
    return x


class Cummax(Selection):
    """The largest element up to each place."""

    __slots__ = ()


class Cummin(Selection):
    """The smallest element up to each place."""

    __slots__ = ()


class Logcumsumexp(Node):
    """``log(cumsum(exp(x)))`` without overflow."""

    __slots__ = ("axis", "out", "x")
    saves = {"x": 0, "out": OUTPUT}

    def forward(self, xp: Any, x: Any, axis: int) -> Any:
        self.x, self.axis = x, axis
        self.out = running(xp, xp.logaddexp, x, axis)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        # The gradient at i is exp(x[i] - out[i]) s[i], with s[i] = grad[i] + f[i] s[i + 1] and
        # f[i] = exp(out[i] - out[i + 1]) <= 1: nothing overflows. Two neighbouring steps of this
        # recurrence make one, so it is solved by doubling, like `running`.
        axis, out = self.axis, self.out
        sums, step = grad, 1
        if out.shape[axis] > 1:
            first, earlier, later = _parts(xp, out, axis, 1)
            factors = xp.concatenate([_ratio(xp, earlier, later), xp.zeros_like(first)], axis)
        while step < out.shape[axis]:
            _, sums_here, sums_later = _parts(xp, sums, axis, step)
            _, here, later = _parts(xp, factors, axis, step)
            last = (*(slice(None),) * axis, slice(out.shape[axis] - step, None))
            joined = xp.add(sums_here, xp.mul(here, sums_later))
            sums = xp.concatenate([joined, xp.getitem(sums, last)], axis)
            factors = xp.concatenate([xp.mul(here, later), xp.getitem(factors, last)], axis)
            step *= 2
        return (xp.mul(_ratio(xp, self.x, out), sums),)


def _ratio(xp: Any, x: Any, y: Any) -> Any:
    """``exp(x - y)``, 1 where both are minus infinity."""
    same = xp.eq(x, y)
    return xp.exp(xp.where(same, xp.zeros_like(x), xp.sub(x, y)))


# --- functions -----------------------------------------------------------------------------------


def _summable(input: Any, dtype: Any) -> Any:
    if dtype is not None:
        return cast(input, dtypes.as_dtype(dtype))
    return cast(input, dtypes.int64) if input.array.dtype.kind in "bui" else input


def _accumulate(kind: type[Node], input: Any, dim: int, dtype: Any) -> Any:
    x = _summable(input, dtype)
    axis = wrap_dim(dim, x.array.ndim)
    if not x.array.ndim:  # one element: a copy, which prints as what it stands for
        return shown_as(kind.__name__)(Clone.apply)(x)
    return kind.apply(x, axis)


def cumsum(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The sums of all elements up to each place along ``dim``; integers add up in int64.

    >>> import gpugrad
    >>> gpugrad.cumsum(gpugrad.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    if THREADS and (run := casting("cumsum")):
        return run(cumsum, input, dim, dtype=dtype)
    return _accumulate(Cumsum, input, dim, dtype)


def cumprod(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The products of all elements up to each place along ``dim``.

    >>> import gpugrad
    >>> gpugrad.cumprod(gpugrad.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    if THREADS and (run := casting("cumprod")):
        return run(cumprod, input, dim, dtype=dtype)
    return _accumulate(Cumprod, input, dim, dtype)


def cumsum_(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """:func:`cumsum` in place; ``dtype`` may only be the tensor's own."""
    return _accumulate_inplace(Cumsum, input, dim, dtype)


def cumprod_(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """:func:`cumprod` in place; ``dtype`` may only be the tensor's own."""
    return _accumulate_inplace(Cumprod, input, dim, dtype)


def _accumulate_inplace(kind: type[Node], input: Any, dim: int, dtype: Any) -> Any:
    if dtype is not None and dtypes.as_dtype(dtype) is not input.dtype:
        wanted = BACKENDS[type(input.array)].zeros((), dtypes.as_dtype(dtype).numpy)
        raise RuntimeError(
            f"Bad in-place call: input tensor dtype {scalar_name(input.array)} and output tensor "
            f"dtype {scalar_name(wanted)} should match"
        )
    axis = wrap_dim(dim, input.array.ndim)
    if not input.array.ndim:
        return apply_inplace(Clone, input)
    if input.array.dtype.kind in "bui":
        return copy_(input, _accumulate(kind, input, dim, None))
    return apply_inplace(kind, input, axis)


def _running_extreme(
    input: Any, dim: int, primitive: str, cls: type[Selection], kind: type[Any]
) -> Any:
    a = input.array
    xp = BACKENDS[type(a)]
    axis = wrap_dim(dim, a.ndim)
    if not a.ndim:
        return picked(cls, kind, input, xp.zeros((1,), "int64"), 0, True)
    best = running(xp, getattr(xp, primitive), a, axis)
    hit = xp.eq(a, best)
    if a.dtype.kind in "fV":
        hit = xp.logical_or(hit, xp.isnan(a))
    place = xp.arange(0, a.shape[axis], 1, "int64").reshape(-1, *(1,) * (a.ndim - axis - 1))
    index = running(xp, xp.maximum, xp.where(hit, place, xp.zeros_like(place)), axis)
    return picked(cls, kind, input, index, axis, True)


def cummax(input: Any, dim: int) -> Any:
    """The largest element up to each place along ``dim``, and where it (last) stands.

    >>> import gpugrad
    >>> gpugrad.tensor([1, 3, 2]).cummax(0).values
    tensor([1, 3, 3])
    """
    return _running_extreme(input, dim, "maximum", Cummax, return_types.cummax)


def cummin(input: Any, dim: int) -> Any:
    """The smallest element up to each place along ``dim``, and where it (last) stands.

    >>> import gpugrad
    >>> gpugrad.cummin(gpugrad.tensor([3, 1, 2]), 0).values
    tensor([3, 1, 1])
    """
    return _running_extreme(input, dim, "minimum", Cummin, return_types.cummin)


def logcumsumexp(input: Any, dim: int) -> Any:
    """``log(cumsum(exp(input)))`` along ``dim``, without overflow.

    >>> import gpugrad
    >>> gpugrad.tensor([0.0, 0.0]).logcumsumexp(0)
    tensor([0.0000, 0.6931])
    """
    if input.array.dtype.kind not in "fV":
        raise NotImplementedError(
            f"\"logcumsumexp_out_cpu\" not implemented for '{word(input.array)}'"
        )
    axis = wrap_dim(dim, input.array.ndim)
    return Logcumsumexp.apply(input, axis) if input.array.ndim else input.clone()


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The differences of neighbours along ``dim``, taken ``n`` times.

    Args:
        prepend: joined to the front of ``input`` first.
        append: joined to its end first.

    >>> import gpugrad
    >>> gpugrad.diff(gpugrad.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    if not input.array.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    axis = wrap_dim(dim, input.array.ndim)
    if n == 0:
        return input.clone()
    parts = [part for part in (prepend, input, append) if part is not None]
    x = cat(parts, axis) if len(parts) > 1 else input
    before = (slice(None),) * axis
    for _ in range(min(n, x.array.shape[axis])):
        later, earlier = (getitem(x, (*before, part)) for part in (slice(1, None), slice(None, -1)))
        x = logical_xor(later, earlier) if x.array.dtype.kind == "b" else later - earlier
    return x
