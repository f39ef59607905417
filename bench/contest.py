"""The contest: contestants take turns in short rounds, so that a busy moment hits all of them.

Three things are reported of every contestant: the fastest round, which is what the code can do; the
median, which says how much the machine disturbed; and whether it arrived at the same numbers as the
others.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = Any
"""A flat NumPy array of float64."""

SETTLE = 20
"""Steps before the numbers are compared and the clock is started."""

CALIBRATION_SECONDS = 0.02
"""How long a contestant is tried out to find how many steps make a round."""


@dataclass
class Step:
    """One contestant's training step.

    Attributes:
        run: does step number i.
        values: what the steps have made: the parameters, as a flat array.
        synchronize: waits until everything that was started has finished.
        peak_bytes: does a step and gives the most memory it held, or None if that is not known.
    """

    run: Callable[[int], Any]
    values: Callable[[], Numbers]
    synchronize: Callable[[], Any] = lambda: None
    peak_bytes: Callable[[Callable[[], Any]], int | None] = lambda _: None


class BenchError(RuntimeError):
    """Why a suite cannot go on."""


class DisagreementError(BenchError):
    """Contestants arrived at different numbers, so their times must not be compared."""


def chosen(only: list[str], known: Collection[str]) -> list[str]:
    """The cases to run: those asked for, or all.

    Raises:
        BenchError: a case is not known.
    """
    if unknown := sorted(set(only) - set(known)):
        raise BenchError(f"no such case: {', '.join(unknown)}; there are {', '.join(known)}")
    return only or list(known)


def flat(arrays: list[Any]) -> Numbers:
    """NumPy arrays as one flat array of float64."""
    return np.concatenate([np.asarray(a, np.float64).reshape(-1) for a in arrays])


def settle(steps: Mapping[str, Step], count: int = SETTLE) -> None:
    """Do the same number of steps with every contestant."""
    for step in steps.values():
        for i in range(count):
            step.run(i)
        step.synchronize()


def distances(steps: Mapping[str, Step]) -> dict[str, float]:
    """How far each contestant's numbers are from the first one's: the largest of |a-b|/(1+|b|).

    Raises:
        DisagreementError: their shapes differ.
    """
    found = {name: step.values() for name, step in steps.items()}
    first = next(iter(found.values()))
    apart = {}
    for name, values in found.items():
        if values.shape != first.shape:
            raise DisagreementError(f"{name}: {values.size} numbers instead of {first.size}")
        difference = np.abs(values - first) / (1 + np.abs(first))
        apart[name] = float(difference.max(initial=0.0))
    return apart


def check_agreement(name: str, apart: Mapping[str, float], tolerance: float) -> None:
    """Raise DisagreementError if a contestant is further away than ``tolerance``."""
    wrong = {who: d for who, d in apart.items() if not d <= tolerance}
    if wrong:
        says = ", ".join(f"{who} by {d:.1e}" for who, d in wrong.items())
        raise DisagreementError(f"{name}: results differ from {next(iter(apart))}'s: {says}")


def take_turns(
    steps: Mapping[str, Step], rounds: int, round_seconds: float
) -> dict[str, list[float]]:
    """Microseconds a step in every round. Each contestant's rounds last about equally long."""
    counts = {name: _steps_per_round(step, round_seconds) for name, step in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(timed(step, counts[name]) * 1e6)
    return times


def _steps_per_round(step: Step, round_seconds: float) -> int:
    count, seconds = 1, timed(step, 1)
    while seconds * count < min(CALIBRATION_SECONDS, round_seconds):
        count *= 2
        seconds = timed(step, count)
    return max(1, int(round_seconds / seconds))


def timed(step: Step, count: int) -> float:
    """Seconds a step over ``count`` steps."""
    run = step.run
    start = time.perf_counter()
    for i in range(count):
        run(i)
    step.synchronize()
    return (time.perf_counter() - start) / count


def summary(microseconds: list[float]) -> dict[str, float]:
    """Fastest and median of the rounds."""
    return {
        "min": round(min(microseconds), 3),
        "median": round(statistics.median(microseconds), 3),
    }
