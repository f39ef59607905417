"""Reductions and normalisations that leave out the elements where a mask is false.

``gpugrad.masked``. Each takes ``mask``, a bool tensor that broadcasts to ``input``; without it all
elements count. What is left out does not change a sum, a product or an extreme; where nothing is
left the result is that of no elements.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .functions import FUNCTIONS as _FUNCTIONS
from .linalg import FUNCTIONS as _LINEAR

_where = _FUNCTIONS["where"]


def _full_mask(input: Any, mask: Any) -> Any:
    if mask is None:
        return input.new_ones(input.shape).bool()
    return mask.bool().expand(input.shape)


def _filled(input: Any, mask: Any, value: float, dtype: Any = None) -> Any:
    x = input if dtype is None else input.to(dtype)
    if mask is None:
        return x
    kind = x.dtype
    if isinstance(value, float) and math.isinf(value) and not kind.is_floating_point:
        value = _extreme(kind, value > 0)
    return _where(_full_mask(x, mask), x, x.new_full((), value))


def _extreme(kind: Any, highest: bool) -> int:
    from .limits import iinfo

    if str(kind).endswith("bool"):
        return int(highest)
    limits = iinfo(kind)
    return limits.max if highest else limits.min


_WITHOUT_BOOLS = ("amax", "amin", "logsumexp")


def _reduction(name: str, neutral: float) -> Callable[..., Any]:
    """The reduction ``name`` with ``neutral`` in the place of what is left out."""

    def function(
        input: Any,
        dim: Any = None,
        *,
        keepdim: bool = False,
        dtype: Any = None,
        mask: Any = None,
    ) -> Any:
        x = _filled(input, mask, neutral, dtype)
        if mask is not None and name in _WITHOUT_BOOLS and str(x.dtype).endswith("bool"):
            raise NotImplementedError(f"identity of {name} on {x.dtype} input")
        if name == "prod":
            return _product(x, dim, keepdim)
        axes = () if dim is None else dim
        if not x.ndim:
            result = _FUNCTIONS[name](x, 0) if name == "logsumexp" else _FUNCTIONS[name](x)
        else:
            result = _FUNCTIONS[name](x, axes if axes != () else tuple(range(x.ndim)), keepdim)
        return result.to(x.dtype) if name == "logsumexp" else result

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f":func:`gpugrad.{name}` of the elements where ``mask`` is true."
    return function


def _product(x: Any, dim: Any, keepdim: bool) -> Any:
    axes = range(x.ndim) if dim is None or dim == () else (dim,) if isinstance(dim, int) else dim
    for axis in sorted((a % max(x.ndim, 1) for a in axes), reverse=True):
        x = x.prod(axis, keepdim)
    return x if axes or x.dtype.is_floating_point else x.prod()  # of bools an integer


sum = _reduction("sum", 0)
prod = _reduction("prod", 1)
amax = _reduction("amax", -math.inf)
amin = _reduction("amin", math.inf)
logsumexp = _reduction("logsumexp", -math.inf)


def _place(name: str, neutral: float) -> Callable[..., Any]:
    def function(
        input: Any,
        dim: int | None = None,
        *,
        keepdim: bool = False,
        dtype: Any = None,
        mask: Any = None,
    ) -> Any:
        x = _filled(input, mask, neutral, dtype)
        return _FUNCTIONS[name](x, dim, keepdim).to(x.dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f":func:`gpugrad.{name}` of the elements where ``mask`` is true, in the type of ``input``."
    )
    return function


argmax = _place("argmax", -math.inf)
argmin = _place("argmin", math.inf)


def _running(name: str, neutral: float) -> Callable[..., Any]:
    def function(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
        if dtype is None and str(input.dtype).endswith("bool"):
            raise NotImplementedError(f"\"{name}_out_cpu\" not implemented for 'Bool'")
        return _FUNCTIONS[name](_filled(input, mask, neutral, dtype), dim)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f":func:`gpugrad.{name}` of the elements where ``mask`` is true."
    return function


cumsum = _running("cumsum", 0)
cumprod = _running("cumprod", 1)


def _axes(input: Any, dim: Any) -> tuple[int, ...]:
    if dim is None or dim == ():
        return tuple(range(input.ndim))
    return (dim,) if isinstance(dim, int) else tuple(dim)


def _count(input: Any, axes: tuple[int, ...], keepdim: bool, mask: Any) -> Any:
    return (
        _full_mask(input, mask).sum(axes, keepdim) if input.ndim else _full_mask(input, mask).sum()
    )


def mean(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The mean of the elements where ``mask`` is true, nan where there are none.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0, 2.0, 6.0])
    >>> gpugrad.masked.mean(x, mask=gpugrad.tensor([True, True, False]))
    tensor(1.5000)
    """
    kind = input.dtype if dtype is None else dtype
    if not kind.is_floating_point:
        raise ValueError(
            "mean(): Could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {kind}"
        )
    total = sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask)
    return total / _count(input, _axes(input, dim), keepdim, mask)


