"""The README: its programs run, and what it names exists."""

from __future__ import annotations

import importlib
import importlib.util
import math
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import bench.cli
import gpugrad
from gpugrad import cli
from gpugrad.backend.kernel_report import ARCHITECTURES
from gpugrad.backend.primitives import Primitives
from gpugrad.ops.unary import Unary
from tests.conftest import DEVICES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def programs() -> list[str]:
    """The README's blocks that run by themselves."""
    return re.findall(r"```python\n(import gpugrad\n.*?)```", README, re.DOTALL)


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


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


def test_named_extras_and_files_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = re.findall(r"'\.\[(\w+)\]'", README)
    assert {"train", "test", "dev", "cuda13", "nvrtc"} <= set(extras)
    assert set(extras) <= set(project["project"]["optional-dependencies"])
    for path in re.findall(r"`((?:gpugrad|kernels|tests|bench)/[\w/.]*)`", README):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("purpose", ["gpugrad train", "-m pytest"])
def test_each_start_command_is_one_line_of_its_own(purpose: str) -> None:
    """This is how ``.ci/run`` finds the commands that it runs."""
    lines = re.findall(rf"^python3 -m venv .*{purpose}.*$", README, re.MULTILINE)
    assert len(lines) == 1
    assert f"```sh\n{lines[0]}\n```" in README


def commands() -> set[tuple[str, ...]]:
    """The subcommands of ``gpugrad`` that are named, with the first word after each."""
    found = re.findall(r"(?:`|/bin/)gpugrad ([a-z]+)((?: [a-z-]+\b(?!\.))*)", README)
    return {(name, *rest.split()[:1]) for name, rest in found}


@pytest.mark.parametrize("command", sorted(commands()), ids=" ".join)
def test_named_commands_exist(command: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    assert not ended.value.code


def test_named_programs_exist() -> None:
    table = re.findall(r"^\| `([a-z-]+)` \|", README, re.MULTILINE)
    assert "digits-cnn" in table
    for name in table:
        with pytest.raises(SystemExit) as ended:
            cli.main(["train", name, "--help"])
        assert not ended.value.code, name
    for module in re.findall(r"`python -m ([\w.]+)`", README):
        assert importlib.util.find_spec(module), module


def test_all_suites_of_the_benchmarks_are_named() -> None:
    section = README.partition("\n## Speed\n")[2].partition("<!--")[0]
    assert set(bench.cli.SUITES) <= {"steps", *re.findall(r"`([a-z]+)", section)}


def test_all_variables_of_the_environment_are_named() -> None:
    """And no others."""
    sources = "".join(p.read_text(encoding="utf-8") for p in ROOT.glob("gpugrad/**/*.py"))
    variables = set(re.findall(r"GPUGRAD_[A-Z_]+", sources))
    assert variables == set(re.findall(r"GPUGRAD_[A-Z_]+", README))


def test_a_report_can_be_drawn_and_written() -> None:
    found = gpugrad.profile(lambda: gpugrad.ones(2).sum(), compile=False)
    named = re.findall(r"`report\.(\w+)\(", README)
    assert named and all(callable(getattr(found, name)) for name in named)


def test_the_number_of_architectures_is_right() -> None:
    words = ("five", "six", "seven", "eight", "nine")
    assert f"{words[len(ARCHITECTURES) - 5]} architectures" in " ".join(README.split())
