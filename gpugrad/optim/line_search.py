"""How far to go in a direction: a line search for the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..tensor import Tensor

SUFFICIENT_DECREASE = 1e-4
CURVATURE = 0.9
NARROWEST = 1e-9
"""A bracket in which no parameter moves further than this is searched no more."""


@dataclass
class Point:
    """A point on the line: how far along, and the function, its gradient and its slope there."""

    t: float
    value: float
    gradient: Tensor
    slope: float


class LineSearch:
    """A search for a point that is low enough and flat enough.

    ::

        value <= start.value + 1e-4 * t * start.slope   and   abs(slope) <= 0.9 * abs(start.slope)

    Args:
        evaluate: gives the function and its gradient, flat, at a distance along ``direction``.
        direction: where to go, flat.
        start: the point at distance 0; its slope is negative.
        most: after how many evaluations, besides the first, to make do with the lowest point.

    Attributes:
        evaluations: how often the function was evaluated.

    Source: Nocedal and Wright, "Numerical optimization" (2006), algorithms 3.5 and 3.6, with the
    limits of Schmidt's minFunc on how near to an end of the bracket a trial may be.
    """

    def __init__(
        self,
        evaluate: Callable[[float], tuple[float, Tensor]],
        direction: Tensor,
        start: Point,
        most: int,
    ) -> None:
        self._evaluate = evaluate
        self._direction = direction
        self._start = start
        self._most = most
        self.evaluations = 0

    def _at(self, t: float) -> Point:
        self.evaluations += 1
        value, gradient = self._evaluate(t)
        return Point(t, value, gradient, float(gradient.dot(self._direction)))

    def _too_high(self, point: Point) -> bool:
        start = self._start
        return point.value > start.value + SUFFICIENT_DECREASE * point.t * start.slope

    def _flat(self, point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * self._start.slope

    def run(self, t: float) -> Point:
        """The point; ``t`` is the distance to try first."""
        before, new = self._start, self._at(t)
        while self.evaluations <= self._most:
            tries = self.evaluations - 1
            if self._too_high(new) or (tries > 1 and new.value >= before.value):
                return self._zoom([before, new])
            if self._flat(new):
                return new
            if new.slope >= 0:
                return self._zoom([before, new])
            limits = new.t + 0.01 * (new.t - before.t), new.t * 10
            t = cubic_minimum(before, new, limits)
            before, new = new, self._at(t)
        return self._start if self._start.value <= new.value else new

    def _zoom(self, bracket: list[Point]) -> Point:
        """The point in a bracket around one that is wanted, which is made narrower and narrower."""
        length = float(self._direction.abs().max())
        low = _lower(bracket)
        near_end = False
        while self.evaluations <= self._most:
            left, right = sorted(point.t for point in bracket)
            if (right - left) * length < NARROWEST:
                break
            t, near_end = _off_the_ends(
                cubic_minimum(bracket[0], bracket[1], (left, right)), left, right, near_end
            )
            new = self._at(t)
            high = 1 - low
            if self._too_high(new) or new.value >= bracket[low].value:
                bracket[high] = new
                low = _lower(bracket)
                continue
            if self._flat(new):
                return new
            if new.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = new
        return bracket[low]


def _lower(bracket: list[Point]) -> int:
    return 0 if bracket[0].value <= bracket[1].value else 1


def _off_the_ends(t: float, left: float, right: float, before: bool) -> tuple[float, bool]:
    """A trial, moved inwards if it would be the second one in a row near an end of the bracket.

    Returns it, and whether it is near an end; ``before`` tells that of the trial before.
    """
    margin = 0.1 * (right - left)
    if not min(right - t, t - left) < margin:
        return t, False
    if before or t >= right or t <= left:
        nearer_right = abs(t - right) < abs(t - left)
        return (right - margin if nearer_right else left + margin), False
    return t, True


def cubic_minimum(a: Point, b: Point, limits: tuple[float, float]) -> float:
    """Where the cubic through two points with their slopes is lowest, kept within ``limits``.

    The middle of the limits where it has no minimum.
    """
    if a.t > b.t:
        a, b = b, a
    mean = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = mean * mean - a.slope * b.slope
    low, high = limits
    root = math.sqrt(square) if square >= 0 else math.nan
    divisor = b.slope - a.slope + 2 * root
    if math.isnan(root) or divisor == 0:
        return (low + high) / 2.0
    return min(max(b.t - (b.t - a.t) * ((b.slope + root - mean) / divisor), low), high)
