"""The report as a table and as a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .report import Report

HEADINGS = ("primitive", "op", "calls", "time", "share", "bytes", "flops", "largest", "line")
LEFT = ("primitive", "op", "largest", "line")
WIDTH = 140

COLOURS = {
    "forward": "#4878a8",
    "backward": "#c26a4a",
    "optimizer": "#5f9e6e",
    "replay": "#8a6fae",
}


def table(report: Report, most: int) -> str:
    """The report as text; by ``rich`` where that is installed."""
    lines = [*_summary(report), ""]
    cells = [
        (
            row.primitive,
            row.op or "-",
            str(row.calls),
            time(row.seconds),
            f"{row.share:.0%}",
            amount(row.bytes, "B"),
            amount(row.flops, ""),
            " x ".join(map(str, row.shape)) or "scalar",
            short(row.place),
        )
        for row in report.rows[:most]
    ]
    lines += _rich(cells) if _has_rich() else _plain(cells)
    left = report.rows[most:]
    if left:
        lines.append(f"and {len(left)} more rows with {sum(r.share for r in left):.0%} of the time")
    return "\n".join(line.rstrip() for line in lines)


def _summary(report: Report) -> list[str]:
    rates = report.rates
    eager = f"{time(report.seconds)} a step, {number(report.primitives, 'primitive')}"
    if report.device_seconds is not None:
        eager += f", {time(report.device_seconds)} on the device"
    lines = [f"{report.name} on {report.device}: {report.verdict}", report.explanation]
    if report.stand_in:
        lines.append(
            "This device is emulated on the processor: its times are not those of a GPU, and "
            "neither are the verdict and the rates."
        )
    lines += [
        f"eager     {eager}, up to {amount(report.peak_bytes, 'B')} more memory",
        f"compiled  {_replayed(report)}",
        f"work      {amount(report.bytes, 'B')} moved, {amount(report.flops, '')} operations",
        f"floor     {time(report.floor)}: {time(report.memory_floor)} for memory at "
        f"{amount(rates.bandwidth, 'B/s')}, {time(report.arithmetic_floor)} for {rates.dtype} "
        f"products at {amount(rates.arithmetic, '/s')}",
    ]
    return lines


def _replayed(report: Report) -> str:
    found = report.compiled
    if found is None:
        return f"no: {report.not_compiled}"
    text = f"{time(found.seconds)} a step ({report.speedup:.1f}x), {number(found.calls, 'call')}"
    if found.device_seconds is not None:
        text += f" in {number(found.launches or 0, 'launch', 'es')}"
        text += f", {time(found.device_seconds)} on the device"
    return text + f", up to {amount(found.peak_bytes, 'B')} more memory"


def number(count: int, noun: str, plural: str = "s") -> str:
    return f"{count} {noun}" + plural * (count != 1)


def time(seconds: float) -> str:
    """Seconds in the unit that suits."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def amount(value: float, unit: str) -> str:
    """A number with a decimal prefix."""
    for prefix, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}{unit}".rstrip()
    return f"{value:.3g} {unit}".rstrip()


def short(place: str) -> str:
    """The name of a file without its folder, and the line."""
    return os.path.basename(place)


def _has_rich() -> bool:
    try:
        import_module("rich.table")
    except ImportError:
        return False
    return True


def _rich(cells: Sequence[tuple[str, ...]]) -> list[str]:
    made: Any = import_module("rich.table").Table(box=import_module("rich.box").SIMPLE_HEAD)
    for heading in HEADINGS:
        made.add_column(
            heading, justify="left" if heading in LEFT else "right", no_wrap=True, overflow="crop"
        )
    for row in cells:
        made.add_row(*row)
    text = StringIO()
    import_module("rich.console").Console(file=text, width=WIDTH, color_system=None).print(
        made, markup=False, highlight=False
    )
    return [line for line in text.getvalue().splitlines() if line.strip()]


def _plain(cells: Sequence[tuple[str, ...]]) -> list[str]:
    rows = [HEADINGS, *cells]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADINGS))]
    found = []
    for row in rows:
        padded = [
            text.ljust(width) if heading in LEFT else text.rjust(width)
            for text, width, heading in zip(row, widths, HEADINGS, strict=True)
        ]
        found.append("  ".join(padded))
    return [found[0], "-" * len(found[0]), *found[1:]]


# --- the picture ----------------------------------------------------------------------------------


def draw_timeline(report: Report, path: Path) -> Path:
    """Bars over time: the primitives of an eager step, and the calls of a replay below them."""
    figure = import_module("matplotlib.figure").Figure(figsize=(12, 4), layout="constrained")
    runs = [("eager", report.timeline, report.seconds)]
    if report.compiled is not None:
        runs.append(("compiled", report.compiled.timeline, report.compiled.seconds))
    axes = figure.subplots(len(runs), 1, sharex=True, squeeze=False)[:, 0]
    note = ", emulated: no GPU times" if report.stand_in else ""
    figure.suptitle(f"{report.name} on {report.device}: {report.verdict}{note}", fontsize=11)
    end = max((c.start + c.seconds for _, calls, _ in runs for c in calls), default=1e-6)
    for axis, (name, calls, seconds) in zip(axes, runs, strict=True):
        for phase, colour in COLOURS.items():
            bars = [(c.start * 1e6, c.seconds * 1e6) for c in calls if c.phase == phase]
            if bars:
                axis.broken_barh(
                    bars, (0, 1), color=colour, edgecolor="white", linewidth=0.3, label=phase
                )
        for call in calls:
            if call.seconds > 0.03 * end:
                middle = (call.start + call.seconds / 2) * 1e6
                axis.text(middle, 0.5, call.name, ha="center", va="center", rotation=90, fontsize=7)
        axis.set_yticks([])
        axis.set_ylabel(f"{name}\n{time(seconds)}")
        axis.legend(loc="upper right", fontsize=7)
        axis.set_xlim(0, end * 1.08e6)
    axes[-1].set_xlabel("microseconds since the step began")
    figure.savefig(path)
    return path
