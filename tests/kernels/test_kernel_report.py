"""What can be said of kernels without compiling, and which compiled files are ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gpugrad.backend import kernel_report
from gpugrad.backend.kernel_source import entries


def test_only_our_compiled_kernels_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path))
    (tmp_path / "a.cubin").write_bytes(b"\x7fELF\0sigmoid_forward_float32\0")
    (tmp_path / "b.cubin").write_bytes(b"\x7fELF\0my_sigmoid_forward_float32\0")
    (tmp_path / "c.txt").write_bytes(b"\0sigmoid_forward_float32\0")
    assert kernel_report.clear() == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.cubin", "c.txt"]


def test_nothing_to_delete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "missing"))
    assert kernel_report.clear() == 0


def test_without_the_compiler_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(RuntimeError, match=re.escape("compiling kernels needs CuPy: No module")):
        kernel_report.compile_source("relu", "90")


def test_signature() -> None:
    assert str(entries()["relu_backward"]) == "relu_backward(dy, y, dx, n)"
