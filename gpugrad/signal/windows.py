"""Window functions: weights that fall off towards both ends, PyTorch's ``torch.signal.windows``.

All take the number of points ``M``, and ``sym``: True for a symmetric window, as for the design of
filters; False for one period of a periodic one, as for spectra. They return a tensor of shape (M,),
float32 or float64, scaled to a largest value of 1.
"""

# ruff: noqa: N803  # PyTorch's name of the argument
from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .. import dtypes
from ..creation import arange, empty, linspace, ones, tensor
from ..memory_layout import strided
from ..tensor import Tensor


def _ready(name: str, M: int, dtype: Any, layout: Any) -> Any:
    """The type of a window; ValueError for arguments that PyTorch refuses."""
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if kind not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
    return kind


def _line(first: float, last: float, M: int, options: dict[str, Any]) -> Any:
    return linspace(first, last, M, **options)


def _periods(M: int, sym: bool) -> int:
    """Steps in one period of the window."""
    return M - 1 if sym else M


def general_cosine(
    M: int,
    *,
    a: Iterable[float],
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """The sum over i of (-1)^i · a_i · cos(2 π i n / N), N being M - 1, or M without ``sym``.

    Raises:
        TypeError: ``a`` is no list or tuple.
        ValueError: no coefficients, a negative ``M``, another type than float32 and float64.

    >>> import gpugrad
    >>> gpugrad.signal.windows.general_cosine(5, a=[0.5, 0.5])
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    options = {"dtype": _ready("general_cosine", M, dtype, layout), "device": device}
    options["requires_grad"] = requires_grad
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
    k = _line(0, (M - 1) * step, M, options)
    signed = [-w if i % 2 else w for i, w in enumerate(weights)]
    factors = tensor(signed, **options).unsqueeze(-1)
    numbers = arange(len(weights), dtype=k.dtype, device=k.device).unsqueeze(-1)
    window: Tensor = (factors * (numbers * k).cos()).sum(0)
    return window


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, **options: Any) -> Any:
    """alpha - (1 - alpha) · cos(2 π n / N): see :func:`general_cosine` for the options.

    >>> import gpugrad
    >>> gpugrad.signal.windows.general_hamming(3, alpha=0.75)
    tensor([0.5000, 1.0000, 0.5000])
    """
    return general_cosine(M, a=[alpha, 1.0 - alpha], sym=sym, **options)


def hamming(M: int, *, sym: bool = True, **options: Any) -> Any:
    """0.54 - 0.46 · cos(2 π n / N).

    >>> import gpugrad
    >>> gpugrad.signal.windows.hamming(3)
    tensor([0.0800, 1.0000, 0.0800])
    """
    return general_hamming(M, sym=sym, **options)


def hann(M: int, *, sym: bool = True, **options: Any) -> Any:
    """(1 - cos(2 π n / N)) / 2.

    >>> import gpugrad
    >>> gpugrad.signal.windows.hann(4, sym=False)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return general_hamming(M, alpha=0.5, sym=sym, **options)


def blackman(M: int, *, sym: bool = True, **options: Any) -> Any:
    """0.42 - 0.5 · cos(2 π n / N) + 0.08 · cos(4 π n / N).

    >>> import gpugrad
    >>> gpugrad.signal.windows.blackman(4, sym=False)[1:]
    tensor([0.3400, 1.0000, 0.3400])
    """
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **options)


def nuttall(M: int, *, sym: bool = True, **options: Any) -> Any:
    """The sum of four cosines with the smallest side lobes.

    Nuttall, "Some windows with very good sidelobe behavior", 1981: figure 13.

    >>> import gpugrad
    >>> gpugrad.signal.windows.nuttall(4, sym=False)[1:]
    tensor([0.2270, 1.0000, 0.2270])
    """
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, **options)


def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """The triangle 1 - abs(2 n / N - 1).

    >>> import gpugrad
    >>> gpugrad.signal.windows.bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    options = {"dtype": _ready("bartlett", M, dtype, layout), "device": device}
    options["requires_grad"] = requires_grad
    if M < 2:
        return ones((M,), **options)
    window: Tensor = 1 - _line(-1, -1 + (M - 1) * 2 / _periods(M, sym), M, options).abs()
    return window


def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Half a period of sine: sin(π (n + 1/2) / M), with M + 1 for M without ``sym``.

    >>> import gpugrad
    >>> gpugrad.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """
    options = {"dtype": _ready("cosine", M, dtype, layout), "device": device}
    options["requires_grad"] = requires_grad
    if M == 0:
        return empty((0,), **options)
    step = math.pi / (M + 1 if not sym and M > 1 else M)
    window: Tensor = _line(0.5 * step, (M - 0.5) * step, M, options).sin()
    return window


def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
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
    options = {"dtype": _ready("exponential", M, dtype, layout), "device": device}
    options["requires_grad"] = requires_grad
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    if M == 0:
        return empty((0,), **options)
    middle = _middle(M, sym) if center is None else center
    window: Tensor = (-_line(-middle / tau, (M - 1 - middle) / tau, M, options).abs()).exp()
    return window


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """exp(-((n - middle) / std)² / 2).

    Raises:
        ValueError: ``std`` is not positive.

    >>> import gpugrad
    >>> gpugrad.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    options = {"dtype": _ready("gaussian", M, dtype, layout), "device": device}
    options["requires_grad"] = requires_grad
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    if M == 0:
        return empty((0,), **options)
    middle, scale = _middle(M, sym), 1 / (std * math.sqrt(2))
    window: Tensor = (-(_line(-middle * scale, (M - 1 - middle) * scale, M, options) ** 2)).exp()
    return window


def _middle(M: int, sym: bool) -> float:
    return (M if not sym and M > 1 else M - 1) / 2


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """I0(beta · sqrt(1 - (2 n / N - 1)²)) / I0(beta), I0 being the modified Bessel function.

    Raises:
        ValueError: ``beta`` is negative.

    >>> import gpugrad
    >>> gpugrad.signal.windows.kaiser(3, beta=2.0)
    tensor([0.4387, 1.0000, 0.4387])
    """
    options = {"dtype": _ready("kaiser", M, dtype, layout), "device": device}
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M < 2:
        return ones((M,), requires_grad=requires_grad, **options)
    width = tensor(beta, **options)
    last = min(beta, -beta + (M - 1) * 2 * beta / _periods(M, sym))
    k = _line(-beta, last, M, {**options, "requires_grad": requires_grad})
    window: Tensor = (width * width - k**2).clamp(min=0).sqrt().i0() / width.i0()
    return window