def median(
    input: Any, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The lower median of the elements where ``mask`` is true, nan where there are none."""
    x = input if dtype is None else input.to(dtype)
    if mask is None:
        return x.median(dim, keepdim).values
    if not x.dtype.is_floating_point:
        raise ValueError(f"input must be a floating point tensor, got {x.dtype}")
    return _FUNCTIONS["nanmedian"](_filled(x, mask, math.nan), dim, keepdim).values


def norm(
    input: Any,
    ord: float = 2.0,
    dim: Any = None,
    *,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """:func:`gpugrad.linalg.vector_norm` of the elements where ``mask`` is true."""
    x = _filled(input, mask, math.inf if ord < 0 else 0, dtype)
    return _LINEAR["vector_norm"](x, ord, None if dim is None else _axes(x, dim), keepdim)


def _spread(
    input: Any,
    dim: Any,
    unbiased: bool | None,
    correction: Any,
    keepdim: bool,
    dtype: Any,
    mask: Any,
) -> Any:
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    x = input if dtype is None else input.to(dtype)
    if mask is None and str(x.dtype).endswith("bool"):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )
    x = x if x.dtype.is_floating_point else x.float()
    axes = _axes(x, dim)
    count = _count(x, axes, keepdim, mask)
    centre = mean(x, dim, keepdim=True, mask=mask)
    squares = sum((x - centre).square(), dim, keepdim=keepdim, mask=mask)
    divisor = (count - correction).clamp(min=0)
    return (squares / divisor).to(x.dtype)


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The variance of the elements where ``mask`` is true."""
    return _spread(input, dim, unbiased, correction, keepdim, dtype, mask)


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The standard deviation of the elements where ``mask`` is true."""
    return _spread(input, dim, unbiased, correction, keepdim, dtype, mask).sqrt()


def softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """:func:`gpugrad.softmax` over the elements where ``mask`` is true; 0 elsewhere."""
    return _filled(input, mask, -math.inf, dtype).softmax(dim)


def log_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """:func:`gpugrad.log_softmax` over the elements where ``mask`` is true."""
    return _filled(input, mask, -math.inf, dtype).log_softmax(dim)


def softmin(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """:func:`softmax` of ``-input``."""
    return (-_filled(input, mask, math.inf, dtype)).softmax(dim)


def normalize(
    input: Any, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Any = None
) -> Any:
    """``input`` over its norm along ``dim``, which is taken to be at least ``eps``."""
    size = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask).clamp(min=eps)
    return _filled(input, mask, 0, dtype) / size


def logaddexp(
    input: Any,
    other: Any,
    *,
    dtype: Any = None,
    input_mask: Any = None,
    other_mask: Any = None,
) -> Any:
    """:func:`gpugrad.logaddexp`; what a mask leaves out adds nothing."""
    first = _filled(input, input_mask, -math.inf, dtype)
    return _FUNCTIONS["logaddexp"](first, _filled(other, other_mask, -math.inf, dtype))
