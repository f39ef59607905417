"""The whole comparison: ``python -m tests.oracle.operator_samples [NAME ...] [--samples N]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from .cases import in_scope
from .running import Extent, Report, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="operators; all if none is named")
    parser.add_argument("--prefix", default="", help="only operators whose name starts so")
    parser.add_argument("--samples", type=int, default=None, help="samples of each type")
    parser.add_argument("--references", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=20.0, help="time for one operator")
    parser.add_argument("--gaps", type=int, default=3, help="gaps printed for one operator")
    parser.add_argument("--part", default="0/1", help="I/N: the I-th of N parts of the operators")
    parser.add_argument("--json", type=Path, help="file for the gaps of every operator")
    options = parser.parse_args()
    extent = Extent(options.samples, options.references, options.seconds)
    index, count = map(int, options.part.split("/"))
    ops = [
        op
        for op in in_scope()
        if (not options.names or op.name in options.names) and op.name.startswith(options.prefix)
    ][index::count]
    reports = []
    for op in ops:
        report = run(op, extent)
        reports.append(report)
        if report.gaps:
            say(f"{report.name}: {len(report.gaps)} gaps, {dict(report.endings)}")
            for gap in report.gaps[: options.gaps]:
                say(f"    {gap}")
    say(summary(reports))
    if options.json:
        options.json.write_text(json.dumps({r.name: [dict(r.endings), r.gaps] for r in reports}))


def say(line: str) -> None:
    """Show a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def summary(reports: list[Report]) -> str:
    """Counts of operators and samples."""
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report.endings)
    absent = [r.name for r in reports if r.endings["absent"]]
    wrong = [r for r in reports if r.gaps]
    return (
        f"{len(reports)} operators, {len(reports) - len(absent)} compared, {len(wrong)} with gaps; "
        f"{dict(total)}\nabsent: {' '.join(absent)}"
    )


if __name__ == "__main__":
    main()
