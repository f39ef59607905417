"""The examples in the docstrings of layers, data sets and files give what they show."""

from __future__ import annotations

import importlib
import pkgutil
from doctest import DocTestFinder, DocTestRunner

import pytest

import gpugrad

PACKAGES = ("gpugrad.nn", "gpugrad.utils.data")
SINGLE = ("gpugrad.serialization", "gpugrad.utils.checkpoint")

MODULES = sorted(
    {
        *SINGLE,
        *PACKAGES,
        *(
            found.name
            for package in PACKAGES
            for found in pkgutil.walk_packages(
                importlib.import_module(package).__path__, package + "."
            )
        ),
    }
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    runner = DocTestRunner(verbose=False)
    report: list[str] = []
    for case in DocTestFinder().find(module, name):
        gpugrad.manual_seed(0)
        runner.run(case, out=report.append)
    assert not runner.failures, "".join(report)
