"""Whether CUDA can be used: every way in which it cannot has its own reason and remedy."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad.backend import probe
from tests import host_cupy
from tests.conftest import forget_cuda

CUDA12, CUDA13 = "pip install 'gpugrad[cuda12]'", "pip install 'gpugrad[cuda13]'"


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nothing is known of CUDA yet."""
    forget_cuda(monkeypatch)
    yield monkeypatch
    probe.probe.cache_clear()


def reason() -> str:
    """Why CUDA cannot be used, checked to be what every way of using it says."""
    found = gpugrad.cuda.unavailable_reason()
    assert found is not None
    assert gpugrad.cuda.is_available() is False
    assert gpugrad.cuda.device_count() == 0
    x = gpugrad.ones(2)
    uses: list[Any] = [
        lambda: gpugrad.zeros(2, device="cuda"),
        lambda: gpugrad.tensor([1.0], device="cuda:0"),
        lambda: x.to("cuda"),
        lambda: x.cuda(),
        lambda: gpugrad.nn.Linear(2, 2).to("cuda"),
        lambda: gpugrad.rand(2, device="cuda"),
        lambda: gpugrad.Generator("cuda"),
        gpugrad.cuda.current_device,
        gpugrad.cuda.synchronize,
        gpugrad.cuda.get_device_name,
        gpugrad.cuda.Stream,
    ]
    for use in uses:
        with pytest.raises(RuntimeError) as error:
            use()
        assert str(error.value) == f"CUDA cannot be used: {found}"
    assert not gpugrad.cuda.is_initialized()
    return found


# --- what is missing ------------------------------------------------------------------------------


def test_without_cupy(fresh: pytest.MonkeyPatch) -> None:
    fresh.setitem(sys.modules, "cupy", None)
    fresh.setattr(probe, "_driver_without_cupy", lambda: None)
    assert reason() == (
        "CuPy is not installed (nor an NVIDIA driver). Install it with: "
        f"{CUDA13}, or with an NVIDIA driver older than 580: {CUDA12}"
    )


@pytest.mark.parametrize(("driver", "line"), [(12040, CUDA12), (13000, CUDA13), (13020, CUDA13)])
def test_the_driver_decides_what_to_install(
    fresh: pytest.MonkeyPatch, driver: int, line: str
) -> None:
    fresh.setitem(sys.modules, "cupy", None)
    fresh.setattr(probe, "_driver_without_cupy", lambda: driver)
    assert reason() == f"CuPy is not installed. Install it with: {line}"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise ImportError('\\n====\\nlibcudart is gone\\nand more')", "ImportError: libcudart"),
        ("import a_module_that_does_not_exist", "ModuleNotFoundError: No module named 'a_module"),
    ],
)
def test_a_broken_cupy(fresh: pytest.MonkeyPatch, tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "cupy.py").write_text(source)
    fresh.syspath_prepend(tmp_path)
    fresh.delitem(sys.modules, "cupy", raising=False)
    fresh.setattr(probe, "_driver_without_cupy", lambda: 13000)
    found = reason()
    assert found.startswith(f"CuPy is installed but cannot be imported: {said}")
    assert found.endswith(f"Install it anew with: {CUDA13}")
    assert "\n" not in found


def test_without_a_driver(fresh: pytest.MonkeyPatch) -> None:
    with host_cupy.installed():
        host_cupy.runtime.driver = 0
        assert reason().startswith("there is no NVIDIA driver. Install it from https://www.nvidia")


def test_with_a_driver_older_than_cupy(fresh: pytest.MonkeyPatch) -> None:
    with host_cupy.installed():
        host_cupy.runtime.driver = 12040
        found = reason()
    assert found.startswith(
        "the NVIDIA driver is too old: it knows CUDA 12.4, and the installed CuPy is made for "
        "CUDA 13.2"
    )
    assert "pip uninstall cupy-cuda13x" in found
    assert found.endswith(CUDA12)


def test_without_a_device(fresh: pytest.MonkeyPatch) -> None:
    fresh.setenv("CUDA_VISIBLE_DEVICES", "7")
    with host_cupy.installed(devices=0):
        assert reason() == (
            "the NVIDIA driver finds no CUDA device (CUDA_VISIBLE_DEVICES is set to '7'): "
            "CUDARuntimeError: cudaErrorNoDevice: no CUDA-capable device is detected"
        )


