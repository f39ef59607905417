"""The time on the host, and on a CUDA device by events in its stream."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any


class HostClock:
    """Reads the processor's clock. All of a step's work is done when its call returns."""

    on_device = False

    def now(self) -> Any:
        return perf_counter_ns()

    def seconds(self, start: Any, end: Any) -> float:
        return float(end - start) * 1e-9

    def wait(self) -> None:
        """Nothing is under way."""


class DeviceClock:
    """Puts events into the current stream; what lies between two of them can be read later.

    Args:
        module: CuPy.
    """

    on_device = True

    def __init__(self, module: Any) -> None:
        self._cuda = module.cuda

    def now(self) -> Any:
        event = self._cuda.Event()
        event.record()
        return event

    def seconds(self, start: Any, end: Any) -> float:
        return float(self._cuda.get_elapsed_time(start, end)) * 1e-3

    def wait(self) -> None:
        """Until the stream is empty."""
        self._cuda.get_current_stream().synchronize()


Clock = HostClock | DeviceClock


def clock_of(backend: Any) -> Clock:
    """What tells the time of a backend's work."""
    return HostClock() if backend.device_type == "cpu" else DeviceClock(backend.module)


def fastest(run: Callable[[], Any], clock: Clock, least: float = 0.2, most: int = 1000) -> float:
    """Seconds of one call: the fastest of several rounds, together at least ``least`` seconds.

    Args:
        most: calls at most, but never less than three.
    """
    calls, spent, best = 0, 0.0, float("inf")
    each = 1
    while calls < 3 or (spent < least and calls < most):
        clock.wait()
        start = perf_counter_ns()
        for _ in range(each):
            run()
        clock.wait()
        took = (perf_counter_ns() - start) * 1e-9
        calls, spent, best = calls + each, spent + took, min(best, took / each)
        # Rounds of a millisecond, so that reading the clock is no part of what is measured.
        each = max(1, min(int(1e-3 / max(best, 1e-7)), most - calls))
    return best
