"""The primitives that a step calls, each with its time, its bytes and the line that caused it.

Capture's way of standing between the floors above and the primitives serves here, too: while a
:class:`Watch` listens, every primitive is carried out as always, between two looks at the clock.
Nothing is kept of the arrays, so memory is used again as it is without a watch.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter_ns
from typing import Any

from ..autograd.engine import Node, TensorBase
from ..autograd.observers import unwatch, watch
from ..backend.guards import Guards
from ..backend.host_arrays import HostArrays
from ..backend.primitive_effects import VIEWS, out_position
from ..backend.recorder import Recorder
from ..backend.recording import PACKAGE
from .clocks import Clock, DeviceClock
from .work import arrays_in, bytes_moved, held, operations

_OPS = os.path.join(PACKAGE, "ops") + os.sep
_BACKWARD = os.path.join(PACKAGE, "autograd", "backward_pass")
_OPTIM = os.path.join(PACKAGE, "optim") + os.sep
_PROGRAMS = tuple(os.path.join(PACKAGE, name) + os.sep for name in ("cli", "examples"))
"""Parts of the package that are users of it."""


@dataclass(frozen=True)
class Call:
    """One primitive that a step called.

    Attributes:
        name: the primitive's.
        op: the node of the graph that it belongs to, such as ``Mul`` or ``MulBackward``; empty
            where there is none.
        phase: ``forward``, ``backward`` or ``optimizer``.
        place: the line of the user's program: in backward, the one that made the node.
        start: seconds since the step began, without the time that watching takes.
        seconds: how long it took; on CUDA on the device, by events.
        bytes: read and written.
        flops: arithmetic operations.
        shape: of its largest array.
        dtype: of its first result, or of its first argument.
        shapes: of its array arguments.
        made: bytes of new memory for its results.
        host: seconds on the host, whatever the device.
    """

    name: str
    op: str
    phase: str
    place: str
    start: float
    seconds: float
    bytes: int
    flops: int
    shape: tuple[int, ...]
    dtype: str
    shapes: tuple[tuple[int, ...], ...] = ()
    made: int = 0
    host: float = 0.0


class _KeepsNothing(HostArrays):
    def as_now(self, array: Any) -> Any:
        return array


class _TakesNothing(Guards):
    """A watch leaves nothing to be replayed, so nothing needs to be as it was."""

    def require(self, term: str, *objects: Any) -> None:
        pass


class Watch(Recorder):
    """Times what a backend computes in one thread; see :meth:`listen`.

    Args:
        backend: the primitives to watch.
        clock: that of the backend's device.
        by_host: whether calls start when the host asks for them, on a device, too.
    """

    for_replays = False

    def __init__(self, backend: Any, clock: Clock, by_host: bool = False) -> None:
        super().__init__(backend, strict=False)
        self.by_host = by_host
        self.guards, self.host_arrays = _TakesNothing(), _KeepsNothing()
        self._clock = clock
        self._looks: list[tuple[Any, ...]] = []
        self._lines: dict[int, str] = {}
        self._positions: dict[str, int | None] = {}
        self._lost = 0
        self._begin = 0

    def elapsed(self) -> float:
        """Seconds since it began to listen, without those that it took itself."""
        return (perf_counter_ns() - self._begin - self._lost) * 1e-9

    def fail(self, reason: str) -> None:
        """Nothing is to be replayed, so everything can be done."""

    def before_replay(self, action: Callable[[], None]) -> None:
        """There is none."""

    def constant(self, array: Any, where: Any) -> Any:
        """As without a recording, which would need a copy."""
        return self.backend.from_host(array, where)

    @contextlib.contextmanager
    def listen(self) -> Iterator[Recorder]:
        """Watch everything in this context."""
        thread = threading.get_ident()

        def meet(node: Node, result: TensorBase) -> None:
            if threading.get_ident() == thread:
                self._lines[id(node)] = _line(sys._getframe(1))
                if self._looks and not self._looks[-1][1]:  # an operator, which skips `apply`
                    name, _, *rest = self._looks[-1]
                    self._looks[-1] = (name, node.short_name(), *rest)

        with super().listen():
            watch(meet)
            self._begin, self._lost = perf_counter_ns(), 0
            try:
                yield self
            finally:
                unwatch(meet)

    def run(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        effect: bool = False,
    ) -> Any:
        """Call ``function`` and note how long it takes."""
        came = perf_counter_ns()
        clock = self._clock
        on_device = isinstance(clock, DeviceClock)
        self._inside = True
        try:
            first = clock.now() if on_device else None
            start = perf_counter_ns()
            result = function(*args, **kwargs)
            end = perf_counter_ns()
            last = clock.now() if on_device else None
        finally:
            self._inside = False
        if name in ("empty", "asarray"):
            self._lost += perf_counter_ns() - came
            return result
        results = [*arrays_in(result)]
        if (results or result is None or effect) and not self._is_view(name, args, results):
            before = args
            args, kwargs, fresh = self._without_out(name, function, args, kwargs)
            fresh = fresh and not any(r is a for r in results for a in before)
            op, phase, place = self._cause()
            since = start - self._begin - self._lost - (start - came)
            given = [*arrays_in((args, kwargs))]
            largest = max((*given, *results), key=lambda a: int(a.size), default=None)
            typed = (results or given or [None])[0]
            self._looks.append(
                (
                    *(name, op, phase, place, since * 1e-9, start, end, first, last),
                    bytes_moved(name, args, kwargs, results),
                    operations(name, args, results),
                    () if largest is None else tuple(largest.shape),
                    "" if typed is None else str(typed.dtype),
                    tuple([tuple(a.shape) for a in given]),
                    sum(held(a) for a in results) if fresh else 0,
                    (end - start) * 1e-9,
                )
            )
        self._lost += perf_counter_ns() - end + (start - came)
        return result

    def calls(self) -> list[Call]:
        """What was seen. Waits for the device."""
        clock, found = self._clock, []
        clock.wait()
        begin = self._looks[0][7] if self._looks else None
        for name, op, phase, place, since, start, end, first, last, *work in self._looks:
            seconds = (end - start) * 1e-9
            if isinstance(clock, DeviceClock):
                seconds = clock.seconds(first, last)
                if not self.by_host:
                    since = clock.seconds(begin, first)
            found.append(Call(name, op, phase, place, since, seconds, *work))
        return found

    def _without_out(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
        """The arguments without the place for the result, and whether there was none."""
        out = kwargs.get("out")
        if "out" in kwargs:
            kwargs = {key: value for key, value in kwargs.items() if key != "out"}
        if name not in self._positions:
            self._positions[name] = out_position(name, function)
        position = self._positions[name]
        if position is None or len(args) <= position:
            return args, kwargs, out is None
        return args[:position], kwargs, out is None and args[position] is None

    def _is_view(self, name: str, args: tuple[Any, ...], results: list[Any]) -> bool:
        """Whether a primitive only gave another look at the memory of an argument."""
        if name not in VIEWS or not results or not isinstance(results[0], self.array_type):
            return False
        owner = self.backend.memory(results[0])[0]
        given = [a for a in arrays_in(args) if isinstance(a, self.array_type)]
        return any(self.backend.memory(a)[0] is owner for a in given)

    def _cause(self) -> tuple[str, str, str]:
        """The node, the phase and the user's line that a primitive belongs to."""
        op, phase, line = "", "forward", ""
        frame: Any = sys._getframe(2)
        while frame is not None and frame.f_back is not None:
            code = frame.f_code
            file = code.co_filename
            if _is_users(file):
                break
            if not op and file.startswith(_OPS) and code.co_name in ("forward", "backward"):
                node = frame.f_locals.get("self")
                if isinstance(node, Node):
                    op = node.short_name()
                    if code.co_name == "backward":
                        op += "Backward"
                        line = self._lines.get(id(node), "")
            if file.startswith(_BACKWARD):
                phase = "backward"
            elif file.startswith(_OPTIM):
                phase = "optimizer"
            frame = frame.f_back
        return op, phase, line or _line(frame)


