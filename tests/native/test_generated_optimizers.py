"""Every optimizer's step as a part of a generated program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn, optim
from tests.capture.training import drawn
from tests.native.test_generated import CALLS, steps_of

pytestmark = pytest.mark.usefixtures("generated")

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    "Adam": {"amsgrad": True},
    "AdamW": {},
    "Adamax": {"weight_decay": 0.1},
    "NAdam": {"decoupled_weight_decay": True, "weight_decay": 0.1},
    "RAdam": {"lr": 0.01},
    "Adagrad": {"lr_decay": 0.1},
    "Adadelta": {},
    "RMSprop": {"centered": True, "momentum": 0.5},
    "Rprop": {},
    "ASGD": {"lambd": 0.1},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps(name: str) -> None:
    """Results are the eager ones, while the optimizer's count of steps grows."""

    def made() -> tuple[nn.Module, Any]:
        layer = nn.Linear(5, 3)
        with gpugrad.no_grad():
            for n, p in enumerate(layer.parameters()):
                p.copy_(drawn(n, *p.shape))
        optimizer = getattr(optim, name)(layer.parameters(), **OPTIMIZERS[name])

        def step(x: Tensor) -> Tensor:
            optimizer.zero_grad()
            loss: Tensor = (layer(x).tanh() ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss.detach()

        return layer, step

    (eager, step), (layer, function) = made(), made()
    compiled = gpugrad.compile(function)
    for turn in range(CALLS + 4):
        x = drawn(turn, 8, 5)
        assert compiled(x).item() == pytest.approx(step(x).item(), rel=1e-5)
    for one, other in zip(layer.parameters(), eager.parameters(), strict=True):
        np.testing.assert_allclose(
            one.detach().numpy(), other.detach().numpy(), rtol=1e-5, atol=1e-6
        )
    assert steps_of(compiled) == ["native"]
