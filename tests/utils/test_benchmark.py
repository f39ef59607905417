"""Timers of statements, with a clock that the tests wind themselves."""

from __future__ import annotations

import re
from typing import Any

import pytest

import gpugrad
from gpugrad.utils.benchmark import Compare, Measurement, TaskSpec, Timer, timer


class Clock:
    """Every look at it takes a microsecond; statements take what they say."""

    def __init__(self) -> None:
        self.now = 0.0
        self.runs = 0

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now

    def work(self, seconds: float) -> None:
        self.runs += 1
        self.now += seconds


def measured(times: list[float], **task: Any) -> Measurement:
    return Measurement(1, times, TaskSpec(**{"stmt": "x", **task}))


def test_timeit() -> None:
    clock = Clock()
    found = Timer("work(0.01)", timer=clock, globals={"work": clock.work}).timeit(500)
    assert clock.runs == 500 + 5
    assert (found.number_per_run, len(found.times)) == (500, 1)
    assert found.mean == found.median == pytest.approx(0.01, rel=1e-3)


def test_setup_is_run_once_for_each_measurement() -> None:
    seen: list[str] = []
    names = {"seen": seen}
    found = Timer("seen.append('s')", "seen.append('i')", globals=names).timeit(300)
    assert seen.count("i") == 2
    assert seen.count("s") == 303
    assert found.number_per_run == 300


def test_blocked_autorange() -> None:
    clock = Clock()
    calls: list[tuple[int, float]] = []
    task = Timer("work(2e-5)", timer=clock, globals={"work": clock.work})
    found = task.blocked_autorange(lambda n, t: calls.append((n, t)), min_run_time=0.1)
    assert found.number_per_run == 100  # ten would take less than a thousand looks at the clock
    assert sum(found.raw_times) >= 0.1 > sum(found.raw_times[:-1])
    assert calls == [(100, t) for t in found.raw_times]
    assert found.median == pytest.approx(2e-5, rel=1e-2)


def test_adaptive_autorange() -> None:
    clock = Clock()
    task = Timer("work(0.001)", timer=clock, globals={"work": clock.work})
    assert 4 <= len(task.adaptive_autorange().times) < 20
    turns = iter(range(10**6))
    uneven = Timer(
        "work(0.001 if next(turns) % 2 else 0.5)",
        timer=clock,
        globals={"work": clock.work, "turns": turns},
    )
    found = uneven.adaptive_autorange(max_run_time=2.0)
    assert 2.0 <= sum(found.raw_times) < 4.0


def test_code_of_several_lines() -> None:
    code = """
        y = x + x
        for _ in range(2):
            y = y * x
        seen.append(y.sum().item())
    """
    seen: list[float] = []
    Timer(code, globals={"x": gpugrad.ones(3) * 2, "seen": seen}).timeit(1)
    assert seen == [3 * 16] * 3


def test_the_package_is_there_as_torch() -> None:
    Timer("torch.ones(2)").timeit(1)
    seen: list[Any] = []
    Timer("seen.append(torch)", globals={"torch": 5, "seen": seen}).timeit(1)
    assert set(seen) == {5}


def test_threads_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    monkeypatch.setattr("gpugrad.utils.benchmark.set_num_threads", counts.append)
    monkeypatch.setattr("gpugrad.utils.benchmark.get_num_threads", lambda: 2)
    Timer("pass", num_threads=3).timeit(1)
    with pytest.raises(ZeroDivisionError):
        Timer("1 / 0").timeit(1)
    assert counts == [3, 2, 1, 2]


def test_other_languages() -> None:
    with pytest.raises(ValueError, match=r"statements in Python, not in c\+\+"):
        Timer("int x;", language="c++")


def test_timer_waits_for_the_device(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gpugrad.ones(1, device="cuda")
    waited: list[None] = []
    monkeypatch.setattr(gpugrad.cuda, "synchronize", lambda: waited.append(None))
    timer()
    assert len(waited) == 1


# --- measurements ---------------------------------------------------------------------------------


def test_statistics() -> None:
    found = measured([1.0, 2.0, 3.0, 4.0, 10.0])
    assert (found.mean, found.median, found.iqr) == (4.0, 3.0, 2.0)
    assert found.has_warnings
    assert found.meets_confidence(0.7)
    assert not measured([1.0, 1.0, 1.0]).has_warnings
    assert measured([1.0, 1.0]).significant_figures == 5
    assert measured([1.0, 2.0, 3.0]).significant_figures == 1


def test_printed_form() -> None:
    text = repr(measured([1e-3, 1.1e-3, 1.2e-3, 1.3e-3], label="sum", sub_label="small",
                         description="ours"))  # fmt: skip
    assert re.sub("0x[0-9a-f]+", "0x0", text).splitlines() == [
        "<gpugrad.utils.measurement.Measurement object at 0x0>",
        "sum: small",
        "ours",
        "  Median: 1.15 ms",
        "  IQR:    0.15 ms (1.07 to 1.22)",
        "  4 measurements, 1 run per measurement, 1 thread",
        "  WARNING: the quartiles are 13.0% of the median apart, which suggests possible influence "
        "of the surroundings.",
    ]
    lines = repr(Measurement(10, [2e-5], TaskSpec("a\nb", "c = 1", num_threads=2))).splitlines()
    assert lines[1:] == [
        *("stmt:", "  a", "  b", "", "setup: c = 1"),
        *("  2.00 us", "  1 measurement, 10 runs, 2 threads"),
    ]  # fmt: skip


def test_same_tasks_are_merged() -> None:
    a, b, other = measured([1.0]), measured([2.0]), measured([3.0], label="other")
    assert [m.raw_times for m in Measurement.merge([a, other, b])] == [[1.0, 2.0], [3.0]]


def test_comparison() -> None:
    table = Compare(
        [
            measured([1.2e-5], label="sum", sub_label="small", description="ours"),
            measured([3.4e-5], label="sum", sub_label="small", description="theirs"),
            measured([1.5e-3], label="sum", sub_label="large", description="ours"),
        ]
    )
    assert str(table).splitlines() == [
        "[------------- sum -------------]",
        "             |    ours  |  theirs",
        "1 threads: ----------------------",
        "      small  |    12.0  |    34.0",
        "      large  |  1500.0  |",
        "",
        "Times are in microseconds (us).",
    ]
    table.trim_significant_figures()
    assert "12 " in str(table) or "12.000" in str(table)
    with pytest.raises(ValueError, match="Expected an instance of `Measurement`"):
        table.extend_results([1])  # type: ignore[list-item]
