"""The example of a differential equation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gpugrad
from gpugrad.examples import pinn


@pytest.mark.parametrize("options", [(), ("--no-compile",)])
def test_two_steps(
    device: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert pinn.main(["--device", device, "--steps", "2", *options]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"step 2/2  equation [\d.]+  start [\d.]+", printed)
    assert re.search(r"it is [\d.]+% away, and nowhere more than [\d.]+", printed)


def test_the_exact_solution_solves_the_equation() -> None:
    t = gpugrad.linspace(0, 1, 50, dtype=gpugrad.float64).unsqueeze(1).requires_grad_()
    x = pinn.exact(t)
    velocity = pinn.slope(x, t)
    force = pinn.slope(velocity, t) + 2 * pinn.DAMPING * velocity + pinn.FREQUENCY**2 * x
    assert force.abs().max().item() < 1e-10 * pinn.FREQUENCY**2
    assert (x[0].item(), velocity[0].item()) == pytest.approx((1, 0), abs=1e-12)


def test_the_network_finds_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "plot.png"
    arguments = ["--device", "cpu", "--steps", "2500", "--plot", str(picture)]
    assert pinn.main(arguments) == 0
    found = re.search(r"it is ([\d.]+)% away", capsys.readouterr().out)
    assert found is not None
    assert float(found[1]) < 20  # where an untrained one is 100 % away, or more
    assert picture.read_bytes().startswith(b"\x89PNG")
