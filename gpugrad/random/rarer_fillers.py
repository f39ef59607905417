"""Overwriting arrays with numbers of rarer distributions, made of uniform and normal ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import backend_of, device_of
from ..backend.stream import DIGITS
from ..dtypes import from_numpy
from .generator import Generator, stream_of

Array = Any

AT_ONCE = 8
"""Normal numbers drawn at once: so few are taken from the CPU's stream in pairs, one by one."""


def _fill(
    array: Array, draw: Callable[[Any, Any], Array], finish: Callable[[Any, Array], Array], gen: Any
) -> None:
    """Store ``finish(xp, draw(stream, xp))``, computed in float64, in ``array``."""
    stream = stream_of(device_of(array), gen)
    xp = backend_of(array)
    with stream.on_device():
        values = finish(xp, draw(stream, xp))
        if array.dtype.itemsize == 2 and array.dtype.kind in "fV":
            values = xp.cast(values, np.dtype(np.float32))  # as C++ converts to the 16-bit types
        xp.copy(values, out=array)


def _uniform(array: Array) -> Callable[[Any, Any], Array]:
    return lambda stream, xp: stream.uniform(array.shape, np.dtype(np.float64))


def _normal(array: Array) -> Callable[[Any, Any], Array]:
    wide = np.dtype(np.float64)

    def draw(stream: Any, xp: Any) -> Array:
        size = math.prod(array.shape)
        if type(array) is not np.ndarray or size < AT_ONCE:
            return stream.normal(array.shape, wide)
        parts = [
            stream.normal((min(AT_ONCE, size - done),), wide) for done in range(0, size, AT_ONCE)
        ]
        return xp.reshape(xp.concatenate(parts, 0), array.shape)

    return draw


def _continuous(name: str, array: Array) -> None:
    if array.dtype.name not in DIGITS:
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {from_numpy(array.dtype).word}"
        )


def fill_cauchy(
    array: Array, median: float = 0.0, sigma: float = 1.0, generator: Generator | None = None
) -> None:
    """``median + sigma * tan(pi * (u - 1/2))`` with u uniform."""
    _continuous("Cauchy", array)
    if sigma <= 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")

    def finish(xp: Any, u: Array) -> Array:
        return xp.add(xp.mul(xp.tan(xp.mul(xp.sub(u, 0.5), math.pi)), sigma), median)

    _fill(array, _uniform(array), finish, generator)


def fill_log_normal(
    array: Array, mean: float = 1.0, std: float = 2.0, generator: Generator | None = None
) -> None:
    """``exp(mean + std * z)`` with z standard normal."""
    if std <= 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    if array.dtype.name not in DIGITS:
        _refuse("log_normal_cpu", array)

    def finish(xp: Any, z: Array) -> Array:
        return xp.exp(xp.add(xp.mul(z, std), mean))

    _fill(array, _normal(array), finish, generator)


def fill_geometric(array: Array, p: float, generator: Generator | None = None) -> None:
    """The number of the first success, from 1, in trials that succeed with probability ``p``."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    if array.dtype.kind == "b":
        _refuse("geometric", array)

    def finish(xp: Any, u: Array) -> Array:
        return xp.ceil(xp.div(xp.log(u), math.log1p(-p)))

    _fill(array, _uniform(array), finish, generator)


def _refuse(kernel: str, array: Array) -> None:
    word = from_numpy(array.dtype).word
    raise NotImplementedError(f"\"{kernel}\" not implemented for '{word}'")
