"""Training steps as tutorials have them, each for its own kind of model: compiled as in eager mode.

Every step runs on the CPU and on the stand-in for CuPy, with other data in every turn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.native import toolchain
from gpugrad.optim import lr_scheduler
from tests.capture.jobs import batches, models, practice  # noqa: F401  # fill the registry
from tests.capture.jobs.registry import JOBS, PLANS, TURNS, Data, batch
from tests.capture.training import Job, histories, parameters, programs


@pytest.mark.parametrize("device", ["cpu", "host"], indirect=True)
@pytest.mark.parametrize("name", JOBS)
def test_compiled_equals_eager(name: str, device: str) -> None:
    """To the last bit on the CPU, unless loops in C or CUDA add up in another order."""
    exact = device == "cpu" and not toolchain.available()
    tolerance = 0.0 if exact else 2e-5
    eager, compiled, function = histories(lambda: JOBS[name](device), TURNS * PLANS[name])
    for turn, (a, b) in enumerate(zip(eager, compiled, strict=True)):
        assert len(a) == len(b)
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            np.testing.assert_allclose(
                other, one, tolerance, tolerance / 10, err_msg=f"step {turn}, tensor {place}"
            )
    assert programs(function) == PLANS[name]


def test_cycled_momentum_runs_eagerly() -> None:
    """``OneCycleLR`` gives Adam another beta in every step, which a plan takes for granted."""

    def make() -> Job:
        gpugrad.manual_seed(0)
        net = nn.Linear(4, 3)
        optimizer = gpugrad.optim.AdamW(net.parameters(), lr=0.05)
        scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=40)

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        return Job(step, batch(Data("cpu")), parameters(net), after=lambda _: scheduler.step())

    with pytest.warns(UserWarning, match="runs eagerly: something that it takes for granted has"):
        eager, compiled, _ = histories(make, 30)
    for a, b in zip(eager, compiled, strict=True):
        for one, other in zip(a, b, strict=True):
            np.testing.assert_array_equal(other, one)
