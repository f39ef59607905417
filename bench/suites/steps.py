"""``python -m bench steps``: whole training steps, gpugrad against every installed peer.

Contestants take turns in one process. All of them must arrive at the same parameters, or the run
fails: a time of a step that computes something else is worth nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import contest, plots, report
from ..contest import Step
from ..options import Options
from ..peers import OURS, Contestant, contestants
from ..steps.catalog import STEPS

ROOT = Path(__file__).resolve().parents[2]

TOLERANCE = 1e-3
"""How far parameters may be apart after the first steps: float32, summed in different orders."""


def run(options: Options) -> None:
    """Measure, print and write."""
    names = contest.chosen(options.only, STEPS)
    field = list(contestants(options.peers, options.device, options.threads))
    rows, reasons = [], {}
    for name in names:
        row, without = measure(name, field, options)
        rows.append(row)
        reasons.update({f"{name}, {who}": why for who, why in without.items()})
        print(_line(row), flush=True)
    for who, why in reasons.items():
        print(f"without {who}: {why}")
    everyone = [c.name for c in field if any(c.name in row["microseconds"] for row in rows)]
    show(rows, everyone)
    if options.output is not None:
        content = {"threads": options.threads, "steps": rows, "without": reasons}
        name = "steps" if options.threads == 1 else f"steps-{options.threads}-threads"
        path = report.write(options.output, name, options.device, content)
        if options.plot:
            draw(path.with_suffix(".png"), rows, everyone, options.device)


def measure(
    name: str, field: list[Contestant], options: Options
) -> tuple[dict[str, Any], dict[str, str]]:
    """Times, memory and distances of all contestants in one step; and who is not in it, and why.

    Raises:
        DisagreementError: results differ.
    """
    steps: dict[str, Step] = {}
    without = {}
    for contestant in field:
        if name not in contestant.steps:
            continue
        try:
            step = contestant.steps[name]()
            contest.settle({contestant.name: step})
        except Exception as error:
            if contestant.name == OURS:
                raise
            # A peer that cannot do a step is left out of it; the file says why.
            says = f"{type(error).__name__}: {error}".replace(f"{ROOT}/", "")
            without[contestant.name] = says.splitlines()[0][:200]
            continue
        steps[contestant.name] = step
    apart = contest.distances(steps)
    contest.check_agreement(name, apart, TOLERANCE)
    peaks = {who: _peak(step) for who, step in steps.items()}
    times = contest.take_turns(steps, options.rounds, options.round_seconds)
    row = {
        "step": name,
        "microseconds": {who: contest.summary(t) for who, t in times.items()},
        "peak_bytes": {who: peak for who, peak in peaks.items() if peak is not None},
        "apart": {who: float(f"{d:.1e}") for who, d in apart.items()},
    }
    return row, without


def _peak(step: Step) -> int | None:
    return step.peak_bytes(lambda: step.run(0))


def _line(row: dict[str, Any]) -> str:
    cells = [f"{who} {report.number(t['min'])}" for who, t in row["microseconds"].items()]
    return f"{row['step']}, us: " + ", ".join(cells)


def fastest(row: dict[str, Any], who: str) -> float | None:
    """Microseconds of the fastest round, or None."""
    found = row["microseconds"].get(who)
    return None if found is None else float(found["min"])


def ratio(row: dict[str, Any], who: str, to: str = OURS) -> float | None:
    """How many times as long as ``to`` a contestant takes."""
    one, other = fastest(row, who), fastest(row, to)
    return None if one is None or other is None else one / other


def show(rows: list[dict[str, Any]], everyone: list[str]) -> None:
    """Three tables: times, ratios, memory."""
    report.table(
        "microseconds a step, fastest round",
        ["step", *everyone],
        [[row["step"], *(report.number(fastest(row, who)) for who in everyone)] for row in rows],
    )
    report.table(
        f"times as long as {OURS}: above 1, {OURS} is faster",
        ["step", *everyone],
        [[row["step"], *(report.number(ratio(row, who)) for who in everyone)] for row in rows],
    )
    held = [who for who in everyone if any(who in row["peak_bytes"] for row in rows)]
    report.table(
        "most memory that a step holds beside what was there before",
        ["step", *held],
        [[row["step"], *(report.size(row["peak_bytes"].get(who)) for who in held)] for row in rows],
    )


def draw(path: Path, rows: list[dict[str, Any]], everyone: list[str], device: str) -> None:
    """Bars of microseconds a step."""
    plots.bars(
        path,
        f"Training steps on {device}",
        "microseconds a step, fastest round",
        [row["step"] for row in rows],
        {who: [fastest(row, who) for row in rows] for who in everyone},
    )
