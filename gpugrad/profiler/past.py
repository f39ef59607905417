"""The profiler that PyTorch had before, under ``torch.autograd.profiler``."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from .events import EventList, FunctionEventAvg
from .schedules import ProfilerActivity
from .session import profile as present


class profile:  # noqa: N801  # PyTorch's name
    """A context in which the time of each primitive is taken; prints as a table.

    Args:
        enabled: False makes it do nothing.
        use_cuda, use_device: whether to watch CUDA; by default only the CPU is watched.
        record_shapes, with_flops, profile_memory, with_stack, with_modules: see
            :class:`gpugrad.profiler.profile`.
        options: PyTorch's further ones are ignored.

    >>> import gpugrad
    >>> x = gpugrad.ones(2, 3)
    >>> with gpugrad.autograd.profiler.profile() as prof:
    ...     _ = x * 2
    >>> prof.key_averages()[0].key
    'mul'
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        **options: Any,
    ) -> None:
        self.enabled = enabled
        activities = [ProfilerActivity.CPU]
        if use_cuda or use_device == "cuda":
            activities.append(ProfilerActivity.CUDA)
        self._profile = present(
            activities=activities,
            record_shapes=record_shapes,
            with_flops=with_flops,
            profile_memory=profile_memory,
            with_stack=with_stack,
            with_modules=with_modules,
        )

    def __enter__(self) -> profile | None:
        if not self.enabled:
            return None
        self._profile.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.enabled:
            self._profile.stop()

    @property
    def function_events(self) -> EventList:
        """All events in order."""
        return self._profile.events()

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds on the host of all of it."""
        return self.function_events.self_cpu_time_total

    def __str__(self) -> str:
        return str(self.function_events)

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The events added up by name."""
        return self._profile.key_averages(group_by_input_shape, group_by_stack_n)

    def table(self, sort_by: str | None = None, row_limit: int = 100, **widths: Any) -> str:
        """The events as text, a row each; see :meth:`EventList.table`."""
        return self.function_events.table(sort_by, row_limit, **widths)

    def total_average(self) -> FunctionEventAvg:
        """All events added up."""
        return self.function_events.total_average()

    def export_chrome_trace(self, path: str | Path) -> None:
        """Write the events as ``chrome://tracing`` and https://ui.perfetto.dev read them."""
        self.function_events.export_chrome_trace(path)
