"""PyTorch's timers of statements: with a warm-up, a synchronised clock and a median."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .. import cuda
from ..settings import get_num_threads, set_num_threads
from .measurement import Compare as Compare
from .measurement import Measurement as Measurement
from .measurement import TaskSpec as TaskSpec

__all__ = ["Compare", "Measurement", "TaskSpec", "Timer", "timer"]

_SHARE_OF_CLOCK = 1000
"""A block takes so many times as long as reading the clock does."""

Callback = Callable[[int, float], Any]


def timer() -> float:
    """Seconds, once the current CUDA device has done all its work.

    >>> from gpugrad.utils.benchmark import timer
    >>> timer() <= timer()
    True
    """
    if cuda.is_initialized():
        cuda.synchronize()
    return timeit.default_timer()


class Timer:
    """Times a statement; what it gives prints as text.

    Args:
        stmt: Python code.
        setup: code that runs once before each measurement.
        global_setup: accepted for PyTorch's sake: it concerns C++ alone.
        timer: gives seconds.
        globals: names that the code has; ``torch`` is this package unless they say otherwise.
        label, sub_label, description: for tables by :class:`Compare`: their titles, rows, columns.
        env: a further name of the row.
        num_threads: how many threads the CPU may use.
        language: only ``"python"``.

    Raises:
        ValueError: another language.

    >>> import gpugrad
    >>> from gpugrad.utils.benchmark import Timer
    >>> measured = Timer("x + x", globals={"x": gpugrad.ones(3)}).timeit(100)
    >>> measured.number_per_run, measured.mean > 0
    (100, True)
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: Mapping[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: str = "python",
    ) -> None:
        if str(language).lower() not in ("py", "python"):
            raise ValueError(f"Timer takes statements in Python, not in {language}")
        names = {**(globals or {})}
        if "torch" not in names:
            names["torch"] = __import__(__name__.partition(".")[0])
        stmt, setup = _dedented(stmt), _dedented(setup)
        self._clock = timer
        self._timer = timeit.Timer(stmt, setup, timer, names)
        self._task_spec = TaskSpec(stmt, setup, label, sub_label, description, env, num_threads)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Seconds of ``number`` executions in one go, after a hundredth as many to warm up."""
        with self._threads():
            self._timer.timeit(max(number // 100, 2))
            return self._measured(number, [self._timer.timeit(number)])

    def blocked_autorange(
        self, callback: Callback | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Blocks of executions until they have taken ``min_run_time`` seconds.

        A block is so long that reading the clock is less than a thousandth of it. ``callback`` is
        called with the length and the seconds of each.
        """
        with self._threads():
            number = self._block_size(min_run_time)
            times: list[float] = []
            while sum(times) < min_run_time:
                times.append(self._timer.timeit(number))
                if callback is not None:
                    callback(number, times[-1])
            return self._measured(number, times)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callback | None = None,
    ) -> Measurement:
        """Blocks of executions until the quartiles are closer than ``threshold`` medians.

        For ``min_run_time`` seconds at least and ``max_run_time`` at most.
        """
        with self._threads():
            number = self._block_size(0.05)
            times: list[float] = []
            while True:
                times.append(self._timer.timeit(number))
                if callback is not None:
                    callback(number, times[-1])
                spent = sum(times)
                found = self._measured(number, times)
                enough = spent >= min_run_time and len(times) > 3
                if (enough and found.meets_confidence(threshold)) or spent >= max_run_time:
                    return found

    def _block_size(self, min_run_time: float) -> int:
        reading = min(self._empty() for _ in range(5))
        number = 1
        while True:
            took = self._timer.timeit(number)
            if took > _SHARE_OF_CLOCK * reading or took > min_run_time:
                return number
            number *= 10

    def _empty(self) -> float:
        start = self._clock()
        return self._clock() - start

    def _measured(self, number: int, times: Sequence[float]) -> Measurement:
        return Measurement(number, list(times), self._task_spec)

    @contextmanager
    def _threads(self) -> Iterator[None]:
        before = get_num_threads()
        set_num_threads(self._task_spec.num_threads)
        try:
            yield
        finally:
            set_num_threads(before)


def _dedented(code: str) -> str:
    """The code of a string of several lines, without the indentation that they share."""
    lines = code.splitlines()
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines:
        return "pass"
    depth = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[depth:] for line in lines).rstrip()
