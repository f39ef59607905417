"""Times of a statement, their median, and tables of several."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

_UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_UNCERTAIN, _VERY_UNCERTAIN = 0.1, 0.25
"""Distance of the quartiles as a share of the median from which on there is a warning."""

_CERTAIN_DIGITS = 5


@dataclass(frozen=True)
class TaskSpec:
    """What was measured: see :class:`gpugrad.utils.benchmark.Timer`."""

    stmt: str
    setup: str = "pass"
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The labels, or the statement."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        if "\n" not in self.stmt:
            return self.stmt + (f": {self.sub_label}" if self.sub_label else "")
        return "stmt:" + (f" ({self.sub_label})" if self.sub_label else "") + _indented(self.stmt)

    @property
    def setup_text(self) -> str:
        """The setup as a line or lines; empty if there is none."""
        if self.setup in ("", "pass") or (self.label is not None and self.description):
            return ""
        return f"setup:{_indented(self.setup)}" if "\n" in self.setup else f"setup: {self.setup}"


def _indented(code: str) -> str:
    return "\n" + "\n".join("  " + line for line in code.splitlines()) + "\n"


@dataclass
class Measurement:
    """Times of blocks of executions.

    Attributes:
        number_per_run: executions in a block.
        raw_times: seconds of each block.
        task_spec: what was measured.
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[str, object] | None = field(default=None)

    @property
    def times(self) -> list[float]:
        """Seconds of one execution, in each block."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.times)

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def iqr(self) -> float:
        """The distance of the quartiles."""
        low, high = self._quartiles()
        return high - low

    @property
    def title(self) -> str:
        return self.task_spec.title

    @property
    def significant_figures(self) -> int:
        """Digits that further measurements would not change: 1 to 5.

        Of the distance that an interval of 95 % has for a normal distribution with these quartiles.
        """
        if self.median <= 0:
            return _CERTAIN_DIGITS
        width = 1.645 * 2 * self.iqr / math.sqrt(max(len(self.times), 1)) / self.median
        if width <= 0:
            return _CERTAIN_DIGITS
        return min(max(math.floor(-math.log10(min(width, 0.999))) + 1, 1), _CERTAIN_DIGITS)

    @property
    def has_warnings(self) -> bool:
        """Whether the times are far apart."""
        return not self.meets_confidence(_UNCERTAIN)

    def meets_confidence(self, threshold: float = _UNCERTAIN) -> bool:
        """Whether the distance of the quartiles is less than so many medians."""
        return self.iqr / self.median < threshold if self.median > 0 else True

    def _quartiles(self) -> tuple[float, float]:
        times = sorted(self.times)
        if len(times) == 1:
            return times[0], times[0]
        low, _, high = statistics.quantiles(times, n=4, method="inclusive")
        return low, high

    @staticmethod
    def merge(measurements: Sequence[Measurement]) -> list[Measurement]:
        """Measurements of the same task in one each, as if made in one go."""
        found: dict[tuple[TaskSpec, int], Measurement] = {}
        for each in measurements:
            key = (each.task_spec, each.number_per_run)
            if key in found:
                found[key] = replace(found[key], raw_times=found[key].raw_times + each.raw_times)
            else:
                found[key] = each
        return list(found.values())

    def __repr__(self) -> str:
        lines = [f"<{type(self).__module__}.{type(self).__name__} object at {id(self):#x}>"]
        spec = self.task_spec
        lines += [text for text in (self.title, spec.description or "", spec.setup_text) if text]
        unit, scale = unit_of(self.median)
        runs, number = len(self.raw_times), self.number_per_run
        if runs == 1:
            lines.append(f"  {self.median / scale:.2f} {unit}")
        else:
            low, high = self._quartiles()
            lines.append(f"  Median: {self.median / scale:.2f} {unit}")
            if runs >= 4:
                spread = f"({low / scale:.2f} to {high / scale:.2f})"
                lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} {spread}")
        per = " per measurement," if runs > 1 else ","
        lines.append(
            f"  {runs} measurement{'s' * (runs > 1)}, {number} run{'s' * (number > 1)}{per} "
            f"{spec.num_threads} thread{'s' * (spec.num_threads > 1)}"
        )
        share = self.iqr / self.median if self.median > 0 else 0.0
        if share >= _UNCERTAIN:
            degree = "significant" if share >= _VERY_UNCERTAIN else "possible"
            lines.append(f"  WARNING: the quartiles are {share:.1%} of the median apart, which "
                         f"suggests {degree} influence of the surroundings.")  # fmt: skip
        return "\n".join(lines)


def unit_of(seconds: float) -> tuple[str, float]:
    """The unit in which a time is shown, and its length in seconds."""
    return next(((u, scale) for u, scale in _UNITS if seconds >= scale), _UNITS[-1])


class Compare:
    """A table of measurements: a row for each ``sub_label``, a column for each ``description``.

    >>> from gpugrad.utils.benchmark import Compare, Timer
    >>> Compare([Timer("1 + 1", label="sum", description="ints").timeit(10)]).print()
    ... # doctest: +ELLIPSIS
    [...
    """

    def __init__(self, results: Sequence[Measurement]) -> None:
        self._results: list[Measurement] = []
        self._trim = False
        self.extend_results(results)

    def extend_results(self, results: Sequence[Measurement]) -> None:
        """Add measurements."""
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(f"Expected an instance of `Measurement`, got {type(result)}")
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Show only the digits that further measurements would not change."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Accepted for PyTorch's sake: the table has no colours."""

    def print(self) -> None:
        """Print the tables, one for each label."""
        print(str(self))  # noqa: T201  # what the method is for

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        labels = list(dict.fromkeys(m.task_spec.label for m in merged))
        return "\n".join(self._table([m for m in merged if m.task_spec.label == n]) for n in labels)

    def _table(self, results: list[Measurement]) -> str:
        unit, scale = unit_of(min(m.median for m in results))
        columns = list(dict.fromkeys(m.task_spec.description or "" for m in results))
        threads = list(dict.fromkeys(m.task_spec.num_threads for m in results))
        lines: list[list[str]] = []
        for count in threads:
            mine = [m for m in results if m.task_spec.num_threads == count]
            lines.append([f"{count} threads:", *[""] * len(columns)])
            for name in dict.fromkeys(_row_name(m) for m in mine):
                cells = {
                    m.task_spec.description or "": self._number(m, scale)
                    for m in mine
                    if _row_name(m) == name
                }
                lines.append([f"      {name}", *(cells.get(column, "") for column in columns)])
        body = [["", *columns], *lines]
        widths = [max(len(row[n]) for row in body) for n in range(len(columns) + 1)]
        texts = [
            row[0].ljust(widths[0])
            + "".join(f"  |  {cell.rjust(w)}" for cell, w in zip(row[1:], widths[1:], strict=True))
            for row in body
        ]
        rule = len(texts[0])
        texts = [
            f"{text.split(':')[0]}: ".ljust(rule, "-") if " threads:" in text else text.rstrip()
            for text in texts
        ]
        title = f" {results[0].task_spec.label or results[0].title} "
        head = f"[{title.center(max(rule - 2, len(title)), '-')}]"
        return "\n".join([head, *texts, "", f"Times are in {_NAMES[unit]} ({unit}).", ""])

    def _number(self, measurement: Measurement, scale: float) -> str:
        value = measurement.median / scale
        if not self._trim or value <= 0:
            return f"{value:.1f}"
        digits = measurement.significant_figures - 1 - math.floor(math.log10(value))
        return f"{round(value, digits):.{max(digits, 0)}f}"


def _row_name(measurement: Measurement) -> str:
    spec = measurement.task_spec
    name = spec.sub_label or spec.stmt.replace("\n", "; ")
    return f"{name} ({spec.env})" if spec.env else name
