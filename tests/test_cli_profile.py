"""``gpugrad profile``: the report of a task's training step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpugrad.cli import main


def test_prints_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "xor", "--device", "cpu"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Trainer.train_step on cpu: ")
    for word in ("adam_step", "trainer.py:", "compiled", "floor"):
        assert word in text


def test_writes_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    plot, report = tmp_path / "step.png", tmp_path / "step.json"
    arguments = ["--device", "cpu", "--batch-size", "7", "--plot", str(plot), "--json", str(report)]
    assert main(["profile", "regression", *arguments]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    linear = [r for r in json.loads(report.read_text())["rows"] if r["primitive"] == "linear"]
    assert linear[0]["flops"] == 2 * 7 + 7  # a product and a sum for each sample


def test_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing" / "step.json"
    assert main(["profile", "not-gate", "--device", "cpu", "--json", str(missing)]) == 2
    assert f"cannot write {missing}" in capsys.readouterr().err


def test_unknown_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "perceptron"]) == 2
    assert "invalid choice" in capsys.readouterr().err
