"""The examples in docstrings give what they show."""

from __future__ import annotations

import importlib
from doctest import DocTestFinder, DocTestRunner
from pathlib import Path

import pytest

import gpugrad

PACKAGE = Path(gpugrad.__file__).parent

MODULES = sorted(
    ".".join(("gpugrad", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)

NEEDS = {"gpugrad.utils.tensorboard": "tensorboardX"}


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    module = importlib.import_module(name)
    runner = DocTestRunner(verbose=False)
    report: list[str] = []
    for case in DocTestFinder().find(module, name):
        gpugrad.manual_seed(0)
        runner.run(case, out=report.append)
    assert not runner.failures, "".join(report)
