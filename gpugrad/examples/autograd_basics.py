"""What autograd records, when gradients add up, and four ways to fit one weight.

The weight of y = 2x is found from four samples: with NumPy and a derivative worked out by hand,
with autograd, with an optimizer, and with a ready-made layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options

INPUTS = [1.0, 2.0, 3.0, 4.0]
TARGETS = [2.0, 4.0, 6.0, 8.0]


class Epoch(NamedTuple):
    """The weight after an epoch, and the loss before its step."""

    weight: float
    loss: float


def recorded(device: gpugrad.device) -> list[Tensor]:
    """Tensors that remember how they were made, and the gradients that follow from it."""
    gpugrad.manual_seed(0)
    x = gpugrad.rand(3).to(device).requires_grad_()
    y = x + 2
    y.backward(gpugrad.ones_like(y))  # a vector needs to be told what to multiply with
    shown = [x.detach().clone(), y, x.grad.clone()]
    x.grad.zero_()
    z = (x + 2) ** 2 * 2
    mean = z.mean()
    mean.backward()
    return [*shown, z, mean, x.grad]


def unrecorded(device: gpugrad.device) -> list[Tensor]:
    """Three ways to leave something out of the record."""
    x = gpugrad.ones(3, device=device, requires_grad=True)
    detached = x.detach()
    with gpugrad.no_grad():
        ignored = x + 2
    return [detached, ignored, x.requires_grad_(False)]


def accumulated(device: gpugrad.device, *, reset: bool) -> list[tuple[Tensor, Tensor]]:
    """A sum and its gradient in three backward passes, the gradient zeroed in between or not."""
    weights = gpugrad.ones(4, device=device, requires_grad=True)
    passes = []
    for _ in range(3):
        total = (weights * 3).sum()
        total.backward()
        passes.append((total, weights.grad.clone()))
        if reset:
            weights.grad.zero_()
    return passes


def one_weight(device: gpugrad.device) -> tuple[Tensor, Tensor]:
    """Loss and gradient of w in (w x - y)² for w = 1.5, x = 1, y = 2."""
    w = gpugrad.tensor(1.5, requires_grad=True, device=device)
    loss = (w * 1.0 - 2.0) ** 2
    loss.backward()
    return loss, w.grad


def fit_by_hand(epochs: int = 10, rate: float = 0.01) -> list[Epoch]:
    """NumPy alone. The derivative is of the sum of squares, four times that of the mean."""
    x, y = np.array(INPUTS, dtype=np.float32), np.array(TARGETS, dtype=np.float32)
    w = np.float32(0)
    taken = []
    for _ in range(epochs):
        difference = w * x - y
        loss = (difference**2).mean()
        w -= np.float32(rate) * np.dot(2 * x, difference)
        taken.append(Epoch(float(w), float(loss)))
    return taken


def fit_by_autograd(device: gpugrad.device, epochs: int = 10, rate: float = 0.01) -> list[Epoch]:
    """The derivative comes from autograd; the update is still written out."""
    x, y = gpugrad.tensor(INPUTS, device=device), gpugrad.tensor(TARGETS, device=device)
    w = gpugrad.tensor(0.0, requires_grad=True, device=device)
    taken = []
    for _ in range(epochs):
        loss = ((w * x - y) ** 2).mean()
        loss.backward()
        with gpugrad.no_grad():
            w -= rate * w.grad
            w.grad.zero_()
        taken.append(Epoch(w.item(), loss.item()))
    return taken


def fit_by_optimizer(device: gpugrad.device, epochs: int = 10, rate: float = 0.01) -> list[Epoch]:
    """Loss and update are the library's."""
    x, y = gpugrad.tensor(INPUTS, device=device), gpugrad.tensor(TARGETS, device=device)
    w = gpugrad.tensor(0.0, requires_grad=True, device=device)
    squared_error, optimizer = nn.MSELoss(), gpugrad.optim.SGD([w], lr=rate)
    taken = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = squared_error(w * x, y)
        loss.backward()
        optimizer.step()
        taken.append(Epoch(w.item(), loss.item()))
    return taken


def fit_layer(device: gpugrad.device, epochs: int = 1000) -> tuple[list[Epoch], float]:
    """A layer with weight and bias; also returns what it computes for 5."""
    gpugrad.manual_seed(0)
    x = gpugrad.tensor(INPUTS, device=device).reshape(-1, 1)
    y = gpugrad.tensor(TARGETS, device=device).reshape(-1, 1)
    model = nn.Linear(1, 1).to(device)
    squared_error, optimizer = nn.MSELoss(), gpugrad.optim.SGD(model.parameters(), lr=0.001)
    taken = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = squared_error(model(x), y)
        loss.backward()
        optimizer.step()
        taken.append(Epoch(model.weight.item(), loss.item()))
    return taken, model(gpugrad.tensor([5.0], device=device)).item()


def _show(title: str, epochs: list[Epoch], every: int = 1) -> None:
    print(title)
    for i, epoch in enumerate(epochs):
        if i % every == 0:
            print(f"epoch {i + 1}: w = {epoch.weight:.3f}, loss = {epoch.loss:.8f}")


@program("gpugrad.examples.autograd_basics")
def main(argv: Sequence[str] | None = None) -> int:
    device = Options(__doc__, argv, plots=False).device
    names = ("x", "y = x + 2", "dy/dx", "z = 2 y²", "mean of z", "its gradient in x")
    for name, tensor in zip(names, recorded(device), strict=True):
        print(name, tensor, sep=": ")
    for name, tensor in zip(("detach", "no_grad", "off"), unrecorded(device), strict=True):
        print(name, tensor, sep=": ")
    for total, gradient in accumulated(device, reset=False):
        print("sum", total, "gradient so far", gradient)
    for total, gradient in accumulated(device, reset=True):
        print("sum", total, "gradient alone", gradient)
    print("loss {}, gradient {}".format(*map(repr, one_weight(device))))

    epochs = fit_by_hand()
    print(f"f(5) before training: {0:.3f}")
    _show("NumPy and a derivative by hand", epochs)
    print(f"f(5) after training: {5 * epochs[-1].weight:.3f}")
    _show("autograd", fit_by_autograd(device))
    _show("optimizer", fit_by_optimizer(device))
    epochs, prediction = fit_layer(device)
    _show("layer", epochs, every=100)
    print(f"f(5) after training: {prediction:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
