"""The text of a table of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..profiling.shown import short

GAP = "  "
LEAST = 12
"""Characters of a column of numbers."""

_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}

Column = tuple[str, Callable[[Any], str]]


def table_of(
    rows: Sequence[Any],
    events: Any,
    *,
    header: str | None,
    unit: str | None,
    name_width: int,
    shapes_width: int,
    place_width: int,
) -> str:
    """A table of some of the events; shares are of all of them."""
    host = events.self_cpu_time_total
    device = sum(event.self_device_time_total for event in events)
    columns: list[Column] = [
        ("Name", lambda e: _cut(e.key, name_width)),
        ("Self CPU %", lambda e: share(e.self_cpu_time_total, host)),
        ("Self CPU", lambda e: time(e.self_cpu_time_total, unit)),
        ("CPU total %", lambda e: share(e.cpu_time_total, host)),
        ("CPU total", lambda e: time(e.cpu_time_total, unit)),
        ("CPU time avg", lambda e: time(e.cpu_time, unit)),
    ]
    if events.with_device:
        columns += [
            ("Self CUDA", lambda e: time(e.self_device_time_total, unit)),
            ("Self CUDA %", lambda e: share(e.self_device_time_total, device)),
            ("CUDA total", lambda e: time(e.device_time_total, unit)),
            ("CUDA time avg", lambda e: time(e.device_time, unit)),
        ]
    if events.with_memory:
        columns += [
            ("CPU Mem", lambda e: memory(e.cpu_memory_usage)),
            ("Self CPU Mem", lambda e: memory(e.self_cpu_memory_usage)),
        ]
        if events.with_device:
            columns += [("CUDA Mem", lambda e: memory(e.device_memory_usage))]
    columns.append(("# of Calls", lambda e: str(e.count)))
    if events.with_shapes:
        columns.append(("Input Shapes", lambda e: _cut(shapes(e.input_shapes), shapes_width)))
    if any(getattr(event, "place", "") for event in rows):
        columns.append(("Source Location", lambda e: _cut(short(e.place), place_width)))
    if events.with_flops:
        columns.append(("Total FLOPs", lambda e: f"{e.flops:,}" if e.flops else "--"))
    cells = [[heading for heading, _ in columns]]
    cells += [[show(event) for _, show in columns] for event in rows]
    widths = [max(LEAST, *(len(row[n]) for row in cells)) for n in range(len(columns))]
    rule = GAP.join("-" * width for width in widths)
    lines = [GAP.join(text.rjust(w) for text, w in zip(row, widths, strict=True)) for row in cells]
    text = [rule, lines[0], rule, *lines[1:], rule]
    if header is not None:
        text = ["=" * len(rule), header, *text]
    text.append(f"Self CPU time total: {time(host, unit)}")
    if events.with_device:
        text.append(f"Self CUDA time total: {time(device, unit)}")
    return "\n".join(text) + "\n"


def time(microseconds: float, unit: str | None = None) -> str:
    """``1.234ms``; in the unit that suits where none is given."""
    if unit is None:
        unit = "s" if microseconds >= 1e6 else "ms" if microseconds >= 1e3 else "us"
    return f"{microseconds / _UNITS[unit]:.3f}{unit}"


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole else 0.0:.2f}%"


def memory(count: int) -> str:
    """``1.50 KB``; KB are 1024 bytes."""
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if abs(count) >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B"


def shapes(value: Sequence[Sequence[int]]) -> str:
    return str([list(shape) for shape in value])


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
