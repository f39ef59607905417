"""How far to go in a direction: a line search for the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..tensor import Tensor

SUFFICIENT_DECREASE = 1e-4
CURVATURE = 0.9
NARROWEST = 1e-9
"""A bracket in which nothing moves further than this is not searched any more."""


@dataclass
class Point:
    """A point on the line: how far along, the function, its gradient, and its slope there."""

    t: float
    value: float
    gradient: Tensor
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], tuple[float, Tensor]],
    start: Point,
    t: float,
    direction: Tensor,
    most: int,
) -> tuple[Point, int]:
    """A point where the function is low enough and flat enough.

    ::

        value <= start.value + 1e-4 * t * start.slope   and   abs(slope) <= 0.9 * abs(start.slope)

    Args:
        evaluate: gives the function and its gradient, flat, at a distance along ``direction``.
        start: the point at distance 0; its slope is negative.
        t: the distance to try first.
        most: after how many evaluations, besides the first, to make do with the lowest point.

    Returns:
        The point, and how often the function was evaluated.

    Source: Nocedal and Wright, "Numerical optimization" (2006), algorithms 3.5 and 3.6, with the
    limits of Schmidt's minFunc on how near to an end of the bracket a trial may be.
    """

    def at(t: float) -> Point:
        value, gradient = evaluate(t)
        return Point(t, value, gradient, float(gradient.dot(direction)))

    def too_high(point: Point) -> bool:
        return point.value > start.value + SUFFICIENT_DECREASE * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * start.slope

    before, new = start, at(t)
    tried = 0  # besides the first
    while tried < most:
        if too_high(new) or (tried > 1 and new.value >= before.value) or new.slope >= 0:
            if flat(new) and not (too_high(new) or (tried > 1 and new.value >= before.value)):
                return new, tried + 1
            break
        if flat(new):
            return new, tried + 1
        nearest, farthest = new.t + 0.01 * (new.t - before.t), new.t * 10
        t = cubic_minimum(before, new, nearest, farthest)
        before, new = new, at(t)
        tried += 1
    if tried == most:
        before = start
    low, high = (before, new) if before.value <= new.value else (new, before)

    length = float(direction.abs().max())
    stuck = False
    while tried < most and abs(high.t - low.t) * length >= NARROWEST:
        left, right = min(low.t, high.t), max(low.t, high.t)
        t = cubic_minimum(before, new, left, right)
        t, stuck = away_from_ends(t, left, right, stuck)
        found = at(t)
        tried += 1
        if too_high(found) or found.value >= low.value:
            high = found
            if high.value < low.value:
                low, high = high, low
        else:
            if flat(found):
                return found, tried + 1
            if found.slope * (high.t - low.t) >= 0:
                high = low
            low = found
        before, new = low, high
    return low, tried + 1
