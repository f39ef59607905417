"""Window functions: weights that fall off towards both ends, PyTorch's ``torch.signal.windows``.

All take the number of points ``M``, and ``sym``: True for a symmetric window, as for the design of
filters; False for one period of a periodic one, as for spectra. They return a tensor of shape (M,),
float32 or float64, scaled to a largest value of 1; ``dtype``, ``layout``, ``device`` and
``requires_grad`` are those of :func:`gpugrad.ones`.
"""

# ruff: noqa: N803  # PyTorch's name of the argument
from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

from .. import dtypes
from ..creation import arange, empty, linspace, ones, tensor
from ..memory_layout import strided

Options = dict[str, Any]
"""Keyword arguments of the functions that make tensors."""


def _window(form: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """The window function of ``form``, with the arguments that all of them have.

    Args:
        form: takes ``M``, ``sym``, the options of new tensors and keyword arguments of its own.
        name: what errors call the function, unless they call it as it is called.
    """

    @wraps(form)
    def window(
        M: int,
        *,
        sym: bool = True,
        dtype: Any = None,
        layout: Any = strided,
        device: Any = None,
        requires_grad: bool = False,
        **own: Any,
    ) -> Any:
        kind = _checked(name or form.__name__, M, dtype, layout)
        options = {"dtype": kind, "device": device, "requires_grad": requires_grad}
        return form(M, sym, options, **own)

    count, *common, _ = signature(window, follow_wrapped=False).parameters.values()
    own = (p for p in signature(form).parameters.values() if p.kind is Parameter.KEYWORD_ONLY)
    window.__signature__ = Signature([count, *own, *common])  # type: ignore[attr-defined]
    return window


def _checked(name: str, M: int, dtype: Any, layout: Any) -> Any:
    """The type of a window; ValueError for arguments that PyTorch refuses."""
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if kind not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
    return kind


def _periods(M: int, sym: bool) -> int:
    """Steps in one period of the window."""
    return M - 1 if sym else M


def _middle(M: int, sym: bool) -> float:
    return (M if not sym and M > 1 else M - 1) / 2


# --- sums of cosines -----------------------------------------------------------------------------


def _cosines(weights: Callable[..., Iterable[float]]) -> Callable[..., Any]:
    """The window function that adds up cosines with these weights."""

    @wraps(weights)
    def form(M: int, sym: bool, options: Options, **own: Any) -> Any:
        return _sum_of_cosines(M, sym, options, weights(**own))

    return _window(form, "general_cosine")


def _sum_of_cosines(M: int, sym: bool, options: Options, a: Iterable[float]) -> Any:
    if M == 0:
        return empty((0,), **options)
    if M == 1:
        return ones((1,), **options)
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = list(a)
    if not weights:
        raise ValueError("Coefficients cannot be empty")
    step = 2 * math.pi / _periods(M, sym)
    k = linspace(0, (M - 1) * step, M, **options)
    signed = [-w if i % 2 else w for i, w in enumerate(weights)]
    factors = tensor(signed, **options).unsqueeze(-1)
    numbers = arange(len(weights), dtype=k.dtype, device=k.device).unsqueeze(-1)
    return (factors * (numbers * k).cos()).sum(0)


@_cosines
def general_cosine(*, a: Iterable[float]) -> Iterable[float]:
    """The sum over i of (-1)^i · a_i · cos(2 π i n / N), N being M - 1, or M without ``sym``.

    Raises:
        TypeError: ``a`` is no list or tuple.
        ValueError: no coefficients, a negative ``M``, another type than float32 and float64.

    >>> import gpugrad
    >>> gpugrad.signal.windows.general_cosine(5, a=[0.5, 0.5])
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return a


@_cosines
def general_hamming(*, alpha: float = 0.54) -> Iterable[float]:
    """alpha - (1 - alpha) · cos(2 π n / N), N being M - 1, or M without ``sym``.

    >>> import gpugrad
    >>> gpugrad.signal.windows.general_hamming(3, alpha=0.75)
    tensor([0.5000, 1.0000, 0.5000])
    """
    return alpha, 1.0 - alpha


@_cosines
def hamming() -> Iterable[float]:
    """0.54 - 0.46 · cos(2 π n / N), N being M - 1, or M without ``sym``.

    >>> import gpugrad
    >>> gpugrad.signal.windows.hamming(3)
    tensor([0.0800, 1.0000, 0.0800])
    """
    return 0.54, 1.0 - 0.54


@_cosines
def hann() -> Iterable[float]:
    """(1 - cos(2 π n / N)) / 2, N being M - 1, or M without ``sym``.

    >>> import gpugrad
    >>> gpugrad.signal.windows.hann(4, sym=False)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return 0.5, 0.5


@_cosines
def blackman() -> Iterable[float]:
    """0.42 - 0.5 · cos(2 π n / N) + 0.08 · cos(4 π n / N), N being M - 1, or M without ``sym``.

    >>> import gpugrad
    >>> gpugrad.signal.windows.blackman(4, sym=False)[1:]
    tensor([0.3400, 1.0000, 0.3400])
    """
    return 0.42, 0.5, 0.08


@_cosines
def nuttall() -> Iterable[float]:
    """The sum of four cosines with the smallest side lobes.

    Nuttall, "Some windows with very good sidelobe behavior", 1981: figure 13.

    >>> import gpugrad
    >>> gpugrad.signal.windows.nuttall(4, sym=False)[1:]
    tensor([0.2270, 1.0000, 0.2270])
    """
    return 0.3635819, 0.4891775, 0.1365995, 0.0106411


# --- other forms ---------------------------------------------------------------------------------


@_window
def bartlett(M: int, sym: bool, options: Options) -> Any:
    """The triangle 1 - abs(2 n / N - 1), N being M - 1, or M without ``sym``.

    >>> import gpugrad
    >>> gpugrad.signal.windows.bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    if M < 2:
        return ones((M,), **options)
    return 1 - linspace(-1, -1 + (M - 1) * 2 / _periods(M, sym), M, **options).abs()


@_window
def cosine(M: int, sym: bool, options: Options) -> Any:
    """Half a period of sine: sin(π (n + 1/2) / M), with M + 1 for M without ``sym``.

    >>> import gpugrad
    >>> gpugrad.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """
    if M == 0:
        return empty((0,), **options)
    step = math.pi / (M + 1 if not sym and M > 1 else M)
    return linspace(0.5 * step, (M - 0.5) * step, M, **options).sin()


@_window
def exponential(
    M: int, sym: bool, options: Options, *, center: float | None = None, tau: float = 1.0
) -> Any:
    """exp(-abs(n - center) / tau).

    Args:
        center: where the window is 1; only without ``sym``. Default: its middle.
        tau: after how many steps it has fallen by the factor e.

    Raises:
        ValueError: ``tau`` is not positive, or a ``center`` of a symmetric window.

    >>> import gpugrad
    >>> gpugrad.signal.windows.exponential(3)
    tensor([0.3679, 1.0000, 0.3679])
    """
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    if M == 0:
        return empty((0,), **options)
    middle = _middle(M, sym) if center is None else center
    return (-linspace(-middle / tau, (M - 1 - middle) / tau, M, **options).abs()).exp()


@_window
def gaussian(M: int, sym: bool, options: Options, *, std: float = 1.0) -> Any:
    """exp(-((n - middle) / std)² / 2).

    Raises:
        ValueError: ``std`` is not positive.

    >>> import gpugrad
    >>> gpugrad.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    if M == 0:
        return empty((0,), **options)
    middle, scale = _middle(M, sym), 1 / (std * math.sqrt(2))
    return (-(linspace(-middle * scale, (M - 1 - middle) * scale, M, **options) ** 2)).exp()


@_window
def kaiser(M: int, sym: bool, options: Options, *, beta: float = 12.0) -> Any:
    """I0(beta · sqrt(1 - (2 n / N - 1)²)) / I0(beta), I0 being the modified Bessel function.

    N is M - 1, or M without ``sym``.

    Raises:
        ValueError: ``beta`` is negative.

    >>> import gpugrad
    >>> gpugrad.signal.windows.kaiser(3, beta=2.0)
    tensor([0.4387, 1.0000, 0.4387])
    """
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M < 2:
        return ones((M,), **options)
    width = tensor(beta, **{**options, "requires_grad": False})
    last = min(beta, -beta + (M - 1) * 2 * beta / _periods(M, sym))
    k = linspace(-beta, last, M, **options)
    return (width * width - k**2).clamp(min=0).sqrt().i0() / width.i0()
