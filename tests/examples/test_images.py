"""The examples on handwritten digits: a convolutional network and an autoencoder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad.examples import _digits, autoencoder, digits_cnn

PROGRAMS = pytest.mark.parametrize("program", [digits_cnn, autoencoder])


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of a bar for each class rather than scikit-learn's digits: two batches of them."""

    def digits(count: int, device: gpugrad.device) -> _digits.Digits:
        labels = gpugrad.arange(count) % 8
        images = gpugrad.zeros(count, 1, 8, 8)
        images[gpugrad.arange(count), 0, labels] = 1
        return _digits.Digits(images.to(device), labels.to(device))

    monkeypatch.setattr(_digits, "load", lambda d: (digits(128, d), digits(16, d)))


@PROGRAMS
@pytest.mark.parametrize("options", [(), ("--no-compile",)])
def test_two_steps(
    program: Any,
    device: str,
    options: tuple[str, ...],
    few_digits: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert program.main(["--device", device, "--epochs", "1", *options]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^epoch 1/1  (loss|squared error) [\d.]+", printed)
    assert re.search(r"(test accuracy|squared error of test pixels:) [\d.]+", printed)


@PROGRAMS
def test_compiled_steps_compute_the_same(
    program: Any, few_digits: None, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = []
    for options in ((), ("--no-compile",)):
        assert program.main(["--device", "cpu", "--epochs", "8", *options]) == 0
        printed = re.sub(r"[\d.]+ s\b", "", capsys.readouterr().out)
        numbers.append([float(number) for number in re.findall(r"\d+\.\d+", printed)])
    assert numbers[0] == pytest.approx(numbers[1], abs=2e-4)


def test_digits_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    assert digits_cnn.main(["--device", "cpu", "--epochs", "8"]) == 0
    found = re.search(r"^test accuracy ([\d.]+)%", capsys.readouterr().out, re.MULTILINE)
    assert found is not None
    assert float(found[1]) >= 97


def test_a_code_says_more_than_components(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    assert autoencoder.main(["--device", "cpu", "--epochs", "20"]) == 0
    printed = capsys.readouterr().out
    error, components, mean = map(float, re.findall(r"(0\.\d+) from", printed))
    assert error < components < mean


def test_moved_digits_keep_their_shape() -> None:
    gpugrad.manual_seed(0)
    image = gpugrad.zeros(1, 1, 8, 8)
    image[0, 0, 3, 4] = 1
    places = {tuple(digits_cnn.moved(image)[0, 0].nonzero()[0].tolist()) for _ in range(200)}
    assert places == {(row, column) for row in (2, 3, 4) for column in (3, 4, 5)}


def test_the_test_digits_are_of_all_classes() -> None:
    pytest.importorskip("sklearn")
    train, test = _digits.load(gpugrad.device("cpu"))
    assert train.images.shape == (1437, 1, 8, 8)
    assert test.images.shape == (360, 1, 8, 8)
    assert test.images.min().item() == 0
    assert test.images.max().item() == 1
    assert min(test.labels.bincount().tolist()) >= 34


@PROGRAMS
def test_draws_a_picture(program: Any, few_digits: None, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "plot.png"
    assert program.main(["--device", "cpu", "--epochs", "1", "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
