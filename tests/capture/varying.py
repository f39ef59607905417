"""Programs whose optimizers get other options between steps, and a check of compiled ones."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.optim import lr_scheduler
from tests.capture.training import Job, classes, drawn, histories, parameters, programs

STEPS = 30

Make = Callable[[Any], Any]
Change = Callable[[int, Any], None]

CYCLED: dict[str, Make] = {
    "SGD": lambda p: gpugrad.optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: gpugrad.optim.SGD(
        p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01
    ),
    "dampening": lambda p: gpugrad.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.2, maximize=True),
    "Adam": lambda p: gpugrad.optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: gpugrad.optim.Adam(p, lr=0.01, amsgrad=True, weight_decay=0.1),
    "AdamW": lambda p: gpugrad.optim.AdamW(p, lr=0.01),
    "NAdam": lambda p: gpugrad.optim.NAdam(p, lr=0.01),
    "RAdam": lambda p: gpugrad.optim.RAdam(p, lr=0.01, weight_decay=0.1),
    "Adamax": lambda p: gpugrad.optim.Adamax(p, lr=0.01),
    "RMSprop": lambda p: gpugrad.optim.RMSprop(p, lr=0.01, momentum=0.9),
    "centered": lambda p: gpugrad.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
}
"""Optimizers of which the schedules below change the momentum, or the first of the betas."""

OTHERS: dict[str, Make] = {
    "Adagrad": lambda p: gpugrad.optim.Adagrad(p, lr=0.1, lr_decay=0.01, weight_decay=0.01),
    "Adadelta": lambda p: gpugrad.optim.Adadelta(p, lr=1.0, weight_decay=0.01),
    "Rprop": lambda p: gpugrad.optim.Rprop(p, lr=0.01),
    "ASGD": lambda p: gpugrad.optim.ASGD(p, lr=0.1, t0=3.0, weight_decay=0.01),
}

SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=STEPS + 2),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=4),
}


def training(
    make: Make, device: str, change: Change | None = None, schedule: str = "", many: bool = False
) -> Callable[[], Job]:
    """A job that trains a small network, or one of ``many`` parameters."""

    def job() -> Job:
        sizes = (4, 6, 6, 6, 6, 3) if many else (4, 3)
        net = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(sizes)))
        net.to(device)
        optimizer = make(net.parameters())
        scheduler = SCHEDULES[schedule](optimizer) if schedule else None

        def step(x: Tensor, y: Tensor) -> Any:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        def feed(turn: int) -> tuple[Any, ...]:
            return drawn(turn, 5, 4).to(device), classes(turn, 5, 3).to(device)

        def between(turn: int) -> None:
            if change is not None:
                change(turn, optimizer.param_groups[0])
            if turn and scheduler is not None:
                scheduler.step()

        return Job(step, feed, parameters(net), between)

    return job


def check(make: Callable[[], Job], tolerance: float = 0.0, retraces: int = 0) -> Any:
    """Eager and compiled runs agree, and so many traces were in vain."""
    eager, compiled, function = histories(make, STEPS)
    for turn, (a, b) in enumerate(zip(eager, compiled, strict=True)):
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            np.testing.assert_allclose(
                other, one, tolerance, tolerance / 10, err_msg=f"step {turn}, tensor {place}"
            )
    assert programs(function) == 1
    assert sum(entry.stale for entry in function._entries.values()) == retraces
    return function


def change_all(turn: int, group: dict[str, Any]) -> None:
    """Every number among the options, by a little, in every step."""
    for name in group.keys() - {"params", "lr", "step_sizes"}:
        value, factor = group[name], 1 + 0.003 * (turn * 7 % 5 - 2.5)
        if isinstance(value, tuple):
            group[name] = tuple(min(v * factor, 0.9999) if v < 1 else v * factor for v in value)
        elif isinstance(value, float):
            group[name] = value * factor if value >= 1 else min(value * factor, 0.9999)
