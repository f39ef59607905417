"""Parts of a program that have a name in the profile."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any


@dataclass
class Span:
    """A named part; times in seconds since the profile began."""

    name: str
    start: float
    end: float


class _Clocks(threading.local):
    def __init__(self) -> None:
        self.running: list[tuple[Callable[[], float], list[Span]]] = []


clocks = _Clocks()
"""Of this thread: the clock of each profile, and the spans that it has seen."""


class record_function:  # noqa: N801  # PyTorch's name
    """A context or decorator that gives a part of the program a name in the profile.

    Args:
        name: what the profile shows.
        args: accepted for PyTorch's sake, and ignored.

    >>> import gpugrad
    >>> from gpugrad.profiler import profile, record_function
    >>> with profile() as prof, record_function("double"):
    ...     _ = gpugrad.ones(3) * 2
    >>> [event.key for event in prof.events()]
    ['double', 'full', 'mul']
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args
        self._begun: list[tuple[Callable[[], float], Span]] = []

    def __enter__(self) -> record_function:
        for clock, spans in clocks.running:
            span = Span(self.name, clock(), float("inf"))
            spans.append(span)
            self._begun.append((clock, span))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for clock, span in self._begun:
            span.end = clock()
        self._begun.clear()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return named
