"""Training on a device gives the CPU's results, and copies nothing once it is under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn import functional as F
from tests import host_cupy
from tests.conftest import DEVICES

on_cuda = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)


def on_host(tensor: Any) -> Any:
    """The values as a NumPy array."""
    return tensor.detach().cpu().numpy()


def by_hand(device: str) -> list[float]:
    """A network without modules or an optimizer, as one writes it to learn how it works."""
    gpugrad.manual_seed(0)
    x = gpugrad.randn(8, 3).to(device)
    y = gpugrad.randn(8, 1).to(device)
    w1 = (gpugrad.randn(3, 5) * 0.5).to(device).requires_grad_()
    b1 = gpugrad.zeros(5, device=device, requires_grad=True)
    w2 = (gpugrad.randn(5, 1) * 0.5).to(device).requires_grad_()
    losses = []
    for _ in range(5):
        loss = ((gpugrad.tanh(x @ w1 + b1) @ w2 - y) ** 2).mean()
        loss.backward()
        with gpugrad.no_grad():
            for w in (w1, b1, w2):
                assert w.grad is not None
                w -= 0.1 * w.grad
                w.grad.zero_()
        losses.append(loss)
    return [float(loss) for loss in losses]


@on_cuda
def test_training_by_hand(device: str) -> None:
    losses = by_hand(device)
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(losses, by_hand("cpu"), rtol=1e-4)


def classifier() -> nn.Sequential:
    # No bias before the normalization: its gradient is all rounding, which Adam would blow up.
    return nn.Sequential(
        nn.Linear(6, 8, bias=False),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Dropout(0.0),
        nn.Linear(8, 3),
    )


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: gpugrad.optim.SGD(p, lr=0.1),
    "momentum": lambda p: gpugrad.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: gpugrad.optim.Adam(p, lr=0.01, weight_decay=0.01),
    "AdamW": lambda p: gpugrad.optim.AdamW(p, lr=0.01, amsgrad=True),
    "RMSprop": lambda p: gpugrad.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
}


class Training:
    """A classifier and what trains it; data and parameters are the same on every device."""

    def __init__(self, device: str, optimizer: str) -> None:
        gpugrad.manual_seed(0)
        self.model = classifier().to(device)
        self.x = gpugrad.randn(16, 6).to(device)
        self.y = gpugrad.randint(3, (16,)).to(device)
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())
        self.scheduler = gpugrad.optim.lr_scheduler.StepLR(self.optimizer, 2, 0.5)

    def step(self) -> Any:
        self.optimizer.zero_grad()
        out = self.model(self.x)
        loss = F.cross_entropy(out, self.y) + 0.1 * F.mse_loss(out.sigmoid(), out.detach() * 0)
        loss.backward()
        nn.utils.clip_grad_value_(self.model.parameters(), 0.05)
        self.optimizer.step()
        self.scheduler.step()
        return loss.detach()


@on_cuda
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_gives_the_results_of_the_cpu(device: str, optimizer: str) -> None:
    there, here = Training(device, optimizer), Training("cpu", optimizer)
    for _ in range(6):
        np.testing.assert_allclose(float(there.step()), float(here.step()), rtol=1e-3)
    for p, q in zip(there.model.parameters(), here.model.parameters(), strict=True):
        assert p.is_cuda
        np.testing.assert_allclose(on_host(p), on_host(q), rtol=5e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_training_step_copies_nothing(host: host_cupy.Copies, optimizer: str) -> None:
    training = Training("cuda", optimizer)
    training.step()
    host.reset()
    for _ in range(3):
        training.step()
    assert (host.to_device, host.to_host) == (0, 0)


def test_random_draws_copy_nothing(host: host_cupy.Copies) -> None:
    x = gpugrad.ones(100, device="cuda", requires_grad=True)
    host.reset()
    y = F.dropout(x, 0.25) + gpugrad.rand_like(x) + gpugrad.randn(100, device="cuda")
    y.sum().backward()
    assert (host.to_device, host.to_host) == (0, 0)
    assert x.grad is not None
    assert set(x.grad.tolist()) == {0.0, float(np.float32(4 / 3))}


def test_second_derivatives_copy_nothing(host: host_cupy.Copies) -> None:
    x = gpugrad.tensor([0.5, 1.5], device="cuda", requires_grad=True)
    host.reset()
    (first,) = gpugrad.autograd.grad((x.sin() * x.exp()).sum(), x, create_graph=True)
    (second,) = gpugrad.autograd.grad(first.sum(), x)
    assert (host.to_device, host.to_host) == (0, 0)
    np.testing.assert_allclose(
        on_host(second), 2 * np.cos([0.5, 1.5]) * np.exp([0.5, 1.5]), rtol=1e-5
    )


def test_steps_give_their_memory_back(host: host_cupy.Copies) -> None:
    training = Training("cuda", "Adam")
    training.step()
    before = gpugrad.cuda.memory_allocated()
    for _ in range(5):
        training.step()
    assert gpugrad.cuda.memory_allocated() == before
