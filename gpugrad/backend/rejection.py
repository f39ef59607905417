"""Gamma, Poisson and binomial numbers by rejection, one by one from the CPU's stream.

How many uniform numbers one draw takes depends on their values, so nothing is done for many at
once. The numbers are PyTorch's for the same seed.

Sources: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); Hörmann,
"The transformed rejection method for generating Poisson random variables" (1993); Hörmann, "The
generation of binomial random variates" (1993); Devroye, "Non-Uniform Random Variate Generation"
(1986), X.4.3, for few successes. Which arithmetic PyTorch uses was found by comparing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .stream import cast

Draw = Callable[[], float]

_THIRD = float(np.float32(1.0) / np.float32(3.0))
_SQUEEZE = float(np.float32(0.0331))
"""PyTorch writes these constants in single precision."""

LEAST = 2.0**-1074
"""In the place of a uniform number of 0, which has no logarithm."""


def gamma(alpha: float, uniform: Draw, normal: Draw, single: bool) -> float:
    """A gamma number of shape ``alpha`` and rate 1.

    Args:
        alpha: not negative; what is drawn for nan is nan.
        uniform, normal: draw one number each.
        single: whether ``alpha`` is of single precision, and what is derived from it alone too.
    """
    scale = 1.0
    if alpha < 1.0:
        if alpha == 0.0:
            return 0.0
        # A gamma number of shape alpha + 1 times this one has the shape alpha.
        inverse = float(np.float32(1.0) / np.float32(alpha)) if single else 1.0 / alpha
        scale = (1.0 - uniform()) ** inverse
        alpha = float(np.float32(alpha) + np.float32(1.0)) if single else alpha + 1.0
    d = float(np.float32(alpha) - np.float32(_THIRD)) if single else alpha - _THIRD
    if not d > 0.0:
        return math.nan
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal()
        y = 1.0 + c * x
        if y <= 0.0:
            continue
        v = y * y * y
        u = 1.0 - uniform()
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


def poisson(rate: float, uniform: Draw) -> int:
    """How many events of a rate happen in one unit of time; ``rate`` is not negative."""
    if rate >= 10.0:
        return _many_events(rate, uniform)
    if rate == 0.0:
        return 0
    # Times between events are exponential: their sum passes 1 when the product passes exp(-rate).
    end = math.exp(-rate)
    count, product = 0, uniform()
    while product > end:
        product *= uniform()
        count += 1
    return count


def _many_events(rate: float, uniform: Draw) -> int:
    root, log_rate = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    log_inverse = math.log(1.1239 + 1.1328 / (b - 3.4))
    inside = 0.9277 - 3.6224 / (b - 2)
    while True:
        offset, v, edge = _proposal(a, b, uniform)
        k = math.floor(offset + rate + 0.43)
        if edge >= 0.07 and v <= inside:
            return k
        if k < 0 or (edge < 0.013 and v > edge):
            continue
        reached = math.log(v) + log_inverse - math.log(a / (edge * edge) + b)
        if reached <= -rate + k * log_rate - math.lgamma(k + 1.0):
            return k


def _proposal(a: float, b: float, uniform: Draw) -> tuple[float, float, float]:
    """A number of Hörmann's density, which covers those of many events and of many successes.

    Returns:
        How far it is from the centre; a uniform number, which says whether to take it; and the
        distance of the one that it was made of from the end of its range.
    """
    while True:
        u = uniform() - 0.5
        v = uniform() or LEAST
        edge = 0.5 - abs(u)
        if edge != 0.0:
            return (2 * a / edge + b) * u, v, edge


def binomial(count: float, prob: float, uniform: Draw) -> float:
    """How many of ``count`` trials succeed, each with probability ``prob``."""
    if math.isnan(prob) or math.isnan(count):
        return math.nan
    if count <= 0.0 or prob <= 0.0:
        return 0.0
    if prob >= 1.0:
        return count
    rarer = min(prob, 1.0 - prob)
    draw = _many_successes if count * rarer >= 10.0 else _few_successes
    found = draw(count, rarer, uniform)
    return found if prob <= 0.5 else count - found


def _few_successes(count: float, prob: float, uniform: Draw) -> float:
    """Adds up the trials until each next success, which are geometric, until none are left."""
    log_failure = math.log1p(-prob)
    trials, successes = 0.0, 0.0
    while True:
        trials += math.ceil(math.log(uniform() or LEAST) / log_failure)
        if trials > count:
            return successes
        successes += 1.0


def _many_successes(count: float, prob: float, uniform: Draw) -> float:
    deviation = math.sqrt(count * prob * (1 - prob))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * prob
    centre = count * prob + 0.5
    inside = 0.92 - 4.2 / b
    odds = prob / (1 - prob)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = math.floor((count + 1) * prob)
    while True:
        offset, v, edge = _proposal(a, b, uniform)
        k = math.floor(offset + centre)
        if k < 0 or k > count:
            continue
        if edge >= 0.07 and v <= inside:
            return k
        reached = math.log(v * alpha / (a / (edge * edge) + b))
        bound = (
            (mode + 0.5) * math.log((mode + 1) / (odds * (count - mode + 1)))
            + (count + 1) * math.log((count - mode + 1) / (count - k + 1))
            + (k + 0.5) * math.log(odds * (count - k + 1) / (k + 1))
            + _stirling_rest(mode)
            + _stirling_rest(count - mode)
            - _stirling_rest(k)
            - _stirling_rest(count - k)
        )
        if reached <= bound:
            return k


_RESTS = tuple(
    math.lgamma(k + 1.0) - ((k + 0.5) * math.log(k + 1.0) - (k + 1) + 0.5 * math.log(2 * math.pi))
    for k in range(10)
)


def _stirling_rest(k: float) -> float:
    """What Stirling's formula leaves of ``log(k!)``."""
    if k <= 9:
        return _RESTS[int(k)]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)


