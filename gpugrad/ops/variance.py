"""Variance and standard deviation, alone or together with the mean."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.engine import OUTPUT
from .axes import Axes, axes_of, count_of
from .reduce import Reduction


class Var(Reduction):
    """``sum((x - mean)**2) / (n - correction)``"""

    __slots__ = ("divisor", "x")
    saves = {"x": 0}

    def forward(self, xp: Any, x: Any, axes: Axes, keepdim: bool, correction: float) -> Any:
        self._remember(x, axes)
        self.x = x
        self.divisor = max(count_of(x.shape, axes) - correction, 0)
        if x.dtype.itemsize == 2:  # half types are summed in float32
            self.x = xp.cast(x, np.dtype("float32"))
        squares = xp.square(self._centred(xp))
        result = xp.div(xp.sum(squares, axes, keepdim), self.divisor)
        self.x = x
        return result if result.dtype == x.dtype else xp.cast(result, x.dtype)

    def _centred(self, xp: Any) -> Any:
        return xp.sub(self.x, xp.mean(self.x, self.axes, True))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        scale = xp.div(xp.mul(self._widen(xp, grad), 2), self.divisor)
        return (xp.mul(self._centred(xp), scale),)


class Std(Var):
    """The square root of the variance; its gradient at 0 is 0."""

    __slots__ = ("out",)
    saves = {"x": 0, "out": OUTPUT}

    def forward(self, xp: Any, x: Any, axes: Axes, keepdim: bool, correction: float) -> Any:
        self.out = xp.asarray(xp.sqrt(super().forward(xp, x, axes, keepdim, correction)))
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        slope = xp.div(grad, xp.mul(self.out, 2))
        flat = xp.eq(self.out, 0)
        return super().backward(xp, xp.where(flat, xp.zeros_like(slope), slope))


class VarMean(Var):
    """The variance and the mean."""

    __slots__ = ()

    def forward(
        self, xp: Any, x: Any, axes: Axes, keepdim: bool, correction: float
    ) -> tuple[Any, Any]:
        spread = super().forward(xp, x, axes, keepdim, correction)
        return self._scaled(xp, spread), xp.mean(x, axes, keepdim)

    def _scaled(self, xp: Any, variance: Any) -> Any:
        return variance

    def _spread_grad(self, xp: Any, grad: Any) -> Any:
        return super().backward(xp, grad)[0]

    def backward(self, xp: Any, grads: Any) -> tuple[Any]:
        spread, mean = grads
        total = None if spread is None else self._spread_grad(xp, spread)
        if mean is not None:
            share = self._spread(xp, xp.div(mean, count_of(self.shape, self.axes)))
            total = share if total is None else xp.add(total, share)
        return (total,)


class StdMean(VarMean):
    """The standard deviation and the mean."""

    __slots__ = ()

    def _scaled(self, xp: Any, variance: Any) -> Any:
        return xp.sqrt(variance)

    def _spread_grad(self, xp: Any, grad: Any) -> Any:
        squares = xp.sum(xp.square(self._centred(xp)), self.axes, True)
        out = xp.sqrt(xp.div(squares, self.divisor))
        slope = xp.div(self._widen(xp, grad), xp.mul(out, 2))
        return super()._spread_grad(xp, xp.where(xp.eq(out, 0), xp.zeros_like(slope), slope))


# --- functions -----------------------------------------------------------------------------------


def _spread(kind: type[Var], name: str, input: Any, args: tuple[Any, ...], correction: Any) -> Any:
    """Apply an op of the variance's family to ``(dim, unbiased, keepdim)``."""
    dim, unbiased, keepdim = args
    a = input.array
    if a.dtype.kind not in "fV":
        names = "std and var" if kind in (Std, Var) else name
        raise RuntimeError(f"{names} only support floating point and complex dtypes")
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    axes = axes_of(dim, a.ndim)
    if count_of(a.shape, axes) <= correction:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly "
            "less than the reduction factor (input numel divided by output numel).",
            UserWarning,
            stacklevel=4,
        )
    return kind.apply(input, axes, keepdim, correction)


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Any:
    """The variance over ``dim``, divided by ``n - correction`` (1 unless given).

    Raises RuntimeError for integers and bools; warns where nothing is left to divide by.

    >>> import gpugrad
    >>> gpugrad.tensor([1.0, 2.0, 3.0]).var()
    tensor(1.)
    """
    return _spread(Var, "var", input, (dim, unbiased, keepdim), correction)


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Any:
    """The square root of :func:`var`.

    >>> import gpugrad
    >>> gpugrad.std(gpugrad.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    return _spread(Std, "std", input, (dim, unbiased, keepdim), correction)


def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Any:
    """:func:`var` and :func:`mean` together.

    >>> import gpugrad
    >>> gpugrad.var_mean(gpugrad.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    return _spread(VarMean, "var_mean", input, (dim, unbiased, keepdim), correction)


def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Any:
    """:func:`std` and :func:`mean` together.

    >>> import gpugrad
    >>> gpugrad.std_mean(gpugrad.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    return _spread(StdMean, "std_mean", input, (dim, unbiased, keepdim), correction)
