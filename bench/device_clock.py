"""Time on a CUDA device, and the host's time for a call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

Call = Callable[[], Any]

LEAST_FLUSH = 2**27
"""Bytes that are written between two runs, at least: no kernel then finds its operands in the
cache, and the host has time to queue the call before the device gets to it."""

TIMES_L2 = 4
HOST_CALLS = 50


class DeviceClock:
    """Measures calls that work on the current stream.

    Args:
        module: CuPy.
        flush_bytes: what is written between runs; by default several times the L2 cache.
        host_calls: calls that are queued one after another to find the host's time for one.
    """

    def __init__(
        self, module: Any, flush_bytes: int | None = None, host_calls: int = HOST_CALLS
    ) -> None:
        self.cuda, self.host_calls = module.cuda, host_calls
        if flush_bytes is None:
            properties = self.cuda.runtime.getDeviceProperties(self.cuda.runtime.getDevice())
            flush_bytes = max(LEAST_FLUSH, TIMES_L2 * properties["l2CacheSize"])
        self.swept = module.zeros((flush_bytes // 4,), "int32")

    def synchronize(self) -> None:
        """Wait for the device."""
        self.cuda.Device().synchronize()

    def device(self, calls: dict[str, Call], runs: int) -> dict[str, float]:
        """Microseconds of the device for each call, from a cold cache: the median over the runs.

        The calls take turns. What a call of several launches waits for the host between them
        counts as its own.
        """
        events: dict[str, list[tuple[Any, Any]]] = {name: [] for name in calls}
        for run in range(runs):
            for name, call in calls.items():
                pair = self.cuda.Event(), self.cuda.Event()
                self.swept.fill(run)
                pair[0].record()
                call()
                pair[1].record()
                events[name].append(pair)
            # Queues are finite: a full one would make the host wait inside a measurement.
            self.synchronize()
        elapsed = self.cuda.get_elapsed_time
        return {
            name: statistics.median(elapsed(start, end) * 1e3 for start, end in pairs)
            for name, pairs in events.items()
        }

    def host(self, calls: dict[str, Call], rounds: int) -> dict[str, float]:
        """Microseconds of the host to queue each call; the fastest round."""
        found: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                self.synchronize()
                start = time.perf_counter()
                for _ in range(self.host_calls):
                    call()
                found[name].append((time.perf_counter() - start) / self.host_calls * 1e6)
        self.synchronize()
        return {name: min(times) for name, times in found.items()}