class RejectionDraws:
    """What a stream of words and normal numbers can draw by rejection; a part of the CPU's."""

    lock: Any
    _twister: Any
    _few_normals: Callable[[int], list[float]]

    def _next_uniform(self) -> Draw:
        """A function that gives uniform float64 numbers: the low 53 bits of two words."""
        word = self._twister.random_raw

        def draw() -> float:
            upper = word()
            return float(((upper & 0x1FFFFF) << 32 | word()) * 2.0**-53)

        return draw

    def _gammas(self, alpha: Any, single: bool) -> Any:
        with self.lock:
            uniform, few = self._next_uniform(), self._few_normals
            drawn = [
                gamma(a, uniform, lambda: few(1)[0], single)
                for a in alpha.astype(np.float64).ravel().tolist()
            ]
        return np.array(drawn, np.float64).reshape(alpha.shape)

    def gamma(self, alpha: Any) -> Any:
        """Gamma numbers of the shapes in an array and the rate 1; none is 0."""
        drawn = self._gammas(alpha, alpha.dtype == np.float32).astype(alpha.dtype)
        return np.maximum(drawn, np.finfo(alpha.dtype).tiny)

    def dirichlet(self, alpha: Any) -> Any:
        """Gamma numbers divided by the sum of their row, kept off 0 and 1."""
        drawn = np.maximum(self._gammas(alpha, False), np.finfo(np.float64).tiny)
        drawn /= drawn.sum(axis=-1, keepdims=True)
        limits = np.finfo(alpha.dtype)
        return drawn.clip(float(limits.tiny), 1.0 - float(limits.epsneg)).astype(alpha.dtype)

    def poisson(self, rate: Any) -> Any:
        """Poisson numbers of the rates in an array."""
        with self.lock:
            uniform = self._next_uniform()
            drawn = [poisson(r, uniform) for r in rate.astype(np.float64).ravel().tolist()]
        return cast(np.array(drawn, np.float64), rate.dtype).reshape(rate.shape)

    def binomial(self, count: Any, prob: Any) -> Any:
        """Binomial numbers for arrays, of one shape, of counts and probabilities."""
        wide = (array.astype(np.float64).ravel().tolist() for array in (count, prob))
        with self.lock:
            uniform = self._next_uniform()
            drawn = [binomial(n, p, uniform) for n, p in zip(*wide, strict=True)]
        return cast(np.array(drawn, np.float64), count.dtype).reshape(count.shape)
