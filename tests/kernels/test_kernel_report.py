"""What can be said of kernels without compiling, and which compiled files are ours."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from gpugrad.backend import kernel_report, nvrtc
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


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    nvrtc._library.cache_clear()
    monkeypatch.setattr(nvrtc, "_LOADED_BY_NAME", ("libnvrtc.so.none",))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    yield
    nvrtc._library.cache_clear()


@pytest.mark.usefixtures("no_library")
def test_without_the_compiler_the_message_says_so() -> None:
    message = "needs NVIDIA's compiler NVRTC. Install it with: pip install 'gpugrad[nvrtc]'"
    with pytest.raises(nvrtc.NvrtcMissingError, match=re.escape(message)):
        kernel_report.compile_source("relu", "90")


@pytest.mark.usefixtures("no_library")
def test_a_library_that_cannot_be_loaded_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cu13" / "lib").mkdir(parents=True)
    broken = tmp_path / "cu13" / "lib" / "libnvrtc.so.13"
    broken.write_text("not a library")
    package = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: package)
    with pytest.raises(nvrtc.NvrtcMissingError, match=re.escape(f"NVRTC: {broken}: ")):
        kernel_report.compile_source("relu", "90")


def test_the_newest_library_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("cuda_nvrtc/lib/libnvrtc.so.9", "cu13/lib/libnvrtc.so.13", "b/lib/libnvrtc.so.13.alt")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    package = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: package)
    assert list(nvrtc._places())[:3] == [str(tmp_path / names[i]) for i in (1, 0)] + [
        "libnvrtc.so.13"
    ]


def test_signature() -> None:
    assert str(entries()["relu_backward"]) == "relu_backward(dy, y, dx, n)"


def test_declarations_are_those_of_the_source() -> None:
    parameters = entries()["cross_entropy_forward"].parameters
    assert [str(p) for p in parameters[:4]] == [
        "const T* x",
        "const long long* target",
        "T* loss",
        "NULLABLE Compute<T>* saved",
    ]
