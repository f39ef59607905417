"""What was seen in a profile: events, their averages by name, and the table of these."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..profiling.watch import Call
from .spans import Span
from .table import table_of

Shapes = tuple[tuple[int, ...], ...]


class _Times:
    """The names under which PyTorch gives sums and means; times in microseconds."""

    count: int
    cpu_time_total: float
    self_cpu_time_total: float
    device_time_total: float
    self_device_time_total: float
    self_cpu_memory_usage: int
    self_device_memory_usage: int
    cpu_memory_usage: int
    device_memory_usage: int

    @property
    def cpu_time(self) -> float:
        """The mean of the time on the host."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def device_time(self) -> float:
        """The mean of the time on the device."""
        return self.device_time_total / self.count if self.count else 0.0

    @property
    def cuda_time(self) -> float:
        return self.device_time

    @property
    def cuda_time_total(self) -> float:
        return self.device_time_total

    @property
    def self_cuda_time_total(self) -> float:
        return self.self_device_time_total


@dataclass
class FunctionEvent(_Times):
    """One primitive, or one part with a name; times in microseconds.

    Attributes:
        key: its name.
        start: since the profile began.
        self_cpu_time_total: on the host, without the events within it.
        flops: arithmetic operations.
        cpu_memory_usage: bytes of new memory, given back or not.
        place: the user's line.
    """

    key: str
    start: float
    cpu_time_total: float
    self_cpu_time_total: float
    device_time_total: float = 0.0
    self_device_time_total: float = 0.0
    input_shapes: Shapes = ()
    flops: int = 0
    cpu_memory_usage: int = 0
    self_cpu_memory_usage: int = 0
    device_memory_usage: int = 0
    self_device_memory_usage: int = 0
    place: str = ""
    is_user_annotation: bool = False
    count: int = 1

    @property
    def name(self) -> str:
        return self.key


@dataclass
class FunctionEventAvg(_Times):
    """Events of one name added up."""

    key: str = ""
    count: int = 0
    cpu_time_total: float = 0.0
    self_cpu_time_total: float = 0.0
    device_time_total: float = 0.0
    self_device_time_total: float = 0.0
    input_shapes: Shapes = ()
    flops: int = 0
    cpu_memory_usage: int = 0
    self_cpu_memory_usage: int = 0
    device_memory_usage: int = 0
    self_device_memory_usage: int = 0
    place: str = ""
    is_user_annotation: bool = False

    def add(self, other: FunctionEvent | FunctionEventAvg) -> FunctionEventAvg:
        """Add an event, or several."""
        for name in _SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


_SUMMED = (
    *("count", "cpu_time_total", "self_cpu_time_total", "device_time_total"),
    *("self_device_time_total", "flops", "cpu_memory_usage", "self_cpu_memory_usage"),
    *("device_memory_usage", "self_device_memory_usage"),
)


