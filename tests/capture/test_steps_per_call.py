"""Several steps in one call of a compiled function."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from tests.conftest import DEVICES
from tests.host_cupy import launches


class Training:
    def __init__(self, device: str) -> None:
        gpugrad.manual_seed(0)
        self.model = nn.Linear(3, 2, device=device)
        self.optimizer = gpugrad.optim.Adam(self.model.parameters(), lr=0.1)

    def step(self, x: Any, y: Any) -> dict[str, Any]:
        self.optimizer.zero_grad()
        out = self.model(x)
        loss = nn.functional.mse_loss(out, y)
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.detach(), "out": out.detach()}


def batches(device: str, count: int) -> tuple[Any, Any]:
    gpugrad.manual_seed(1)
    x, y = gpugrad.randn(count, 4, 5, 3), gpugrad.randn(count, 4, 5, 2)
    return x.to(device), y.to(device)


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_four_steps_in_one(device: str) -> None:
    single, several = Training(device), Training(device)
    call = gpugrad.compile(several.step, steps_per_call=4)
    for x, y in zip(*batches(device, 6), strict=True):
        expected = [single.step(a, b) for a, b in zip(x, y, strict=True)]
        found = call(x, y)
        assert found["loss"].shape == (4,) and found["out"].shape == (4, 5, 2)
        for k, one in enumerate(expected):
            assert gpugrad.allclose(found["loss"][k], one["loss"], rtol=1e-4, atol=1e-6)
            assert gpugrad.allclose(found["out"][k], one["out"], rtol=1e-4, atol=1e-5)
    for a, b in zip(single.model.parameters(), several.model.parameters(), strict=True):
        assert gpugrad.allclose(a, b, rtol=1e-4, atol=1e-6)


def test_one_launch_of_a_graph_is_all(host: Any) -> None:
    training = Training("cuda")
    call = gpugrad.compile(training.step, steps_per_call=4)
    for x, y in zip(*batches("cuda", 4), strict=True):
        call(x, y)
    launches.clear()
    call(x, y)
    assert launches == []  # of single kernels


def test_another_leading_size_is_refused() -> None:
    call = gpugrad.compile(lambda x: x + 1, steps_per_call=3)
    with pytest.raises(ValueError, match="leading dimension of this size, got shape \\(2, 5\\)"):
        call(gpugrad.ones(2, 5))
    with pytest.raises(ValueError, match="must be positive, got 0"):
        gpugrad.compile(lambda x: x, steps_per_call=0)
