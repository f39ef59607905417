"""Training steps, written once against PyTorch's API and run on any library that has it.

Each step is a function of the library that builds a model and returns two callables: one runs a
training step, the other returns the parameters as flat lists, to check that all libraries end up
in the same place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Step = tuple[Callable[[int], Any], Callable[[], list[float]]]


def xor(torch: Any) -> Step:
    """Two layers by hand, one sample a step, plain gradient descent under ``no_grad``."""
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([0.0, 1.0, 1.0, 0.0])
    w1 = torch.tensor([[0.1, 0.3], [0.2, 0.1]], requires_grad=True)
    b1 = torch.tensor([0.2, -0.2], requires_grad=True)
    w2 = torch.tensor([[0.1], [-0.4]], requires_grad=True)
    b2 = torch.tensor([0.0], requires_grad=True)
    parameters = [w1, b1, w2, b2]

    def step(i: int) -> None:
        for p in parameters:
            if p.grad is not None:
                p.grad.data.zero_()
        hidden = torch.relu(torch.matmul(x[i % 4], w1) + b1)
        loss = (y[i % 4] - torch.sigmoid(torch.matmul(hidden, w2) + b2)) ** 2
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= 0.01 * p.grad

    return step, lambda: _flat(parameters)


def not_gate(torch: Any) -> Step:
    """One neuron that learns NOT, with ``optim.SGD``."""
    x = torch.tensor([[0.0], [1.0]])
    y = torch.tensor([1.0, 0.0])
    w = torch.tensor([[3.0]], requires_grad=True)
    b = torch.tensor([[1.0]], requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=0.1)

    def step(i: int) -> None:
        loss = torch.mean(torch.square(torch.sigmoid(w @ x.T + b) - y))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step, lambda: _flat([w, b])


def regression(torch: Any) -> Step:
    """A straight line through 1,500 samples, by hand."""
    torch.manual_seed(0)
    x = torch.randn(1500, 1)
    y = 0.5 * x.squeeze() + 2
    w = torch.randn(1, 1).requires_grad_(True)
    b = torch.randn(1).requires_grad_(True)

    def step(i: int) -> None:
        loss = torch.square(y - (x @ w + b).squeeze()).mean()
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= 0.01 * p.grad
                p.grad.zero_()

    return step, lambda: _flat([w, b])


def mlp(torch: Any) -> Step:
    """64-128-128-10, batch 64, ``nn.Sequential``, cross-entropy and SGD with momentum."""
    return _mlp(torch, lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9))


def mlp_adam(torch: Any) -> Step:
    """The same network with Adam."""
    return _mlp(torch, lambda p: torch.optim.Adam(p, lr=1e-3))


def _mlp(torch: Any, make_optimizer: Callable[[Any], Any]) -> Step:
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    x, y = torch.randn(64, 64), torch.randint(0, 10, (64,))
    optimizer = make_optimizer(model.parameters())
    criterion = nn.CrossEntropyLoss()

    def step(i: int) -> None:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    return step, lambda: _flat(list(model.parameters()))


def _flat(parameters: list[Any]) -> list[float]:
    return [v for p in parameters for v in p.detach().reshape(-1).tolist()]


STEPS: dict[str, Callable[[Any], Step]] = {
    "xor": xor,
    "not-gate": not_gate,
    "regression": regression,
    "mlp-sgd": mlp,
    "mlp-adam": mlp_adam,
}
