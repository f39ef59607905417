"""pytest-benchmark cases of single operations at the size where only overhead counts."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from bench.suites.ops import OPS, TINY, steps

pytest.importorskip("pytest_benchmark")


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("name", OPS)
def test_op(benchmark: Any, name: str, direction: str) -> None:
    contests = dict(steps(name, TINY, {"gpugrad": gpugrad}, "cpu"))
    benchmark(contests[direction]["gpugrad"].run, 0)
