"""``gpugrad.profile``: exact counts of known steps, verdicts, and nothing left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd.observers import OBSERVERS
from gpugrad.backend import cpu, recording
from gpugrad.nn import functional as F
from gpugrad.profiling import Rates
from gpugrad.profiling import step as step_module
from gpugrad.profiling.report import judge
from gpugrad.profiling.watch import Call, scaled

RATES = Rates(bandwidth=1e10, arithmetic=1e11, dtype="float32", call=1e-6)


def rows(report: Any) -> dict[str, Any]:
    return {row.primitive: row for row in report.rows}


# --- counts ---------------------------------------------------------------------------------------


def test_elementwise_bytes_are_exact(device: str) -> None:
    x, y = gpugrad.ones(8, 4, device=device), gpugrad.ones(4, device=device)
    report = gpugrad.profile(lambda: x * y, compile=False)
    assert (report.primitives, report.bytes, report.flops) == (1, 128 + 16 + 128, 32)
    assert [(row.primitive, row.shape) for row in report.rows] == [("mul", (8, 4))]


def test_broadcast_memory_is_read_once() -> None:
    x = gpugrad.ones(1, 4).expand(1000, 4)
    report = gpugrad.profile(lambda: gpugrad.exp(x), compile=False)
    assert (report.bytes, report.flops) == (16 + 16000, 4000)


@pytest.mark.parametrize("dtype", [gpugrad.float32, gpugrad.float64])
def test_products(dtype: Any) -> None:
    x, y = gpugrad.ones(3, 5, 7, dtype=dtype), gpugrad.ones(7, 2, dtype=dtype)
    report = gpugrad.profile(lambda: x @ y, compile=False)
    assert report.flops == 2 * 3 * 5 * 7 * 2
    assert report.bytes == x.element_size() * (3 * 5 * 7 + 7 * 2 + 3 * 5 * 2)


def test_convolution() -> None:
    x, w = gpugrad.ones(2, 3, 6, 6), gpugrad.ones(4, 3, 3, 3, requires_grad=True)

    def step() -> None:
        w.grad = None
        F.conv2d(x, w).sum().backward()

    found = rows(gpugrad.profile(step, compile=False))
    products = 2 * (2 * 4 * 4 * 4) * (3 * 3 * 3)
    assert (found["conv"].flops, found["conv_weight"].flops) == (products, products)


def test_picked_elements_only_are_read() -> None:
    table, index = gpugrad.ones(1000, 16), gpugrad.arange(3)
    report = gpugrad.profile(lambda: F.embedding(index, table), compile=False)
    assert report.bytes == 3 * 8 + 2 * 3 * 16 * 4
    report = gpugrad.profile(lambda: table[index], compile=False)
    assert (report.primitives, report.bytes, report.flops) == (1, 3 * 8 + 2 * 3 * 16 * 4, 0)


def test_views_are_no_calls() -> None:
    x = gpugrad.ones(4, 6)
    report = gpugrad.profile(lambda: x[1:].T.reshape(-1, 3).unsqueeze(0) + 1, compile=False)
    assert [row.primitive for row in report.rows] == ["add"]


def test_in_place_reads_and_writes() -> None:
    x, y = gpugrad.ones(8), gpugrad.ones(8)
    assert gpugrad.profile(lambda: x.add_(y), compile=False).bytes == 3 * 32
    assert gpugrad.profile(lambda: x.zero_(), compile=False).bytes == 32


def test_optimizers_count_all_parameters() -> None:
    weights = [gpugrad.ones(5, 3, requires_grad=True), gpugrad.ones(7, requires_grad=True)]
    for w in weights:
        w.grad = gpugrad.ones_like(w)
    optimizer = gpugrad.optim.SGD(weights, lr=0.0)
    row = rows(gpugrad.profile(optimizer.step, compile=False))["sgd_step"]
    assert (row.calls, row.flops, row.phase) == (1, 2 * 22, "optimizer")
    assert row.bytes >= 3 * 4 * 22  # reads parameters and gradients, writes parameters


def test_lines_ops_and_phases() -> None:
    w = gpugrad.ones(3, requires_grad=True)

    def step() -> None:
        w.grad = None
        y = w.exp()
        (y * y).sum().backward()

    start = step.__code__.co_firstlineno
    report = gpugrad.profile(step, compile=False)
    seen = {(r.primitive, r.op, r.phase, int(r.place.rpartition(":")[2])) for r in report.rows}
    assert ("exp", "Exp", "forward", start + 2) in seen
    assert ("mul", "Mul", "forward", start + 3) in seen
    assert ("mul", "ExpBackward", "backward", start + 2) in seen
    assert all(Path(r.place.rpartition(":")[0]) == Path(__file__) for r in report.rows)


def test_draws_are_seen() -> None:
    report = gpugrad.profile(lambda: gpugrad.rand(10), compile=False)
    assert "uniform" in rows(report)


# --- verdicts -------------------------------------------------------------------------------------


def of_a_device(monkeypatch: pytest.MonkeyPatch, bandwidth: float, arithmetic: float) -> None:
    """Steps are judged by these rates, so that a verdict does not depend on the machine's load."""
    rates = Rates(bandwidth, arithmetic, dtype="float32", call=0.0)
    monkeypatch.setattr(step_module, "measure", lambda *args, **kwargs: rates)


