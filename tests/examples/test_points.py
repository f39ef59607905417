"""The examples on points of the plane: two moons, and a generator of eight clusters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gpugrad
from gpugrad.examples import gan, moons


@pytest.mark.parametrize("options", [(), ("--no-compile",)])
def test_two_steps_of_moons(
    device: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert moons.main(["--device", device, "--steps", "2", *options]) == 0
    printed = capsys.readouterr().out
    assert "step 2/2  loss 0." in printed
    assert re.search(r"training [\d.]+%, test [\d.]+%$", printed.strip())


def test_moons_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert moons.main(["--device", "cpu", "--steps", "300"]) == 0
    found = re.search(r"test ([\d.]+)%", capsys.readouterr().out)
    assert found is not None
    assert float(found[1]) >= 98.5


def test_moons_lie_apart_but_for_the_noise() -> None:
    gpugrad.manual_seed(0)
    points = moons.make_points(500)
    assert points.x.shape == (1000, 2)
    assert points.moon.sum().item() == 500
    first, second = points.x[:500], points.x[500:]
    assert first.mean(0).tolist() == pytest.approx([0, 2 / 3.14], abs=0.07)
    assert second.mean(0).tolist() == pytest.approx([1, 0.5 - 2 / 3.14], abs=0.07)


@pytest.mark.parametrize("options", [(), ("--no-compile",)])
def test_two_steps_of_gan(
    device: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gan.main(["--device", device, "--steps", "2", *options]) == 0
    printed = capsys.readouterr().out
    # Two networks that know nothing: log 2 for each judgement.
    found = re.search(r"step 2/2  critic ([\d.]+)  generator ([\d.]+)", printed)
    assert found is not None
    assert [float(number) for number in found.groups()] == pytest.approx([1.39, 0.69], abs=0.1)
    assert re.search(r"\d of 8 clusters covered", printed)


def test_compiled_steps_of_gan_compute_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for options in ((), ("--no-compile",)):
        assert gan.main(["--device", "cpu", "--steps", "20", *options]) == 0
        printed.append(re.sub(r"in [\d.]+ s", "", capsys.readouterr().out))
    assert printed[0] == printed[1]


def test_the_fit_of_real_points_and_of_one_cluster() -> None:
    gpugrad.manual_seed(0)
    centres = gan.ring(gpugrad.device("cpu"))
    near, shares = gan.fit(gan.real_points(centres, 8000), centres)
    # Of a normal distribution in the plane, 1 - exp(-9 / 2) lie within three deviations.
    assert near == pytest.approx(0.989, abs=0.01)
    assert shares == pytest.approx([1 / 8] * 8, abs=0.02)
    one = centres[3] + gpugrad.tensor([[0.01, 0.0], [0.0, 0.02], [0.5, 0.5]])
    near, shares = gan.fit(one, centres)
    assert near == pytest.approx(2 / 3)
    assert shares == [0, 0, 0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("program", [moons, gan])
def test_draws_a_picture(program: object, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "plot.png"
    main = program.main  # type: ignore[attr-defined]
    assert main(["--device", "cpu", "--steps", "2", "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
