"""Overwriting arrays with random numbers: what the in-place methods of tensors do.

Each function draws on the device that holds the array; what may be drawn is checked in
:mod:`gpugrad.random.draws`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend import backend_of, device_of
from . import draws
from .generator import Generator, stream_of

Array = Any


def _fill(
    array: Array, draw: Callable[..., Array], *args: Any, generator: Generator | None
) -> None:
    where = device_of(array)
    values = draw(array.shape, array.dtype, where, *args, generator=generator)
    with stream_of(where, generator).on_device():
        backend_of(array).copy(values, out=array)


def fill_uniform(
    array: Array, low: float = 0.0, high: float = 1.0, generator: Generator | None = None
) -> None:
    """Uniform numbers in [low, high)."""
    _fill(array, draws.uniform, low, high, generator=generator)


def fill_normal(
    array: Array, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> None:
    """Normal numbers with this mean and standard deviation."""
    _fill(array, draws.normal, mean, std, generator=generator)


def fill_exponential(array: Array, rate: float = 1.0, generator: Generator | None = None) -> None:
    """Exponential numbers with the mean ``1 / rate``."""
    _fill(array, draws.exponential, rate, generator=generator)


def fill_bernoulli(
    array: Array, p: float | Array = 0.5, generator: Generator | None = None
) -> None:
    """1 with probability ``p``, a number or an array of the same shape, else 0."""
    _fill(array, draws.bernoulli, p, generator=generator)


def fill_random(array: Array, *bounds: int | None, generator: Generator | None = None) -> None:
    """Whole numbers from bounds as :func:`gpugrad.random.draws.random` takes them."""
    _fill(array, draws.random, *bounds, generator=generator)