def test_product_is_compute_bound_where_arithmetic_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    of_a_device(monkeypatch, bandwidth=1e6, arithmetic=1e6)
    x = gpugrad.ones(1000, 32, 32)  # too small each for BLAS to wait for a second thread
    assert gpugrad.profile(lambda: x @ x, compile=False).verdict == "compute-bound"


def test_sum_is_memory_bound_where_memory_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    of_a_device(monkeypatch, bandwidth=1e6, arithmetic=1e6)
    x, y = gpugrad.ones(3_000_000), gpugrad.ones(3_000_000)
    report = gpugrad.profile(lambda: x + y, compile=False)
    assert report.verdict == "memory-bound"
    assert report.floor == report.memory_floor > report.arithmetic_floor
    assert report.memory_floor == pytest.approx(36e6 / 1e6)
    assert report.peak_bytes >= 12_000_000


def test_tiny_step_is_overhead_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    of_a_device(monkeypatch, bandwidth=1e12, arithmetic=1e15)
    w = gpugrad.ones(2, requires_grad=True)

    def step() -> None:
        w.grad = None
        (w * 3).sum().backward()

    report = gpugrad.profile(step)
    assert report.verdict == "overhead-bound"
    assert report.floor < report.seconds / 10


def test_rates_are_measured() -> None:
    x = gpugrad.ones(4)
    rates = gpugrad.profile(lambda: x + x, compile=False).rates
    assert 0 < rates.call < 1
    assert rates.bandwidth > 1e6
    assert rates.arithmetic > 1e6


@pytest.mark.parametrize(
    ("seconds", "calls", "verdict"),
    [
        (1.1, [(1.0, 10**10, 10)], "memory-bound"),
        (1.1, [(1.0, 10, 10**11)], "compute-bound"),
        (2.1, [(1.0, 10**10, 10)], "overhead-bound"),
        (1.0, [(1.0, 1000, 1000)], "overhead-bound"),  # far slower than its work explains
        (1e-3, [(1e-6, 10**10, 10)] * 1000, "overhead-bound"),  # each only the cost of a call
    ],
)
def test_judgement(seconds: float, calls: Any, verdict: str) -> None:
    made = [
        Call("mul", "", "forward", "", 0.0, took, moved, done, (), "")
        for took, moved, done in calls
    ]
    assert judge(made, seconds, RATES, on_device=False)[0] == verdict


def test_watched_times_are_those_of_a_step_without_a_watch() -> None:
    calls = [Call("mul", "", "forward", "", n * 2.0, 1.0, 8, 1, (), "") for n in range(3)]
    for seconds, expected in (
        (5.0, [(0, 1), (2, 1), (4, 1)]),
        (9.0, [(0, 1), (2, 1), (4, 1)]),
        (4.0, [(0, 1), (1.5, 1), (3, 1)]),  # less between them
        (1.5, [(0, 0.5), (0.5, 0.5), (1, 0.5)]),  # they alone take too long
    ):
        assert [(c.start, c.seconds) for c in scaled(calls, seconds)] == expected
    _, step, x = training()
    report = gpugrad.profile(step, x, compile=False)
    assert sum(row.seconds for row in report.rows) <= report.seconds * (1 + 1e-9)


# --- what can be profiled -------------------------------------------------------------------------


