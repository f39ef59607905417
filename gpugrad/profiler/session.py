"""A profile of whatever runs within a context."""

from __future__ import annotations

import os
import socket
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from ..backend import BACKENDS, cpu
from ..profiling.clocks import clock_of
from ..profiling.watch import Watch
from .events import EventList, events_of
from .schedules import ProfilerAction, ProfilerActivity, supported_activities
from .spans import Span, clocks, record_function

_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


class Session:
    """Watches the primitives of this thread from :meth:`start` to :meth:`stop`.

    Args:
        on_device: whether to watch CUDA, where that is in use; else the CPU is watched.
    """

    def __init__(self, on_device: bool) -> None:
        backend = next((b for b in BACKENDS.values() if _is_cuda(b)), None) if on_device else None
        self._on_device = backend is not None
        self._watch = Watch(backend or cpu, clock_of(backend or cpu), by_host=True)
        self._spans: list[Span] = []
        self._stack = ExitStack()

    def start(self) -> None:
        self._stack.enter_context(self._watch.listen())
        entry = (self._watch.elapsed, self._spans)
        clocks.running.append(entry)
        self._stack.callback(clocks.running.remove, entry)

    def stop(self) -> EventList:
        """What was seen."""
        end = self._watch.elapsed()
        self._stack.close()
        for span in self._spans:
            span.end = min(span.end, end)
        return events_of(self._watch.calls(), self._spans, self._on_device)


def _is_cuda(backend: Any) -> bool:
    return getattr(backend, "device_type", None) == "cuda"


class profile:  # noqa: N801  # PyTorch's name
    """A context in which the time of each primitive of this thread is taken.

    The rows have the names of gpugrad's primitives, not of PyTorch's operators: ``linear`` for
    ``aten::addmm``. Compiled functions run in eager mode within it. While CUDA is in use and among
    ``activities``, its primitives are watched, with their times by events; else those of the CPU.

    Args:
        activities: where to watch; default: wherever it can.
        schedule: tells by the number of a step whether to watch; see
            :func:`gpugrad.profiler.schedule`. Then :meth:`step` has to be called after each step.
        on_trace_ready: called with this object after each cycle of the schedule, or at the end.
        record_shapes: whether averages can be grouped by the shapes of arguments.
        profile_memory: whether the table has columns of memory: bytes of new results.
        with_flops: whether it has a column of arithmetic operations.
        with_stack, with_modules, experimental_config, execution_trace_observer, use_cuda,
            custom_trace_id_callback: accepted for PyTorch's sake, and ignored.
        acc_events: keep the events of all cycles of the schedule.

    >>> import gpugrad
    >>> from gpugrad.profiler import profile
    >>> x = gpugrad.ones(2, 3)
    >>> with profile() as prof:
    ...     _ = (x * 2).sum()
    >>> [(event.key, event.count) for event in prof.key_averages()]
    [('mul', 1), ('sum', 1)]
    """

    def __init__(
        self,
        *,
        activities: Iterable[Any] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Any = None,
    ) -> None:
        self.activities = set(supported_activities() if activities is None else activities)
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        self.schedule = schedule
        self.on_trace_ready = on_trace_ready
        self.record_shapes, self.profile_memory = record_shapes, profile_memory
        self.with_flops, self.with_stack, self.with_modules = with_flops, with_stack, with_modules
        self.acc_events = acc_events
        self.step_num = 0
        self.current_action = self._action()
        self._session: Session | None = None
        self._step: record_function | None = None
        self._events: EventList | None = None

    # --- start and stop ---------------------------------------------------------------------------

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, with the first step where there is a schedule."""
        self._begin()

    def stop(self) -> None:
        """End; a recording that is under way is ready then."""
        recording = self.current_action in _RECORDING and self._session is not None
        self._end(keep=recording)
        if recording and self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def step(self) -> None:
        """The next step begins: do in it what the schedule says."""
        before = self.current_action
        self.step_num += 1
        self.current_action = self._action()
        if self.schedule is None:
            self._name_step()
            return
        saved = before is ProfilerAction.RECORD_AND_SAVE
        if before is ProfilerAction.RECORD and self.current_action not in _RECORDING:
            warnings.warn(
                "Incorrect schedule: RECORD followed by " + self.current_action.name, stacklevel=2
            )
            saved = True
        if saved:
            self._end(keep=True)
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)
        elif before is ProfilerAction.WARMUP and self.current_action in _RECORDING:
            self._end(keep=False)
        self._begin()

    def _action(self) -> ProfilerAction:
        if self.schedule is None:
            return ProfilerAction.RECORD
        return self.schedule(self.step_num)

    def _begin(self) -> None:
        if self.current_action is ProfilerAction.NONE:
            self._end(keep=False)
            return
        if self._session is None:
            self._session = Session(ProfilerActivity.CUDA in self.activities)
            self._session.start()
        if self.schedule is not None:
            self._name_step()

    def _name_step(self) -> None:
        if self._step is not None:
            self._step.__exit__(None, None, None)
        self._step = record_function(f"ProfilerStep#{self.step_num}").__enter__()

    def _end(self, keep: bool) -> None:
        if self._step is not None:
            self._step.__exit__(None, None, None)
            self._step = None
        session, self._session = self._session, None
        if session is None:
            return
        found = session.stop()
        if keep:
            found.with_memory, found.with_flops = self.profile_memory, self.with_flops
            if self.acc_events and self._events is not None:
                self._events.extend(found)
            else:
                self._events = found

    # --- results ----------------------------------------------------------------------------------

    def events(self) -> EventList:
        """All events of the last recording, in order.

        Raises:
            AssertionError: nothing has been recorded so far.
        """
        if self._events is None:
            raise AssertionError("Profiler must be stopped before accessing its events")
        return self._events

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The events added up by name; print its ``table()``.

        By shapes only where they were recorded, and by the user's line ``with_stack``.
        """
        lines = group_by_stack_n if self.with_stack else 0
        return self.events().key_averages(group_by_input_shape and self.record_shapes, lines)

    def export_chrome_trace(self, path: str | Path) -> None:
        """Write the events as ``chrome://tracing`` and https://ui.perfetto.dev read them."""
        self.events().export_chrome_trace(path)


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """For ``on_trace_ready``: writes each trace into a file of its own in a folder.

    >>> import gpugrad
    >>> handler = gpugrad.profiler.tensorboard_trace_handler("traces")
    """

    def write(finished: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        finished.export_chrome_trace(os.path.join(dir_name, name))

    return write
