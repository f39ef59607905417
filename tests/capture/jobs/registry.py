"""Programs whose steps are compiled, by name, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gpugrad
from gpugrad import Tensor, nn
from tests.capture import training
from tests.capture.training import Job, parameters

TURNS = 6
"""Three are traced or warm up, and three are replays."""

Make = Callable[[str], Job]
JOBS: dict[str, Make] = {}
"""By name, programs for a device."""
PLANS: dict[str, int] = {}
"""How many plans they need, if not one."""


def job(name: str, plans: int = 1) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        JOBS[name], PLANS[name] = make, plans
        return make

    return add


def simple(
    net: Any,
    feed: Callable[[int], tuple[Any, ...]],
    loss: Callable[..., Tensor],
    optimizer: Callable[..., Any] = gpugrad.optim.SGD,
    **options: Any,
) -> Job:
    """``zero_grad``, forward, ``backward``, ``step``; the last of the step's arguments is the
    target."""
    options.setdefault("lr", 0.05)
    chosen = optimizer(net.parameters(), **options)

    def step(*inputs: Any) -> Any:
        chosen.zero_grad()
        value = loss(net(*inputs[:-1]), inputs[-1])
        value.backward()
        chosen.step()
        return value.detach()

    return Job(step, feed, parameters(net))


class Data:
    """Numbers that differ from turn to turn, on a device."""

    def __init__(self, device: str) -> None:
        self.device = device

    def normal(self, turn: int, *shape: int) -> Tensor:
        found: Tensor = training.drawn(turn, *shape).to(self.device)
        return found

    def classes(self, turn: int, count: int, number: int) -> Tensor:
        found: Tensor = training.classes(turn, count, number).to(self.device)
        return found

    def words(self, turn: int, rows: int, length: int, number: int) -> Tensor:
        found: Tensor = self.classes(turn, rows * length, number).reshape(rows, length)
        return found


def mlp(device: str, dropout: float = 0.0) -> Any:
    return nn.Sequential(
        nn.Linear(4, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 3)
    ).to(device)  # fmt: skip


def batch(data: Data) -> Callable[[int], tuple[Any, ...]]:
    return lambda turn: (data.normal(turn, 6, 4), data.classes(turn, 6, 3))
