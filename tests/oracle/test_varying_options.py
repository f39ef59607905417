"""Compiled steps whose schedules move momentum and betas, against PyTorch's eager ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.native_switch import needs_compiler

torch = pytest.importorskip("torch")

STEPS = 30
SHAPES = ((3, 4), (5,), (40, 60))

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "dampening": 0.1, "weight_decay": 0.01},
    "Adam": {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True},
    "AdamW": {"lr": 0.01},
    "NAdam": {"lr": 0.01},
    "RAdam": {"lr": 0.01},
    "Adamax": {"lr": 0.01},
    "RMSprop": {"lr": 0.01, "momentum": 0.9, "centered": True},
}
OTHERS: dict[str, dict[str, Any]] = {
    "Adagrad": {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.01},
    "Adadelta": {"lr": 1.0, "weight_decay": 0.01},
    "ASGD": {"lr": 0.1, "t0": 3.0, "weight_decay": 0.01},
    "Rprop": {"lr": 0.01},
}
SCHEDULES: dict[str, dict[str, Any]] = {
    "OneCycleLR": {"max_lr": 0.1, "total_steps": STEPS + 1},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4},
}


class Program:
    """Trains in one of the libraries, compiled in ours.

    Args:
        schedule: the name of one, or "all" for other numbers of all options in every step.
    """

    def __init__(self, library: Any, name: str, schedule: str, device: str) -> None:
        draw = np.random.default_rng(0)
        self._targets = [library.tensor(draw.standard_normal(s)).to(device) for s in SHAPES]
        starts = [library.tensor(draw.standard_normal(s)).to(device) for s in SHAPES]
        self._parameters = [start.requires_grad_() for start in starts]
        options = {**OPTIMIZERS, **OTHERS}[name]
        self._optimizer = getattr(library.optim, name)(self._parameters, **options)
        self._schedule: Any = None
        if schedule != "all":
            make = getattr(library.optim.lr_scheduler, schedule)
            self._schedule = make(self._optimizer, **SCHEDULES[schedule])
        self._step: Any = gpugrad.compile(self._take) if library is gpugrad else self._take

    def _take(self) -> None:
        self._optimizer.zero_grad()
        pairs = zip(self._parameters, self._targets, strict=True)
        sum(((p - t).sin() ** 2).sum() for p, t in pairs).backward()
        self._optimizer.step()

    def run(self) -> list[Any]:
        """The parameters after every step."""
        found = []
        for turn in range(STEPS):
            self._step()
            found.append([p.detach().cpu().numpy().copy() for p in self._parameters])
            if self._schedule is not None:
                self._schedule.step()
            else:
                change(turn, self._optimizer.param_groups[0])
        return found

    def retraces(self) -> int:
        return sum(entry.stale for entry in self._step._entries.values())


def change(turn: int, group: dict[str, Any]) -> None:
    """Every number among the options, by a little."""
    factor = 1 + 0.003 * (turn * 7 % 5 - 2.5)

    def other(value: float) -> float:
        return value * factor if value >= 1 else min(value * factor, 0.9999)

    for name in group.keys() - {"params", "lr", "step_sizes"}:
        if isinstance(group[name], tuple):
            group[name] = tuple(map(other, group[name]))
        elif isinstance(group[name], float):
            group[name] = other(group[name])


def check(name: str, schedule: str, device: str = "cpu") -> None:
    ours = Program(gpugrad, name, schedule, device)
    theirs = Program(torch, name, schedule, "cpu")
    for turn, (a, b) in enumerate(zip(ours.run(), theirs.run(), strict=True)):
        for one, other in zip(a, b, strict=True):
            # In float64; counts of steps and their like are float32.
            np.testing.assert_allclose(one, other, 1e-6, 1e-8, err_msg=f"step {turn}")
    assert ours.retraces() == 0


IN_C = ("SGD", "Adam", "AdamW", "RMSprop")

CASES = [(name, schedule) for name in OPTIMIZERS for schedule in SCHEDULES]
CASES += [(name, "all") for name in (*OPTIMIZERS, *OTHERS)]


@pytest.mark.parametrize("device", ["cpu", "host"], indirect=True)
@pytest.mark.parametrize(("name", "schedule"), CASES)
def test_replays(name: str, schedule: str, device: str) -> None:
    check(name, schedule, device)


@needs_compiler
@pytest.mark.usefixtures("generated")
@pytest.mark.parametrize(("name", "schedule"), [c for c in CASES if c[0] in IN_C])
def test_replays_in_c(name: str, schedule: str) -> None:
    check(name, schedule)
