"""pytest-benchmark cases of the training steps: ``python -m pytest bench``.

``--benchmark-json=new.json`` writes a file that ``python -m bench compare`` puts beside the
baseline in ``bench/results/``.
"""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from bench.contest import settle
from bench.steps.catalog import STEPS
from bench.steps.torch_api import EAGER, How

pytest.importorskip("pytest_benchmark")

WAYS = {"eager": EAGER, "compiled": How(whole=gpugrad.compile)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", STEPS)
def test_step(benchmark: Any, name: str, way: str) -> None:
    step = STEPS[name](gpugrad, "cpu", WAYS[way])
    settle({name: step}, 5)
    benchmark(step.run, 0)
