"""The benchmarks measure what they say; their figures are nobody's concern here."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpugrad
from bench import cli, compare, contest, readme, report
from bench.contest import DisagreementError, Step
from bench.device_clock import DeviceClock
from bench.kernel_cases import CASES, missing
from bench.kernel_cases.work import Case
from bench.options import Options
from bench.peers import Contestant, MissingError, contestants
from bench.steps.by_hand import STEPS as BY_HAND
from bench.steps.catalog import STEPS
from bench.steps.torch_api import EAGER
from bench.suites import kernels, ops, scale, threads
from bench.suites import steps as steps_suite
from gpugrad.backend import get_backend
from gpugrad.backend.launches import embedding
from gpugrad.device import device as Device

Array = Any

QUICK = Options(rounds=2, round_seconds=1e-4, quick=True)
SLOW = ("sigmoid-mse", "optimizer")
"""Steps whose size makes them slow."""


def fixed(value: float) -> Step:
    return Step(lambda i: None, lambda: np.array([value]))


# --- the contest ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in BY_HAND if name not in SLOW])
def test_steps_agree_with_those_by_hand(name: str) -> None:
    field = {"gpugrad": STEPS[name](gpugrad, "cpu", EAGER), "NumPy": BY_HAND[name](np)}
    before = contest.distances(field)
    contest.settle(field, 5)
    contest.check_agreement(name, contest.distances(field), 1e-5)
    assert before["NumPy"] == 0
    assert np.abs(field["gpugrad"].values() - STEPS[name](gpugrad, "cpu", EAGER).values()).any()


@pytest.mark.parametrize("name", ["attention", "hvp"])
def test_steps_run(name: str) -> None:
    step = STEPS[name](gpugrad, "cpu", EAGER)
    step.run(0)
    assert np.isfinite(step.values()).all()


@pytest.mark.parametrize("other", [1.1, float("nan")])
def test_different_results_end_the_run(other: float) -> None:
    apart = contest.distances({"one": fixed(1), "same": fixed(1), "other": fixed(other)})
    with pytest.raises(DisagreementError, match=r"a step: results differ from one's: other by"):
        contest.check_agreement("a step", apart, 1e-3)


def test_different_shapes_end_the_run() -> None:
    many = Step(lambda i: None, lambda: np.zeros(2))
    with pytest.raises(DisagreementError, match="many: 2 numbers instead of 1"):
        contest.distances({"one": fixed(1), "many": many})


def test_contestants_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    turns: list[str] = []

    def named(who: str) -> Step:
        return Step(lambda i: turns.append(who), lambda: np.zeros(1))

    steps = {who: named(who) for who in "ab"}
    found = contest.take_turns(steps, 3, 1.0)
    assert turns[2:] == ["a", "b"] * 3
    assert found == {"a": [1e6] * 3, "b": [1e6] * 3}


def test_a_peer_that_fails_is_left_out_with_the_reason() -> None:
    def broken() -> Step:
        raise NotImplementedError("no such op")

    field = [Contestant("gpugrad", {"s": lambda: fixed(1)}), Contestant("peer", {"s": broken})]
    row, without = steps_suite.measure("s", field, QUICK)
    assert without == {"peer": "NotImplementedError: no such op"}
    assert list(row["microseconds"]) == ["gpugrad"]


def test_gpugrad_may_not_fail() -> None:
    def broken() -> Step:
        raise NotImplementedError("no such op")

    with pytest.raises(NotImplementedError):
        steps_suite.measure("s", [Contestant("gpugrad", {"s": broken})], QUICK)


def test_a_missing_peer_is_named() -> None:
    with pytest.raises(MissingError, match="mygrad does not run on cuda"):
        list(contestants(["mygrad"], "cuda", 1))


def test_memory_of_a_step() -> None:
    (ours, *_) = contestants([], "cpu", 1)
    step = ours.steps["mlp-sgd"]()
    step.run(0)
    peak = step.peak_bytes(lambda: np.ones(10**6))
    assert peak is not None
    assert 8e6 <= peak < 9e6


# --- other suites ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ops.OPS)
def test_ops(name: str) -> None:
    for direction, field in ops.steps(name, 4, {"gpugrad": gpugrad}, "cpu"):
        contest.check_agreement(direction, contest.distances(field), 1e-5)
        for step in field.values():
            step.run(0)


def test_products_are_timed_with_one_thread_and_with_two() -> None:
    before = gpugrad.get_num_threads()
    row = threads.row((8, 8, 8), 2, QUICK)
    assert row["shape"] == [8, 8, 8]
    assert {way: sorted(found) for way, found in row["microseconds"].items()} == {
        way: ["median", "min"] for way in ("one", "blas", "gpugrad")
    }
    gpugrad.set_num_threads(before)


def test_scale_counts_every_node() -> None:
    assert set(scale.once(gpugrad, 50, "cpu")) == {"forward", "backward", "free"}


def test_command_writes_and_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["steps", "ops", "--quick", "--rounds=1", "--peers=none", "--no-plot"]
    assert cli.measure([*arguments, "--only=sum", f"--output={tmp_path}", "--no-file"]) == 1
    assert "no such case" in capsys.readouterr().err
    assert cli.measure([*arguments[1:], "--only=sum", f"--output={tmp_path}"]) == 0
    path = tmp_path / "ops-cpu.json"
    assert [row["op"] for row in json.loads(path.read_text())["ops"]] == ["sum"] * 4
    assert cli.main(["compare", str(path), str(path)]) == 0


# --- results --------------------------------------------------------------------------------------


def result(**fastest: float) -> dict[str, Any]:
    microseconds = {who: {"min": t, "median": t * 1.05} for who, t in fastest.items()}
    row = {"step": "xor", "microseconds": microseconds, "peak_bytes": {}, "apart": {}}
    head = {
        "suite": "steps",
        "device": "cpu",
        "date": "2030-01-02",
        "processor": "P",
        "cores": 2,
        "versions": {"python": "3.12", "numpy": "2"},
    }
    return {"head": head, "threads": 1, "steps": [row]}


def test_slower_beyond_noise() -> None:
    def slower(old: float, new: float, **more: Any) -> bool:
        (change,) = compare.changes(result(gpugrad=old), result(gpugrad=new), 0.1, **more)
        return change.slower

    assert not slower(100, 109)
    assert slower(100, 112)
    noisy = result(gpugrad=100)
    noisy["steps"][0]["microseconds"]["gpugrad"]["median"] = 140
    (change,) = compare.changes(noisy, result(gpugrad=130), 0.1)
    assert not change.slower


def test_results_of_every_suite_are_compared() -> None:
    assert set(compare._READERS) == set(cli.SUITES)
    for path in report.RESULTS.glob("*.json"):
        assert compare.times(report.read(path)), path


def test_a_yardstick_takes_the_machine_out() -> None:
    old, new = result(gpugrad=100, NumPy=10), result(gpugrad=200, NumPy=20)
    assert compare.changes(old, new, 0.1)[0].slower
    assert not compare.changes(old, new, 0.1, "NumPy")[0].slower


def test_readme_from_files(tmp_path: Path) -> None:
    content = result(gpugrad=50, PyTorch=150)
    (tmp_path / "steps-cpu.json").write_text(json.dumps(content))
    times = {
        "one": {"min": 30.0, "median": 31.0},
        "blas": {"min": 20.0, "median": 90.0},
        "gpugrad": {"min": 20.0, "median": 20.5},
    }
    products = {"threads": 2, "products": [{"shape": [64, 32, 16], "microseconds": times}]}
    (tmp_path / "threads-cpu.json").write_text(json.dumps(products))
    text = f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n"
    fresh = readme.rewritten(text, readme.section(tmp_path))
    assert "| xor | 50 | 150 (3x) |" in fresh
    assert "| 64 x 32 x 16 | 30 (31) | 20 (90) | 20 (20.5) |" in fresh
    assert "old" not in fresh
    assert fresh.startswith("before\n")
    assert fresh.endswith("after\n")
    with pytest.raises(ValueError, match="must have the lines"):
        readme.rewritten("no markers", "")


def test_readme_shows_the_result_files() -> None:
    """The README's figures are those of the files; ``python -m bench readme`` makes them so."""
    assert readme.main(["--check"]) == 0


