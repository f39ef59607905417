"""The elementwise kernels and what they must compute, in float64 with NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpugrad.backend import cpu

Array = Any
Function = Callable[..., Array]


def _none(*args: Any) -> float:
    return 0.0


@dataclass(frozen=True)
class Elementwise:
    """A kernel of some inputs, one output, numbers, and n.

    Attributes:
        inputs: how many.
        expected: of the inputs and numbers.
        numbers: given to the kernel.
        size: of terms that may cancel; like ``expected``.
        any_gradient: whether the first of two inputs may be huge or infinite: not where its factor
            may be lost below the smallest number.
        limits: between which the last input lies, where it is itself the result of a function.
    """

    inputs: int
    expected: Function
    numbers: tuple[float, ...] = ()
    size: Function = _none
    any_gradient: bool = False
    limits: tuple[float, float] = (-math.inf, math.inf)


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _normal_cdf(x: Array) -> Array:
    return 0.5 * (1 + cpu.erf(x * math.sqrt(0.5)))


def _gelu_grad(dy: Array, x: Array) -> Array:
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return dy * (_normal_cdf(x) + x * density)


def _gelu_tanh(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _gelu_tanh_grad(dy: Array, x: Array) -> Array:
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    bend = x * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    return dy * 0.5 * (1 + t + np.where(t * t == 1, 0, bend))


def _silu_grad(dy: Array, x: Array) -> Array:
    s = _sigmoid(x)
    return dy * (s * (1 + x * (1 - s)))


def _softplus(x: Array, beta: float, threshold: float) -> Array:
    return np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta)


def _softplus_grad(dy: Array, x: Array, beta: float, threshold: float) -> Array:
    return np.where(beta * x > threshold, dy, dy * _sigmoid(beta * x))


CASES = {
    "sigmoid_forward": Elementwise(1, _sigmoid, size=lambda x: _sigmoid(x) * np.abs(x)),
    "sigmoid_backward": Elementwise(2, lambda dy, y: dy * ((1 - y) * y), limits=(0, 1)),
    "relu_forward": Elementwise(1, lambda x: np.where(x <= 0, 0, x)),
    "relu_backward": Elementwise(2, lambda dy, y: np.where(y <= 0, 0, dy), any_gradient=True),
    "tanh_forward": Elementwise(1, np.tanh),
    "tanh_backward": Elementwise(
        2, lambda dy, y: dy * (1 - y * y), size=lambda dy, y: np.abs(dy), limits=(-1, 1)
    ),
    "gelu_forward": Elementwise(1, lambda x: x * _normal_cdf(x), size=np.abs),
    "gelu_backward": Elementwise(2, _gelu_grad, size=lambda dy, x: np.abs(dy)),
    "gelu_tanh_forward": Elementwise(1, _gelu_tanh, size=np.abs),
    "gelu_tanh_backward": Elementwise(2, _gelu_tanh_grad, size=lambda dy, x: 4 * np.abs(dy)),
    "silu_forward": Elementwise(
        1, lambda x: x * _sigmoid(x), size=lambda x: np.abs(x * x) * _sigmoid(x)
    ),
    "silu_backward": Elementwise(
        2, _silu_grad, size=lambda dy, x: np.abs(dy) * _sigmoid(x) * (1 + np.abs(x)) ** 2
    ),
    "leaky_relu_forward": Elementwise(
        1, lambda x, slope: np.where(x > 0, x, slope * x), numbers=(0.01,)
    ),
    "leaky_relu_backward": Elementwise(
        2,
        lambda dy, x, slope: np.where(x > 0, dy, slope * dy),
        numbers=(0.01,),
        any_gradient=True,
    ),
    "softplus_forward": Elementwise(
        1, _softplus, numbers=(1.5, 20.0), size=lambda x, b, t: _softplus(x, b, t) * np.abs(x)
    ),
    "softplus_backward": Elementwise(
        2,
        _softplus_grad,
        numbers=(1.5, 20.0),
        size=lambda dy, x, b, t: np.abs(dy) * _sigmoid(b * x) * np.abs(x),
    ),
    "mse_none": Elementwise(2, lambda x, y: (x - y) ** 2, any_gradient=True),
}