class EventList(list[Any]):
    """Events or averages.

    Attributes:
        with_memory, with_flops, with_device, with_shapes: which columns the table has.
    """

    def __init__(self, events: Iterable[Any] = (), like: EventList | None = None) -> None:
        super().__init__(events)
        self.with_memory: bool = like is not None and like.with_memory
        self.with_flops: bool = like is not None and like.with_flops
        self.with_device: bool = like is not None and like.with_device
        self.with_shapes: bool = like is not None and like.with_shapes

    def __str__(self) -> str:
        return self.table()

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds on the host of all of it."""
        return float(sum(event.self_cpu_time_total for event in self))

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        """The events added up by name, and by their arguments' shapes or the user's line."""
        groups: dict[Any, FunctionEventAvg] = {}
        for event in self:
            shapes = event.input_shapes if group_by_input_shape else ()
            place = event.place if group_by_stack_n > 0 else ""
            key = (event.key, event.is_user_annotation, shapes, place)
            if key not in groups:
                groups[key] = FunctionEventAvg(
                    key=event.key,
                    input_shapes=shapes,
                    place=place,
                    is_user_annotation=event.is_user_annotation,
                )
            groups[key].add(event)
        found = EventList(groups.values(), self)
        found.with_shapes = group_by_input_shape
        return found

    def total_average(self) -> FunctionEventAvg:
        """All events added up."""
        total = FunctionEventAvg(key="Total")
        for event in self:
            total.add(event)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The events as text, a row each.

        Args:
            sort_by: an attribute such as ``"self_cpu_time_total"``, the largest first.
            row_limit: so many rows at most, -1 for all.
            max_src_column_width, max_name_column_width, max_shapes_column_width: longer texts are
                cut.
            header: a line above the table.
            top_level_events_only: accepted for PyTorch's sake, and ignored.
            time_unit: ``"s"``, ``"ms"`` or ``"us"`` for all times; else whichever suits each.

        Raises:
            AttributeError: events do not have ``sort_by``.
        """
        rows: Sequence[Any] = self
        if sort_by is not None:
            name = sort_by.replace("cuda", "device").replace("xpu", "device")
            rows = sorted(self, key=lambda event: -float(getattr(event, name)))
        return table_of(
            rows if row_limit < 0 else rows[:row_limit],
            self,
            header=header,
            unit=time_unit,
            name_width=max_name_column_width,
            shapes_width=max_shapes_column_width,
            place_width=max_src_column_width,
        )

    def export_chrome_trace(self, path: str | Path) -> None:
        """Write the events as ``chrome://tracing`` and https://ui.perfetto.dev read them.

        A name that ends in ``.gz`` is compressed.
        """
        found = [
            {
                "ph": "X",
                "cat": "user_annotation" if event.is_user_annotation else "cpu_op",
                "name": event.key,
                "pid": os.getpid(),
                "tid": 1,
                "ts": event.start,
                "dur": event.cpu_time_total,
                "args": {
                    "Input Dims": [list(shape) for shape in event.input_shapes],
                    "flops": event.flops,
                    "line": event.place,
                },
            }
            for event in self
        ]
        text = json.dumps({"schemaVersion": 1, "traceEvents": found, "displayTimeUnit": "ms"})
        if str(path).endswith(".gz"):
            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.write(text)
        else:
            Path(path).write_text(text, encoding="utf-8")


def events_of(calls: Sequence[Call], spans: Sequence[Span], on_device: bool) -> EventList:
    """Events in order of their beginning; what lies within a span counts as a part of it."""
    made = [
        FunctionEvent(
            span.name,
            span.start * 1e6,
            (span.end - span.start) * 1e6,
            (span.end - span.start) * 1e6,
            is_user_annotation=True,
        )
        for span in spans
    ]
    events = [*made, *(_event(call, on_device) for call in calls)]
    found = EventList(sorted(events, key=lambda e: (e.start, -e.cpu_time_total)))
    found.with_device = on_device
    around: list[FunctionEvent] = []  # from the outermost span to the innermost
    for event in found:
        while around and event.start >= around[-1].start + around[-1].cpu_time_total:
            around.pop()
        if around:
            around[-1].self_cpu_time_total -= event.cpu_time_total
        if event.is_user_annotation:
            around.append(event)
            continue
        for span in around:
            span.device_time_total += event.device_time_total
            span.cpu_memory_usage += event.cpu_memory_usage
            span.device_memory_usage += event.device_memory_usage
    return found


def _event(call: Call, on_device: bool) -> FunctionEvent:
    event = FunctionEvent(
        call.name,
        call.start * 1e6,
        call.host * 1e6,
        call.host * 1e6,
        input_shapes=call.shapes,
        flops=call.flops,
        place=call.place,
    )
    if on_device:
        event.device_time_total = event.self_device_time_total = call.seconds * 1e6
        event.device_memory_usage = event.self_device_memory_usage = call.made
    else:
        event.cpu_memory_usage = event.self_cpu_memory_usage = call.made
    return event