def fail(kind: type[Exception], text: str) -> Any:
    def raise_it(*args: Any, **kwargs: Any) -> Any:
        raise kind(text)

    return raise_it


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'Failure finding "libnvrtc.so.13": No such file: libnvrtc.so.13',
            "the CUDA compiler NVRTC was not found",
        ),
        (
            "CuPy failed to load libnvrtc.so.12: OSError: libnvrtc.so.12: cannot open",
            "the CUDA compiler NVRTC was not found",
        ),
        (
            "Failed to find CUDA headers. Please install CUDA toolkit headers",
            "the CUDA runtime's folder of headers was not found",
        ),
    ],
)
def test_without_a_compiler(fresh: pytest.MonkeyPatch, text: str, said: str) -> None:
    fresh.setattr(host_cupy.RawKernel, "compile", fail(RuntimeError, text))
    with host_cupy.installed():
        found = reason()
    assert found == f"{said} (RuntimeError: {text}). Install it with: {CUDA13}"


def test_a_compiler_that_does_not_know_the_device(fresh: pytest.MonkeyPatch) -> None:
    text = "nvrtc: error: invalid value for --gpu-architecture (-arch)"
    fresh.setattr(host_cupy.RawKernel, "compile", fail(ValueError, text))
    with host_cupy.installed():
        assert reason() == f"a small kernel cannot be compiled: ValueError: {text}"


def test_without_cublas(fresh: pytest.MonkeyPatch) -> None:
    with host_cupy.installed():
        fresh.delattr(host_cupy.module.cuda, "cublas")
        found = reason()
    assert found.startswith("the matrix library cuBLAS was not found (AttributeError")
    assert found.endswith(f"Install it with: {CUDA13}")


def test_a_kernel_that_cannot_be_launched(fresh: pytest.MonkeyPatch) -> None:
    text = "CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure"
    fresh.setitem(host_cupy.KERNELS, probe.KERNEL_NAME, fail(RuntimeError, text))
    with host_cupy.installed():
        assert reason() == f"a small kernel compiles but does not run: RuntimeError: {text}"


def test_a_kernel_that_does_nothing(fresh: pytest.MonkeyPatch) -> None:
    fresh.setitem(host_cupy.KERNELS, probe.KERNEL_NAME, lambda grid, block, args: None)
    with host_cupy.installed():
        assert reason() == "a small kernel runs but gives wrong numbers"


# --- what is there --------------------------------------------------------------------------------


def test_the_probe_runs_once(host: host_cupy.Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpugrad.cuda.unavailable_reason() is None
    monkeypatch.setattr(host_cupy.RawKernel, "compile", fail(RuntimeError, "again"))
    assert gpugrad.cuda.is_available()
    assert not gpugrad.cuda.is_initialized()
    assert gpugrad.zeros(2, device="cuda").is_cuda
    assert gpugrad.cuda.is_initialized()


@pytest.mark.parametrize(("devices", "there"), [(1, "only cuda:0"), (2, "cuda:0 to cuda:1")])
def test_a_device_that_is_not_there(fresh: pytest.MonkeyPatch, devices: int, there: str) -> None:
    with host_cupy.installed(devices):
        with pytest.raises(RuntimeError, match=f"^invalid device cuda:2: there is {there}$"):
            gpugrad.zeros(2, device="cuda:2")
        gpugrad.zeros(2, device=f"cuda:{devices - 1}")


def test_on_this_machine(fresh: pytest.MonkeyPatch) -> None:
    """The reason given here fits what is installed here."""
    found = gpugrad.cuda.unavailable_reason()
    if importlib.util.find_spec("cupy") is None:
        assert found is not None
        assert found.startswith("CuPy is not installed")
    elif probe._driver_without_cupy() is None:
        assert found is not None
        assert found.startswith("there is no NVIDIA driver")
    elif found is None:
        assert gpugrad.cuda.device_count() > 0
    else:
        assert "CuPy is not installed" not in found


def test_importing_the_library_does_not_import_cupy() -> None:
    source = (
        "import sys, gpugrad; gpugrad.ones(2).sum(); gpugrad.cuda.is_initialized();"
        "sys.exit('cupy' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", source], env=environment).returncode == 0
