"""What is promised outside the code: dependencies, the command, kernels, and the README."""

from __future__ import annotations

import importlib
import math
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad.backend.primitives import Primitives
from gpugrad.ops.unary import Unary
from tests.conftest import DEVICES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirement_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}


def test_the_version_is_the_same_everywhere(project: dict[str, Any]) -> None:
    assert gpugrad.__version__ == project["project"]["version"]


def test_the_core_needs_two_packages(project: dict[str, Any]) -> None:
    assert requirement_names(project["project"]["dependencies"]) == {"numpy", "safetensors"}


def test_importing_loads_nothing_optional(project: dict[str, Any]) -> None:
    """Neither what the extras install nor PyTorch, however much of it this machine has.

    Nor what only saving and loading need.
    """
    optional = ["cupy", "matplotlib", "ml_dtypes", "pytest", "rich", "scipy", "sklearn", "torch"]
    optional.append("safetensors")
    code = f"import sys, gpugrad; print([name for name in {optional} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout == "[]\n"


def test_the_command_exists(project: dict[str, Any]) -> None:
    module, _, function = project["project"]["scripts"]["gpugrad"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_no_extra_holds_pytorch_or_a_source_build_of_cupy(project: dict[str, Any]) -> None:
    for requirements in project["project"]["optional-dependencies"].values():
        assert not requirement_names(requirements) & {"torch", "cupy"}


def test_kernels_go_into_the_wheel(project: dict[str, Any]) -> None:
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"kernels": "gpugrad/kernels"}
    assert (ROOT / "kernels" / "sigmoid.cu").is_file()


def programs() -> list[str]:
    """The README's blocks that run by themselves."""
    return re.findall(r"```python\n(import gpugrad\n.*?)```", README, re.DOTALL)


def test_a_kernel_from_an_expression(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = (p for p in programs() if "cuda.elementwise" in p)
    exec(program, {})
    (promised,) = re.findall(r"print\(x\.grad\) *# (.*)", program)
    assert capsys.readouterr().out.splitlines()[0] == promised


@pytest.mark.parametrize("device", DEVICES[1:], indirect=True)
def test_a_kernel_in_full(device: str) -> None:
    (program,) = (b for b in blocks() if "cuda.RawKernel" in b)
    names: dict[str, Any] = {"gpugrad": gpugrad}
    exec(program, names)
    x = gpugrad.tensor([1.0, 2.0], device=device, requires_grad=True)
    y = names["Scale"].apply(x, 3)
    y.sum().backward()
    assert y.tolist() == [3, 6] and x.grad is not None and x.grad.tolist() == [3, 3]


def test_a_compiled_step() -> None:
    (program,) = (p for p in programs() if "gpugrad.compile" in p)
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["loss"].item() < 1e-6


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_tutorial_runs_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    program = programs()[0]
    assert len(program.splitlines()) == 10
    exec(program, {})
    assert f"This prints `{capsys.readouterr().out.strip()}`" in README


def test_the_example_of_a_new_op_works(monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"Any": Any, "Array": Any, "Unary": Unary}
    for block in blocks():
        if block.startswith(("class Logit", "def logit")):
            exec(block, names)
    monkeypatch.setattr(Primitives, "logit", names["logit"], raising=False)
    x = gpugrad.tensor([0.25, 0.5], dtype=gpugrad.float64, requires_grad=True)
    y = names["Logit"].apply(x)
    (first,) = gpugrad.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = gpugrad.autograd.grad(first.sum(), x)
    assert y.tolist() == pytest.approx([-math.log(3), 0])
    assert first.tolist() == pytest.approx([16 / 3, 4])
    assert second.tolist() == pytest.approx([-0.5 / 0.1875**2, 0])


def test_the_readme_names_what_exists(project: dict[str, Any]) -> None:
    extras = re.findall(r"-e '\.\[(\w+)\]'", README)
    assert {"train", "test", "dev", "cuda13"} <= set(extras)
    assert set(extras) <= set(project["project"]["optional-dependencies"])
    for path in re.findall(r"`((?:gpugrad|kernels|tests|bench)/[\w/.]*)`", README):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("purpose", ["gpugrad train", "-m pytest"])
def test_each_start_command_is_one_line_of_its_own(purpose: str) -> None:
    """This is how ``.ci/run`` finds the commands that it runs."""
    lines = re.findall(rf"^python3 -m venv .*{purpose}.*$", README, re.MULTILINE)
    assert len(lines) == 1
    assert f"```sh\n{lines[0]}\n```" in README
