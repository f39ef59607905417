"""What :func:`gpugrad.profile` found out about a step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .rates import Rates
from .watch import Call


@dataclass(frozen=True)
class Row:
    """All calls of one primitive that an op made at one line of the user's program.

    Attributes:
        primitive, op, phase, place: see :class:`~gpugrad.profiling.watch.Call`.
        calls: how many there are in a step.
        seconds: of all of them.
        share: of the time in all primitives, from 0 to 1.
        bytes, flops: of all of them.
        shape: of the largest array among them.
    """

    primitive: str
    op: str
    phase: str
    place: str
    calls: int
    seconds: float
    share: float
    bytes: int
    flops: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Replayed:
    """What compiling makes of the step.

    Attributes:
        seconds: of a compiled step.
        device_seconds: of its work on the device, None on the CPU.
        calls: how many calls a replay makes: of NumPy or generated code on the CPU, in the graph
            on CUDA.
        launches: what the host launches: None on the CPU, 1 where all of the step is one graph.
        peak_bytes: the most memory that a replay takes besides what it keeps.
        timeline: the calls of one replay, carried out one by one.
    """

    seconds: float
    device_seconds: float | None
    calls: int
    launches: int | None
    peak_bytes: int
    timeline: list[Call] = field(repr=False)


@dataclass(frozen=True)
class Report:
    """What a step costs and why; prints as a table.

    Attributes:
        name: the function's.
        device: what it computed on.
        stand_in: whether that is no GPU but an emulation, whose times say nothing about one.
        seconds: of an eager step, until the device is done.
        device_seconds: of the work of an eager step on a CUDA device, by events; None on the CPU.
        primitives: how many it calls.
        bytes, flops: what these move and compute.
        rows: by primitive, op and line, the longest first.
        timeline: all calls of one eager step, in order.
        rates: what the device does at best, measured in the same run.
        verdict: ``overhead-bound``, ``memory-bound`` or ``compute-bound``.
        explanation: why, in a sentence.
        peak_bytes: the most memory that an eager step takes besides what was there.
        compiled: None where the step cannot be compiled.
        not_compiled: why not.
        steps_taken: how often the step was carried out.
    """

    name: str
    device: str
    stand_in: bool
    seconds: float
    device_seconds: float | None
    primitives: int
    bytes: int
    flops: int
    rows: list[Row] = field(repr=False)
    timeline: list[Call] = field(repr=False)
    rates: Rates
    verdict: str
    explanation: str
    peak_bytes: int
    compiled: Replayed | None
    not_compiled: str
    steps_taken: int

    @property
    def memory_floor(self) -> float:
        """Seconds in which the device could move the step's bytes."""
        return self.bytes / self.rates.bandwidth

    @property
    def arithmetic_floor(self) -> float:
        """Seconds in which the device could do the step's operations."""
        return self.flops / self.rates.arithmetic

    @property
    def floor(self) -> float:
        """Seconds below which the step cannot come, unless its data stays in a cache."""
        return max(self.memory_floor, self.arithmetic_floor)

    @property
    def speedup(self) -> float | None:
        """How many times faster the compiled step is."""
        return None if self.compiled is None else self.seconds / self.compiled.seconds

    def __str__(self) -> str:
        return self.table()

    def table(self, rows: int = 15) -> str:
        """The report as text, by ``rich`` where that is installed.

        Args:
            rows: so many lines of the table of primitives at most.
        """
        from .shown import table

        return table(self, rows)

    def to_json(self, path: str | Path | None = None) -> str:
        """The report in JSON, which is also written to ``path`` if that is given."""
        found: dict[str, Any] = asdict(self)
        found |= {
            "memory_floor": self.memory_floor,
            "arithmetic_floor": self.arithmetic_floor,
            "speedup": self.speedup,
        }
        text = json.dumps(found, indent=1)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def save_timeline(self, path: str | Path) -> Path:
        """Draw the primitives of one step, eager and compiled, over time.

        Raises:
            ImportError: without ``matplotlib``.
        """
        from .shown import draw_timeline

        return draw_timeline(self, Path(path))


def rows_of(calls: Sequence[Call]) -> list[Row]:
    """Calls added up by primitive, op and line, the longest first."""
    total = sum(call.seconds for call in calls) or 1.0
    groups: dict[tuple[str, str, str, str], list[Call]] = {}
    for call in calls:
        groups.setdefault((call.name, call.op, call.phase, call.place), []).append(call)
    found = []
    for key, same in groups.items():
        seconds = sum(call.seconds for call in same)
        found.append(
            Row(
                *key,
                calls=len(same),
                seconds=seconds,
                share=seconds / total,
                bytes=sum(call.bytes for call in same),
                flops=sum(call.flops for call in same),
                shape=max((call.shape for call in same), key=_size),
            )
        )
    return sorted(found, key=lambda row: -row.seconds)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


SLOWEST = 10.0
"""Work takes so many times its floor at most, as exponentials do or products of thin matrices."""


def judge(calls: Sequence[Call], seconds: float, rates: Rates, on_device: bool) -> tuple[str, str]:
    """What bounds a step, and the sentence that says why.

    Overhead is the time between the primitives and, of each primitive, what a call with nothing to
    do takes and what goes beyond :data:`SLOWEST`. The rest is work, of each primitive either moving
    or computing, whichever takes the device longer at best.
    """
    working = {"memory": 0.0, "compute": 0.0}
    for call in calls:
        moving, computing = call.bytes / rates.bandwidth, call.flops / rates.arithmetic
        kind = "memory" if moving >= computing else "compute"
        # On a device, the cost of a launch is the host's and not in the call's time.
        own = call.seconds if on_device else max(call.seconds - rates.call, 0.0)
        working[kind] += min(own, SLOWEST * max(moving, computing))
    # The step that was watched may have been slower than the fastest.
    seconds = max(seconds, sum(call.seconds for call in calls))
    work = sum(working.values())
    overhead = max(seconds - work, 0.0)
    if overhead >= work:
        return "overhead-bound", (
            f"{overhead / seconds:.0%} of the step is Python and what calls cost whatever "
            f"their size ({len(calls)} here), so fewer calls help, and faster arithmetic does not."
        )
    share = max(working.values()) / seconds
    if working["memory"] >= working["compute"]:
        return "memory-bound", (
            f"{share:.0%} of the step is spent in primitives that move more than they compute, "
            "so fewer passes over the arrays, or smaller types, help."
        )
    return "compute-bound", (
        f"{share:.0%} of the step is spent in products and other arithmetic, "
        "so only less or faster arithmetic helps."
    )