def training(device: str = "cpu") -> tuple[Any, Any, Any]:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).to(device)
    optimizer = gpugrad.optim.Adam(net.parameters())

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return net, step, gpugrad.ones(3, 4, device=device)


def test_training_step(device: str) -> None:
    _, step, x = training(device)
    report = gpugrad.profile(step, x)
    assert report.compiled is not None
    assert report.compiled.calls == len(report.compiled.timeline) > 0
    assert report.primitives == len(report.timeline) == sum(row.calls for row in report.rows)
    assert {row.phase for row in report.rows} == {"forward", "backward", "optimizer"}
    assert sum(row.share for row in report.rows) == pytest.approx(1)
    on_device = device == "cuda"
    assert (report.device_seconds is not None) == on_device
    assert (report.compiled.launches is not None) == on_device
    starts = [call.start for call in report.timeline]
    assert starts == sorted(starts)
    assert report.steps_taken > 10


def test_host_stand_in_says_that_it_is_no_gpu(host: Any) -> None:
    _, step, x = training("cuda")
    report = gpugrad.profile(step, x, compile=False)
    assert report.stand_in
    assert "not those of a GPU" in str(report)


def test_step_without_tensors_finds_its_device(device: str) -> None:
    w = gpugrad.ones(4, device=device)
    assert gpugrad.profile(lambda: w * 2, compile=False).device.startswith(device)


def test_compiled_functions_are_shown_as_both() -> None:
    _, step, x = training()
    replayed = gpugrad.profile(gpugrad.compile(step), x)
    eager = gpugrad.profile(step, x)
    assert replayed.primitives == eager.primitives
    assert replayed.compiled is not None and eager.compiled is not None
    assert replayed.compiled.calls == eager.compiled.calls


@pytest.mark.parametrize("compiled", [False, True])
def test_modules(compiled: bool) -> None:
    net, _, x = training()
    report = gpugrad.profile(gpugrad.compile(net) if compiled else net, x)
    assert report.name == "Sequential"
    assert [call.name for call in report.timeline] == ["linear", "relu", "linear"]
    assert report.compiled is not None


def test_compiled_functions_inside() -> None:
    inner = gpugrad.compile(lambda x: x * 2 + 1)
    x = gpugrad.ones(3)
    for _ in range(4):
        inner(x)
    report = gpugrad.profile(lambda: inner(x), compile=False)
    assert sorted(row.primitive for row in report.rows) == ["add", "mul"]


def test_what_cannot_be_compiled_says_why() -> None:
    x = gpugrad.ones(3)
    report = gpugrad.profile(lambda: x.add_(1).sum().item())
    assert report.compiled is None
    assert report.speedup is None
    assert "a value is read by Python" in report.not_compiled
    assert report.not_compiled in str(report)


def test_arguments_by_name() -> None:
    def step(x: Any, scale: float) -> Any:
        return x * scale

    assert gpugrad.profile(step, gpugrad.ones(3), scale=2.0, compile=False).primitives == 1


def test_step_is_really_taken() -> None:
    x = gpugrad.zeros(1)
    report = gpugrad.profile(lambda: x.add_(1), compile=False)
    assert x.item() == report.steps_taken


# --- nothing is left behind -----------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 8])
def test_failing_step(number: int) -> None:
    before, count = dict(vars(cpu)), 0
    x = gpugrad.ones(3, requires_grad=True)

    def step() -> None:
        nonlocal count
        count += 1
        y = x * 2
        if count == number or recording.listener is not None:
            raise KeyError("of the step")
        y.sum().backward()

    with pytest.raises(KeyError, match="of the step"):
        gpugrad.profile(step)
    assert vars(cpu) == before
    assert recording.listener is None
    assert not OBSERVERS
    assert (x + 1).tolist() == [2, 2, 2]


def test_no_hook_stays() -> None:
    before = dict(vars(cpu))
    _, step, x = training()
    gpugrad.profile(step, x)
    assert vars(cpu) == before
    assert recording.listener is None
    assert not OBSERVERS


def test_compiled_step_goes_on_as_before() -> None:
    x = gpugrad.zeros(2)
    function = gpugrad.compile(lambda: x.add_(1))
    report = gpugrad.profile(function)
    plan = function.programs()[0].plans()[0]
    assert "slowly" not in plan.execute.__qualname__
    function()
    assert x.tolist() == [report.steps_taken + 1] * 2
