"""``python -m bench compare OLD.json NEW.json``: whether gpugrad has become slower.

A measurement counts as slower where its fastest round grew by more than a tolerance and by more
than the noise of either run, which is how far the median was above the fastest. Both files must be
of one suite; those that pytest-benchmark writes work too. Exit status 1 says that something is
slower.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import report
from .peers import OURS, OURS_COMPILED

TOLERANCE = 0.1

MOST_NOISE = 0.5
"""On a busy machine the median says little of the fastest round: what grew by more is slower."""


@dataclass(frozen=True)
class Time:
    """A measured time, in whatever unit its suite has."""

    fastest: float
    median: float

    @property
    def noise(self) -> float:
        """How much longer than the fastest the usual round took, up to a limit."""
        return min(self.median / self.fastest - 1, MOST_NOISE) if self.fastest else 0.0


Times = dict[tuple[str, str], Time]
"""Measurements by what was measured and who."""


def times(result: dict[str, Any]) -> Times:
    """Everything that a result file has measured.

    Raises:
        ValueError: it is no result file.
    """
    suite = result.get("head", {}).get("suite", "").partition("-")[0]  # of "steps-2-threads", too
    if "benchmarks" in result:
        found = {
            (row["fullname"], OURS): Time(row["stats"]["min"], row["stats"]["median"])
            for row in result["benchmarks"]
        }
    elif suite in _READERS:
        found = dict(_READERS[suite](result))
    else:
        raise ValueError("not a result file of this package or of pytest-benchmark")
    return found


Items = Iterator[tuple[tuple[str, str], Time]]


def _everybody(what: str, measured: dict[str, dict[str, float]]) -> Items:
    for who, time in measured.items():
        yield (what, who), Time(time["min"], time["median"])


def _of_steps(result: dict[str, Any]) -> Items:
    for row in result["steps"]:
        yield from _everybody(row["step"], row["microseconds"])


def _of_ops(result: dict[str, Any]) -> Items:
    for row in result["ops"]:
        yield from _everybody(
            f"{row['op']}, {row['size']}, {row['direction']}", row["microseconds"]
        )


def _of_scale(result: dict[str, Any]) -> Items:
    for row in result["scale"]:
        for who, parts in row["microseconds_per_node"].items():
            for part, time in parts.items():
                yield from _everybody(f"{row['nodes']:,} nodes, {part}", {who: time})


def _of_threads(result: dict[str, Any]) -> Items:
    names = {"one": "1 thread", "blas": "BLAS's choice", "gpugrad": OURS}
    for row in result["products"]:
        measured = {names[way]: time for way, time in row["microseconds"].items()}
        yield from _everybody("product " + "x".join(map(str, row["shape"])), measured)


def _of_import(result: dict[str, Any]) -> Items:
    for row in result["import"]:
        yield from _everybody("import", {row["package"]: row["milliseconds"]})


def _of_kernels(result: dict[str, Any]) -> Items:
    names = {"ours": OURS, "composed": "composed", "torch": "PyTorch"}
    for row in result["kernels"]:
        for who, name in names.items():
            for size, time in zip(row["bytes"], row[f"{who}_us"], strict=True):
                if time is not None:
                    yield (f"{row['kernel']}, {report.size(size)}", name), Time(time, time)


_READERS = {
    "steps": _of_steps,
    "ops": _of_ops,
    "scale": _of_scale,
    "threads": _of_threads,
    "import": _of_import,
    "kernels": _of_kernels,
}


@dataclass(frozen=True)
class Change:
    """A measurement of both files.

    Attributes:
        what, who: of which contestant it is.
        old, new: the times.
        growth: new over old; with a yardstick, of the ratios to it.
        limit: above this growth it is slower, and not just noise.
    """

    what: str
    who: str
    old: Time
    new: Time
    growth: float
    limit: float

    @property
    def slower(self) -> bool:
        return self.growth > self.limit


def changes(
    old: dict[str, Any], new: dict[str, Any], tolerance: float, yardstick: str | None = None
) -> list[Change]:
    """What both files have of gpugrad.

    Args:
        old, new: the files' contents.
        tolerance: growth that is let pass.
        yardstick: a contestant whose own times say how fast each machine was.
    """
    before, after = times(old), times(new)
    found = []
    for key in before.keys() & after.keys():
        what, who = key
        if who not in (OURS, OURS_COMPILED):
            continue
        measured = [before[key], after[key]]
        growth = after[key].fastest / before[key].fastest
        if yardstick is not None:
            scale = (what, yardstick)
            if scale not in before or scale not in after:
                continue
            growth *= before[scale].fastest / after[scale].fastest
            measured += [before[scale], after[scale]]
        limit = 1 + max(tolerance, *(time.noise for time in measured))
        found.append(Change(what, who, before[key], after[key], growth, limit))
    return sorted(found, key=lambda change: -change.growth)


def main(arguments: Sequence[str]) -> int:
    """Print what has changed; 1 if anything is slower."""
    parser = argparse.ArgumentParser(prog="python -m bench compare", description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    parser.add_argument("--yardstick", help="compare ratios to this contestant, such as NumPy")
    chosen = parser.parse_args(arguments)
    old, new = report.read(chosen.old), report.read(chosen.new)
    found = changes(old, new, chosen.tolerance, chosen.yardstick)
    if not found:
        print("the files have no measurement in common")
        return 1
    report.table(
        "new over old",
        ["what", "who", "old", "new", "growth", "limit", "verdict"],
        [
            [
                change.what,
                change.who,
                report.number(change.old.fastest),
                report.number(change.new.fastest),
                f"{change.growth:.2f}",
                f"{change.limit:.2f}",
                "slower" if change.slower else "",
            ]
            for change in found
        ],
    )
    slower = sum(change.slower for change in found)
    print(f"{slower} of {len(found)} measurements are slower beyond noise")
    return int(slower > 0)