def _is_users(file: str) -> bool:
    return not file.startswith(PACKAGE) or file.startswith(_PROGRAMS)


def _line(frame: Any) -> str:
    """File and line of the innermost code that is a user's."""
    while frame.f_back is not None and not _is_users(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def scaled(calls: Sequence[Call], seconds: float) -> list[Call]:
    """Calls that together end within ``seconds``, as in a step without a watch.

    Looking at the clock and at arrays drives code and data out of the processor's caches. So the
    time between the calls shrinks, and that of the calls as far as they take too much alone.
    """
    working = sum(call.seconds for call in calls)
    factor = min(1.0, seconds / working) if working else 1.0
    between = max((c.start + c.seconds for c in calls), default=0.0) - working
    left = seconds - working * factor
    shrunk = min(1.0, left / between) if between > 0 else 0.0
    found, before, spent = [], 0.0, 0.0
    for call in calls:
        start = (call.start - before) * shrunk + spent
        found.append(replace(call, start=start, seconds=call.seconds * factor))
        before += call.seconds
        spent += call.seconds * factor
    return found


def best_of(runs: Sequence[list[Call]]) -> list[Call]:
    """The fastest of several steps, with each call's time the least among all steps like it."""
    fastest = min(runs, key=lambda calls: sum(call.seconds for call in calls))
    names = [call.name for call in fastest]
    same = [calls for calls in runs if [call.name for call in calls] == names]
    return [
        replace(call, seconds=min(calls[n].seconds for calls in same))
        for n, call in enumerate(fastest)
    ]
