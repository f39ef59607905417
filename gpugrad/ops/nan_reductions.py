"""Sums and means that leave out what is not a number."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from .arguments import word
from .axes import Axes, axes_of
from .compare import isnan, logical_not
from .operands import cast
from .reduce import Reduction
from .reduce import sum as sum_of


class Nansum(Reduction):
    """The sum of the elements that are numbers."""

    __slots__ = ("x",)
    saves = {"x": 0}

    def forward(self, xp: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        self._remember(x, axes)
        self.x = x
        return xp.sum(xp.where(xp.isnan(x), xp.zeros_like(x), x), axes, keepdim)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.where(xp.isnan(self.x), xp.zeros_like(self.x), self._spread(xp, grad)),)


def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over ``dim`` of the elements that are numbers.

    >>> import gpugrad
    >>> gpugrad.nansum(gpugrad.tensor([1.0, float("nan")]))
    tensor(1.)
    """
    if input.array.dtype.kind not in "fV":
        return sum_of(input, dim, keepdim, dtype=dtype)
    x = input if dtype is None else cast(input, dtypes.as_dtype(dtype))
    return Nansum.apply(x, axes_of(dim, x.array.ndim), keepdim)


def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean over ``dim`` of the elements that are numbers; nan where there are none.

    >>> import gpugrad
    >>> gpugrad.nanmean(gpugrad.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    if input.array.dtype.kind not in "fV":
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{word(input.array)}"
        )
    count = sum_of(logical_not(isnan(input)), dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count
