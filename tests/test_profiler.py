"""PyTorch's profiler and timers: what tutorials do with them."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.backend import cpu, recording
from gpugrad.profiler import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    supported_activities,
    tensorboard_trace_handler,
)
from gpugrad.profiler.spans import clocks


def network() -> tuple[Any, Any]:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), gpugrad.ones(3, 4)


def keys(events: Any) -> list[str]:
    return [event.key for event in events]


# --- events ---------------------------------------------------------------------------------------


def test_counts_and_sums() -> None:
    net, x = network()
    with profile() as prof:
        net(x)
        net(x)
    assert keys(prof.events()) == ["linear", "relu", "linear"] * 2
    averages = {event.key: event for event in prof.key_averages()}
    assert averages["linear"].count == 4
    events = [e for e in prof.events() if e.key == "linear"]
    total = sum(e.cpu_time_total for e in events)
    assert averages["linear"].cpu_time_total == pytest.approx(total)
    assert averages["linear"].cpu_time == pytest.approx(total / 4)
    assert prof.key_averages().total_average().count == 6
    assert all(e.cpu_time_total > 0 for e in prof.events())


def test_named_parts_have_their_events_as_parts() -> None:
    net, x = network()
    with profile(profile_memory=True) as prof, record_function("all"):
        with record_function("forward"):
            y = net(x).sum()
        y.backward()
    found = {event.key: event for event in prof.key_averages()}
    inside = ("linear", "relu", "sum")
    parts = sum(found[name].cpu_time_total for name in inside)
    forward, whole = found["forward"], found["all"]
    assert forward.self_cpu_time_total == pytest.approx(forward.cpu_time_total - parts)
    assert whole.cpu_time_total > forward.cpu_time_total > parts
    assert forward.cpu_memory_usage == 4 * (3 * 8 + 3 * 8 + 3 * 2 + 1)
    assert found["relu"].self_cpu_memory_usage == 4 * 24
    whole_time = prof.events().self_cpu_time_total
    assert whole_time == pytest.approx(whole.cpu_time_total)


def test_record_function_without_a_profile_does_nothing() -> None:
    @record_function("part")
    def part(x: Any) -> Any:
        return x + 1

    assert part(gpugrad.ones(1)).tolist() == [2]
    with profile() as prof:
        part(gpugrad.ones(1))
    assert "part" in keys(prof.events())


def test_shapes_flops_and_lines() -> None:
    x = gpugrad.ones(2, 3)
    with profile(record_shapes=True, with_flops=True, with_stack=True) as prof:
        _ = x @ x.T
        _ = x.T @ x
    assert len(prof.key_averages()) == 1
    by_shape = prof.key_averages(group_by_input_shape=True)
    assert [e.input_shapes for e in by_shape] == [((2, 3), (3, 2)), ((3, 2), (2, 3))]
    assert [e.flops for e in by_shape] == [24, 36]
    assert len(prof.key_averages(group_by_stack_n=5)) == 2


def test_memory_of_results_written_into_others_is_not_new() -> None:
    x = gpugrad.ones(100)
    with profile(profile_memory=True) as prof:
        x.zero_()
        x.exp()
    assert [e.cpu_memory_usage for e in prof.events()] == [0, 400]


def test_device(host: Any) -> None:
    x = gpugrad.ones(8, 4, device="cuda")
    activities = [ProfilerActivity.CPU, ProfilerActivity.CUDA]
    with profile(activities=activities) as prof:
        _ = (x * 2).sum()
    assert keys(prof.events()) == ["mul", "sum"]
    event = prof.key_averages()[0]
    assert event.device_time_total == event.cuda_time_total > 0
    text = prof.key_averages().table(sort_by="cuda_time_total")
    assert "Self CUDA %" in text and "Self CUDA time total" in text


def test_compiled_functions_run_in_eager_mode() -> None:
    x = gpugrad.ones(3)
    compiled = gpugrad.compile(lambda x: x * 2 + 1)
    for _ in range(4):
        compiled(x)
    with profile() as prof:
        compiled(x)
    assert keys(prof.events()) == ["mul", "add"]


# --- the table and the trace ----------------------------------------------------------------------


def test_table() -> None:
    net, x = network()
    with profile(profile_memory=True, with_flops=True) as prof:
        net(x)
    lines = prof.key_averages().table(sort_by="cpu_time_total", row_limit=1).splitlines()
    headings = "Name|Self CPU %|Self CPU|CPU total %|CPU total|CPU time avg|CPU Mem|Self CPU Mem"
    assert re.split(" {2,}", lines[1].strip()) == [
        *headings.split("|"), "# of Calls", "Total FLOPs",
    ]  # fmt: skip
    assert len(lines) == 6
    assert lines[-1].startswith("Self CPU time total: ")
    text = prof.key_averages().table(time_unit="ms", header="Title", max_name_column_width=5)
    assert "us" not in text
    assert text.splitlines()[1] == "Title"
    assert "li..." in text
    assert str(prof.key_averages()) == prof.key_averages().table()


def test_table_sorts() -> None:
    net, x = network()
    with profile() as prof:
        net(x)
    averages = prof.key_averages()
    body = averages.table(sort_by="count").splitlines()[3:5]
    assert [line.split()[0] for line in body] == ["linear", "relu"]
    with pytest.raises(AttributeError, match="'FunctionEventAvg' object has no attribute 'speed'"):
        averages.table(sort_by="speed")


@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_chrome_trace(name: str, tmp_path: Path) -> None:
    net, x = network()
    with profile() as prof, record_function("forward"):
        net(x)
    path = tmp_path / name
    prof.export_chrome_trace(str(path))
    read = gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()
    events = json.loads(read)["traceEvents"]
    assert [e["name"] for e in events] == ["forward", "linear", "relu", "linear"]
    around, *inside = events
    for event in inside:
        assert around["ts"] <= event["ts"]
        assert event["ts"] + event["dur"] <= around["ts"] + around["dur"]
    assert inside[0]["args"]["Input Dims"] == [[3, 4], [8, 4], [8]]


# --- steps ----------------------------------------------------------------------------------------

N, W, R, S = ProfilerAction.NONE, ProfilerAction.WARMUP, ProfilerAction.RECORD, "save"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"wait": 1, "warmup": 1, "active": 2, "repeat": 2}, [N, W, R, S, N, W, R, S, N, N]),
        ({"wait": 1, "warmup": 1, "active": 2}, [N, W, R, S, N, W, R, S, N, W]),
        ({"wait": 0, "warmup": 0, "active": 1}, [S, S, S]),
        ({"wait": 1, "warmup": 0, "active": 1, "skip_first": 2}, [N, N, N, S, N, S]),
    ],
)
def test_schedule(options: dict[str, int], expected: list[Any]) -> None:
    when = schedule(**options)
    wanted = [ProfilerAction.RECORD_AND_SAVE if a == "save" else a for a in expected]
    assert [when(step) for step in range(len(wanted))] == wanted


@pytest.mark.parametrize("bad", [{"active": 0}, {"active": 1, "wait": -1}])
def test_schedule_refuses(bad: dict[str, int]) -> None:
    with pytest.raises(AssertionError, match="Invalid profiler schedule arguments"):
        schedule(**{"wait": 0, "warmup": 0, **bad})


@pytest.mark.parametrize("accumulated", [False, True])
def test_steps_of_a_schedule(accumulated: bool) -> None:
    net, x = network()
    ready: list[tuple[int, list[str]]] = []

    def show(prof: Any) -> None:
        steps = [key for key in keys(prof.events()) if key.startswith("ProfilerStep")]
        assert keys(prof.events()).count("relu") == len(steps)
        ready.append((prof.step_num, steps))

    when = schedule(wait=1, warmup=1, active=2, repeat=2)
    with profile(schedule=when, on_trace_ready=show, acc_events=accumulated) as prof:
        for _ in range(9):
            net(x)
            prof.step()
    first = ["ProfilerStep#2", "ProfilerStep#3"]
    second = ["ProfilerStep#6", "ProfilerStep#7"]
    assert ready == [(4, first), (8, first + second if accumulated else second)]
    assert recording.listener is None


def test_trace_is_ready_at_the_end(tmp_path: Path) -> None:
    net, x = network()
    handler = tensorboard_trace_handler(str(tmp_path / "log"), "worker")
    with profile(on_trace_ready=handler) as prof:
        net(x)
    (path,) = (tmp_path / "log").iterdir()
    assert path.name.startswith("worker.") and path.name.endswith(".pt.trace.json")
    assert len(json.loads(path.read_text())["traceEvents"]) == len(prof.events())


def test_an_error_inside_goes_on_and_leaves_nothing() -> None:
    before = dict(vars(cpu))
    with pytest.raises(KeyError), profile() as prof, record_function("part"):
        raise KeyError
    assert vars(cpu) == before
    assert recording.listener is None
    assert not clocks.running
    assert keys(prof.events()) == ["part"]


def test_nothing_recorded_so_far() -> None:
    with pytest.raises(AssertionError, match="must be stopped"):
        profile().key_averages()
    with pytest.raises(AssertionError, match="No valid profiler activities found"):
        profile(activities=[])
    assert ProfilerActivity.CPU in supported_activities()


def test_earlier_profiler(tmp_path: Path) -> None:
    net, x = network()
    past = gpugrad.autograd.profiler
    with past.profile(record_shapes=True) as prof, past.record_function("forward"):
        net(x)
    assert keys(prof.function_events) == ["forward", "linear", "relu", "linear"]
    assert prof.self_cpu_time_total == prof.function_events.self_cpu_time_total > 0
    assert str(prof) == prof.table()
    assert prof.key_averages().total_average().key == "Total"
    prof.export_chrome_trace(tmp_path / "trace.json")
    with past.profile(enabled=False) as nothing:
        net(x)
    assert nothing is None
    with pytest.raises(AttributeError, match="has no attribute 'emit_itt'"):
        _ = past.emit_itt
