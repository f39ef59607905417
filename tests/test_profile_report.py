"""How a profile is shown: as a table, as JSON and as a timeline."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from tests.test_profile import training


@pytest.mark.parametrize("rich", [True, False])
def test_table(rich: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if rich:
        pytest.importorskip("rich")
    else:
        real = builtins.__import__

        def without(name: str, *args: Any, **kwargs: Any) -> Any:
            if name.partition(".")[0] == "rich":
                raise ImportError(name)
            return real(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without)
        monkeypatch.setattr("gpugrad.profiling.shown._has_rich", lambda: False)
    _, step, x = training()
    report = gpugrad.profile(step, x)
    text = str(report)
    assert "test_profile.py:" in text
    for word in ("adam_step", "linear", "AddmmBackward", "eager", "compiled", "floor"):
        assert word in text
    assert text.startswith(f"{report.name} on cpu: {report.verdict}\n{report.explanation}\n")
    some = report.table(rows=2)
    assert f"and {len(report.rows) - 2} more rows" in some


def test_json(tmp_path: Path) -> None:
    _, step, x = training()
    report = gpugrad.profile(step, x)
    found = json.loads(report.to_json(tmp_path / "report.json"))
    assert found == json.loads((tmp_path / "report.json").read_text())
    assert found["primitives"] == report.primitives
    assert found["rows"][0]["primitive"] == report.rows[0].primitive
    assert found["speedup"] == pytest.approx(report.speedup)


def test_timeline(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    _, step, x = training()
    path = gpugrad.profile(step, x).save_timeline(tmp_path / "steps.png")
    assert path.read_bytes().startswith(b"\x89PNG")