def test_numbers() -> None:
    said = [report.number(n) for n in (None, 0, 0.01234, 1.236, 99.94, 123456, 2e-6)]
    assert said == ["-", "0", "0.0123", "1.24", "99.9", "123,456", "2.0e-06"]
    assert [report.size(n) for n in (None, 10, 2**20, 3 * 2**30)] == ["-", "10 B", "1 MB", "3.0 GB"]


def test_plots(tmp_path: Path) -> None:
    rows = result(gpugrad=50, PyTorch=150)["steps"]
    steps_suite.draw(tmp_path / "steps.png", rows, ["gpugrad", "PyTorch", "absent"], "cpu")
    columns = {"copy_us": [1.0, 90.0], "ours_us": [2.0, 100.0]}
    kernels.draw(tmp_path / "k.png", [{"kernel": "k", "bytes": [2**10, 2**26], **columns}])
    per_node = {"gpugrad": {"backward": {"min": 1.0, "median": 1.0}}}
    scale.draw(
        tmp_path / "scale.png",
        [{"nodes": 10, "microseconds_per_node": per_node}],
        ["gpugrad"],
        "cpu",
    )
    assert {path.read_bytes()[:4] for path in tmp_path.iterdir()} == {b"\x89PNG"}


# --- kernels --------------------------------------------------------------------------------------


