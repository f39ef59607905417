"""What is promised outside the code: dependencies, the command and kernels."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import gpugrad

ROOT = Path(__file__).resolve().parent.parent


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
