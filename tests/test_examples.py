"""The examples print and return the numbers of the tutorials whose programs they retell."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gpugrad
from gpugrad import examples
from gpugrad.cli.programs import PROGRAMS
from gpugrad.examples import (
    autograd_basics,
    gradient_computation,
    not_gate,
    regression,
    xor,
)
from tests.conftest import DEVICES, device_named
from tests.printed import assert_numbers_in_order

NAMES = ("autograd_basics", "gradient_computation", "not_gate", "regression", "xor")
WITH_PLOT = ("gradient_computation", "not_gate", "regression")
TUTORIALS = Path(__file__).parent / "seed_programs"


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> gpugrad.device:
    return gpugrad.device(device_named(request))


def tutorial(name: str) -> str:
    """What the tutorial shows, without what its example does otherwise."""
    text = (TUTORIALS / f"{name}.txt").read_text()
    if name == "not_gate":
        # Of the parabola the example prints more; the third neuron starts elsewhere.
        return "Iteration" + "Iteration".join(text.split("Iteration")[1:11])
    if name == "autograd_basics":
        # The tutorial's NumPy loop prints a variable of the cell before, and its second loop takes
        # the gradient of that variable, so that its loss stays at 30; the example is right in both.
        stuck = r"(epoch \d+: w = 1.500,loss=30.00000000\n){10}"
        return re.sub(stuck, "", text).replace("w = 1.500,", "")
    return text


TAKES_MANY_STEPS = pytest.mark.parametrize(
    "device", [device for device in DEVICES if device != "host"], indirect=True
)
"""For thousands of steps, each of many launches: they take minutes on the stand-in."""


def check_printed(name: str, device: gpugrad.device, capsys: pytest.CaptureFixture[str]) -> None:
    main = importlib.import_module(f"gpugrad.examples.{name}").main
    assert main(["--device", device.type]) == 0
    assert_numbers_in_order(tutorial(name), capsys.readouterr().out)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "xor"])
def test_prints_the_numbers_of_the_tutorial(
    name: str, device: gpugrad.device, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "regression":
        pytest.importorskip("sklearn")
    check_printed(name, device, capsys)


@TAKES_MANY_STEPS
def test_xor_prints_the_numbers_of_the_tutorial(
    device: gpugrad.device, capsys: pytest.CaptureFixture[str]
) -> None:
    check_printed("xor", device, capsys)


def test_xor_starts_as_in_the_tutorial(device: gpugrad.device) -> None:
    inputs, targets = xor.data(device)
    network = xor.Network.start(device)
    first = xor.one_pass(network, inputs[0], targets[0])
    assert first.loss.item() == pytest.approx(0.2550, abs=5e-5)
    assert first.gradients.b2.tolist() == pytest.approx([0.2525], abs=5e-5)
    network.descend()
    errors = xor.train(network, inputs, targets, epochs=20)
    assert errors == pytest.approx({1: 0.24752041697502136}, rel=1e-6)


@TAKES_MANY_STEPS
def test_xor_learns(device: gpugrad.device) -> None:
    inputs, targets = xor.data(device)
    network = xor.Network.start(device)
    xor.one_pass(network, inputs[0], targets[0])
    network.descend()
    errors = xor.train(network, inputs, targets, epochs=1001)
    assert errors == pytest.approx({1: 0.24752041697502136, 1001: 0.2040688395500183}, rel=1e-6)


def test_a_descent_ends_in_the_minimum(device: gpugrad.device) -> None:
    path = not_gate.descend_parabola(device, steps=50)
    assert path[10].x == pytest.approx(-0.35575494, rel=1e-6)
    assert path[-1] == pytest.approx((-1, 0, 0), abs=2e-4)


def test_three_spellings_are_one_neuron(device: gpugrad.device) -> None:
    expected = [0.5183403, 0.50608575, 0.50116986, 0.49811363, 0.4955888]
    runs = not_gate.three_neurons(device)
    assert list(runs) == ["two tensors", "a module", "nn.Linear"]
    for steps in runs.values():
        assert [step.loss.item() for step in steps] == pytest.approx(expected, rel=1e-6)


def test_gradients_add_up_unless_zeroed(device: gpugrad.device) -> None:
    added = [gradient.tolist() for _, gradient in autograd_basics.accumulated(device, reset=False)]
    assert added == [[3.0] * 4, [6.0] * 4, [9.0] * 4]
    zeroed = [gradient.tolist() for _, gradient in autograd_basics.accumulated(device, reset=True)]
    assert zeroed == [[3.0] * 4] * 3


def test_autograd_and_optimizer_fit_alike(device: gpugrad.device) -> None:
    by_optimizer = autograd_basics.fit_by_optimizer(device)
    for epoch, other in zip(by_optimizer, autograd_basics.fit_by_autograd(device), strict=True):
        assert epoch == pytest.approx(other, rel=1e-6)
    assert by_optimizer[-1] == pytest.approx((1.6062512, 1.60939169), rel=1e-6)


def test_gradients_of_means(device: gpugrad.device) -> None:
    first = gradient_computation.mean_of_sum(device)
    assert first.x.grad is not None
    assert first.x.grad.tolist() == pytest.approx([0.2] * 5)
    second = gradient_computation.mean_of_squares(device)
    assert second.x.grad is not None
    assert second.x.grad.tolist() == [[6.0, 6.0], [6.0, 6.0]]


def test_a_line_through_points_gets_better(device: gpugrad.device) -> None:
    losses = gradient_computation.fit_line(device).losses
    assert len(losses) == 10
    assert losses == sorted(losses, reverse=True)


def test_regression_finds_the_line(device: gpugrad.device) -> None:
    pytest.importorskip("sklearn")
    points, line = regression.make_points(device), regression.Line(device)
    for _ in range(30):
        line.step(points)
    assert f"{points.slope:.2f} {line.w.item():.2f} {line.b.item():.2f}" == "0.48 0.47 2.00"


@pytest.mark.parametrize("name", WITH_PLOT)
def test_plots_into_a_file(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("matplotlib", "sklearn"):
        pytest.importorskip(module)
    picture = tmp_path / "plot.png"
    main = importlib.import_module(f"gpugrad.examples.{name}").main
    assert main(["--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["--plot", str(tmp_path / "plot.nothing")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def modules() -> Iterator[str]:
    for module in pkgutil.iter_modules(examples.__path__):
        if not module.name.startswith("_"):
            yield module.name


def test_all_examples_are_tested_and_listed() -> None:
    programs = [name.replace("-", "_") for name in PROGRAMS]  # tested in tests/examples
    assert sorted(modules()) == sorted([*NAMES, *programs])
    listing = subprocess.run(
        [sys.executable, "-m", "gpugrad.examples"], capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[2] for line in listing.splitlines()] == [
        f"gpugrad.examples.{name}" for name in modules()
    ]


def test_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gpugrad.examples.not_gate", "--device", "cpu"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_bad_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert xor.main(["--device", "tpu"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "tpu" in error