def test_every_kernel_has_a_case() -> None:
    assert missing() == []


@pytest.mark.parametrize("name", CASES)
def test_kernels_on_the_stand_in(name: str, host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "embedding_backward_sorted":  # as if there were too many rows to look through
        monkeypatch.setattr(embedding, "MOST_COMPARISONS", 0)
    xp: Any = get_backend(Device("cuda"))
    clock = DeviceClock(xp.module, flush_bytes=1024, host_calls=1)
    row = kernels.measure(name, xp, clock, (2**10, 2**13), runs=1)
    assert row["bytes"] == [2**10, 2**13][: 1 if name == "update_scale" else 2]
    assert row["moved"][-1] >= row["moved"][0] > 0
    assert all(t > 0 for t in row["ours_us"])


def test_a_case_must_launch_its_kernel(host: Any) -> None:
    xp: Any = get_backend(Device("cuda"))
    x = xp.zeros((4,), "float32")
    case = Case(lambda: xp.relu(x), lambda: xp.relu(x), [x])
    with pytest.raises(kernels.MismatchError, match="the case of other launches relu_forward"):
        kernels.check("other", xp, case, "float32")
    wrong = Case(lambda: xp.relu(x), lambda: xp.add(x, 1), [x])
    with pytest.raises(kernels.MismatchError, match="relu_forward: off by"):
        kernels.check("relu_forward", xp, wrong, "float32")


def test_goals() -> None:
    row: dict[str, Any] = {
        "bytes": [2**10, 2**26],
        "copy_us": [2.0, 95.0],
        "ours_us": [4.0, 100.0],
        "ours_host_us": [5.0, 5.0],
        "torch_us": [3.0, 110.0],
        "torch_host_us": [6.0, 6.0],
        "composed_us": [None, None],
        "composed_host_us": [None, None],
    }
    assert kernels.goals(row) == {
        "share": (0.95, True),
        "torch": (1.1, True),
        "composed": (None, False),
        "host": (5.0, True),
    }


def test_without_a_device_the_reason_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_device() -> Any:
        raise kernels.UnavailableError("the suite 'kernels' needs a CUDA device: there is none")

    monkeypatch.setattr(kernels, "require", no_device)
    assert cli.measure(["kernels", "--device", "cuda", "--peers=none"]) == 1
    assert "there is none" in capsys.readouterr().err
