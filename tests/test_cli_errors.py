"""What the command line says when something is wrong: one line, and a reason to act on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import gpugrad
from gpugrad.cli import main

pytest.importorskip("rich")


def train(*arguments: object) -> int:
    return main(["train", *map(str, arguments)])


def one_error_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The error just printed, which has to be a single line and no traceback."""
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("gpugrad: error: ")
    return error


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["perceptron"], "perceptron"),
        (["xor", "--epochs", "0"], "not a whole number above zero"),
        (["xor", "--epochs", "1.5"], "1.5"),
        (["xor", "--batch-size", "-1"], "not a whole number above zero"),
        (["xor", "--lr", "nan"], "not a finite number above zero"),
        (["xor", "--seed", "-1"], "not between"),
        (["xor", "--optimizer", "lion"], "lion"),
        (["xor", "--device", "tpu"], "tpu"),
        (["xor", "--colour"], "--colour"),
        (["xor", "--resume", "missing.safetensors"], "No such file"),
        (["xor", "--save", "missing/model.safetensors"], "no folder missing"),
        (["xor", "--save", "."], "cannot write ."),
    ],
)
def test_a_bad_argument_is_one_line(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert train(*arguments) == 2
    assert reason in one_error_line(capsys)


def test_no_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "train" in one_error_line(capsys)


def test_a_plot_of_unknown_kind_is_refused_before_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("matplotlib")
    assert train("xor", "--plot", "loss.docx") == 2
    assert "png" in one_error_line(capsys)


def test_what_cannot_be_resumed_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, other, damaged = (tmp_path / name for name in ("saved", "other", "damaged"))
    assert train("xor", "--epochs", 2, "--save", saved) == 0
    gpugrad.save({"weight": gpugrad.ones(2)}, other)
    damaged.write_bytes(saved.read_bytes()[:-40])
    capsys.readouterr()
    for arguments, reason in [
        (("xor", "--resume", saved, "--epochs", 2), "2 epochs behind it"),
        (("xor", "--resume", saved, "--optimizer", "sgd"), "the state of --optimizer adam"),
        (("xor", "--resume", saved, "--seed", 3), "exclude each other"),
        (("not-gate", "--resume", saved), "a run of the task xor"),
        (("xor", "--resume", other), "was not saved by gpugrad train"),
        (("xor", "--resume", damaged), "damaged"),
    ]:
        assert train(*arguments) == 2
        assert reason in one_error_line(capsys)


def test_a_file_of_another_model_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "saved"
    assert train("not-gate", "--epochs", 1, "--save", saved) == 0
    state = gpugrad.load(saved)
    state["model"]["weight"] = gpugrad.ones(3, 3)
    gpugrad.save(state, saved)
    capsys.readouterr()
    assert train("not-gate", "--resume", saved) == 2
    assert "does not fit the task not-gate" in one_error_line(capsys)


def test_a_loss_that_explodes_ends_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "model.safetensors"
    assert train("regression", "--lr", 1e10, "--save", saved) == 1
    assert "try a smaller --lr" in one_error_line(capsys)
    assert not saved.exists()


def test_cuda_that_is_missing_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpugrad.cuda, "unavailable_reason", lambda: "no driver\nwas found")
    assert train("xor", "--device", "cuda") == 2
    assert "no driver was found" in one_error_line(capsys)
    assert train("xor", "--device", "auto", "--epochs", 1) == 0
    assert "training xor on cpu" in capsys.readouterr().out
    assert main(["info"]) == 0
    assert "not usable: no driver was found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("rich", ["xor", "--epochs", "1"]),
        ("matplotlib", ["xor", "--epochs", "1", "--plot", "loss.png"]),
        ("sklearn", ["digits", "--epochs", "1"]),
    ],
)
def test_a_missing_package_is_named_with_its_install_line(
    module: str,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    assert train(*arguments) == 2
    error = one_error_line(capsys)
    assert {"sklearn": "scikit-learn"}.get(module, module) in error
    assert "pip install 'gpugrad[train]'" in error
