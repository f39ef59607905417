"""Whole training steps as programs in C: all of the benchmarks' arrive where eager steps do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from bench.steps import data, torch_api
from bench.steps.catalog import STEPS
from gpugrad.native import toolchain

ONE_CALL = (
    *("xor", "not-gate", "regression", "mlp-sgd", "mlp-adam", "attention", "hvp"),
    *("sigmoid-mse", "optimizer"),
)
"""Steps of which the whole is one program."""

pytestmark = pytest.mark.usefixtures("generated")


def test_there_is_a_compiler() -> None:
    assert toolchain.available()


@pytest.mark.parametrize("name", ONE_CALL)
def test_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "ELEMENTS", 100_000)
    monkeypatch.setattr(data, "OPTIMIZER_TENSORS", 60)
    functions: list[Any] = []

    def compiled(function: Any) -> Any:
        functions.append(gpugrad.compile(function))
        return functions[-1]

    eager = STEPS[name](gpugrad, "cpu", torch_api.EAGER)
    fast = STEPS[name](gpugrad, "cpu", torch_api.How(whole=compiled))
    for turn in range(8):
        eager.run(turn)
        fast.run(turn)
        np.testing.assert_allclose(fast.values(), eager.values(), rtol=2e-5, atol=2e-6)
    (program,) = functions[0].programs()
    assert [step.name for step in program.first_run().plan._steps] == ["native"]
