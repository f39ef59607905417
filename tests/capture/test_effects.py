"""When two calls count as having given the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.backend import cpu
from gpugrad.capture.effects import agree, left_to_chance
from tests.capture.training import drawn


def floats(*values: float, dtype: Any = np.float32) -> Any:
    return np.array(values, dtype)


@pytest.mark.parametrize(
    ("one", "other", "largest", "same"),
    [
        (floats(1, 2), floats(1, 2.0001), 0.0, True),
        (floats(1, 2), floats(1, 2.1), 0.0, False),
        (floats(1, 2, dtype=np.float64), floats(1, 2.0001, dtype=np.float64), 0.0, False),
        (floats(np.nan, np.inf), floats(np.nan, np.inf), 0.0, True),
        (floats(np.nan, 1), floats(1, 1), 0.0, False),
        (floats(1e-9), floats(-3e-9), 0.0, False),
        (floats(1e-9), floats(-3e-9), 1.0, True),  # what is left of ones that cancel
        (floats(1e-3), floats(-3e-3), 1.0, False),
        (floats(1, 2), floats(1), 0.0, False),
        (floats(1), floats(1, dtype=np.float64), 0.0, False),
        (np.array([1, 2]), np.array([1, 3]), 1e9, False),
    ],
)
def test_agreement(one: Any, other: Any, largest: float, same: bool) -> None:
    assert agree(cpu, one, other, largest) == same


def test_elements_left_to_chance_do_not_count() -> None:
    unsure = left_to_chance(cpu, floats(1e-9, 0.1), 1.0)
    assert unsure.tolist() == [True, False]
    assert agree(cpu, floats(1, 2), floats(5, 2), 0.0, unsure)
    assert not agree(cpu, floats(1, 2), floats(1, 5), 0.0, unsure)


def test_bias_before_a_normalization_and_adam() -> None:
    """Its gradient is rounding alone, which Adam makes into steps of full length."""
    gpugrad.manual_seed(0)
    net = nn.Sequential(nn.Linear(16, 64), nn.BatchNorm1d(64), nn.Linear(64, 1))
    optimizer = gpugrad.optim.Adam(net.parameters(), lr=0.01)

    @gpugrad.compile
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    for turn in range(5):
        step(drawn(turn, 32, 16))
    assert len(step.programs()) == 1
