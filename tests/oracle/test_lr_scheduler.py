"""Learning rate schedules against PyTorch's: the same floats, not only near ones."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest

import gpugrad

torch = pytest.importorskip("torch")


class Halving:
    def __init__(self) -> None:
        self.strength = 0.5

    def __call__(self, step: int) -> float:
        return self.strength**step


SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("StepLR", {"step_size": 3}),
    ("StepLR", {"step_size": 4, "gamma": 0.7}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.3}),
    ("ExponentialLR", {"gamma": 0.93}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.7, "total_iters": 3}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.9, "end_factor": 0.1, "total_iters": 7}),
    ("PolynomialLR", {"total_iters": 8, "power": 1.7}),
    ("CosineAnnealingLR", {"T_max": 7}),
    ("CosineAnnealingLR", {"T_max": 4, "eta_min": 0.01}),
    ("LambdaLR", {"lr_lambda": Halving()}),
    ("LambdaLR", {"lr_lambda": [lambda e: 1 / (1 + e), lambda e: math.cos(e)]}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 25}),
    ("OneCycleLR", {"max_lr": [0.7, 0.3], "epochs": 5, "steps_per_epoch": 5}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 25, "three_phase": True, "pct_start": 0.4}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 25, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 25, "cycle_momentum": False}),
]


def make_optimizer(library: Any, name: str = "SGD") -> Any:
    groups = [{"params": [library.zeros(1)]}, {"params": [library.zeros(1)], "lr": 0.02}]
    options = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(library.optim, name)(groups, lr=0.1, **options)


def run(library: Any, make: Any, optimizer_name: str, steps: int = 25) -> list[Any]:
    optimizer = make_optimizer(library, optimizer_name)
    scheduler = make(library.optim.lr_scheduler, optimizer)
    history = []
    for _ in range(steps):
        history.append([dict(g, params=None) for g in optimizer.param_groups])
        assert scheduler.get_last_lr() == [g["lr"] for g in optimizer.param_groups]
        optimizer.step()
        scheduler.step()
    return history


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_rates(name: str, options: dict[str, Any], optimizer: str) -> None:
    def make(module: Any, opt: Any) -> Any:
        return getattr(module, name)(opt, **options)

    assert run(gpugrad, make, optimizer) == run(torch, make, optimizer)


def test_one_after_the_other() -> None:
    def make(module: Any, opt: Any) -> Any:
        parts = [
            module.LinearLR(opt, 0.1, total_iters=5),
            module.CosineAnnealingLR(opt, T_max=6),
            module.ExponentialLR(opt, 0.9),
        ]
        return module.SequentialLR(opt, parts, milestones=[5, 11])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run(gpugrad, make, "SGD") == run(torch, make, "SGD")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "max", "factor": 0.5, "patience": 2},
        {"patience": 1, "cooldown": 3, "threshold": 0.1},
        {"patience": 0, "threshold_mode": "abs", "threshold": 0.2, "min_lr": [0.01, 0.001]},
        {"mode": "max", "patience": 0, "threshold_mode": "abs", "min_lr": 0.005},
    ],
)
def test_plateau(options: dict[str, Any]) -> None:
    metrics = [5.0, 4.0, 4.0, 3.95, 4.2, 3.0, 3.0, 3.0, 3.0, 2.9, 2.8, 2.8, 2.8, 2.8, 2.8, 1.0]
    histories = []
    for library in (gpugrad, torch):
        optimizer = make_optimizer(library)
        scheduler = library.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        history = []
        for metric in metrics * 2:
            scheduler.step(metric)
            history.append((scheduler.get_last_lr(), scheduler.num_bad_epochs, scheduler.best))
        histories.append(history)
    assert histories[0] == histories[1]


@pytest.mark.parametrize(
    ("name", "options"), [s for s in SCHEDULES if s[0] not in ("LambdaLR", "OneCycleLR")]
)
def test_closed_forms(name: str, options: dict[str, Any]) -> None:
    rates = []
    for library in (gpugrad, torch):
        optimizer = make_optimizer(library)
        scheduler = getattr(library.optim.lr_scheduler, name)(optimizer, **options)
        optimizer.step()
        found = []
        for epoch in (3, 1, 6, 0):
            with pytest.warns(UserWarning, match="The epoch parameter"):
                scheduler.step(epoch)
            found.append(scheduler.get_last_lr())
        rates.append(found)
    assert rates[0] == rates[1]


@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_states_are_those_of_pytorch(name: str, options: dict[str, Any]) -> None:
    if isinstance(options.get("lr_lambda"), Halving):
        options = {"lr_lambda": Halving()}
    states = []
    for library in (gpugrad, torch):
        optimizer = make_optimizer(library)
        scheduler = getattr(library.optim.lr_scheduler, name)(optimizer, **options)
        for _ in range(4):
            optimizer.step()
            scheduler.step()
        states.append(scheduler.state_dict())
    assert states[0] == states[1]


def wrong_calls(library: Any) -> list[Any]:
    module = library.optim.lr_scheduler
    optimizer = make_optimizer(library)
    bare = library.optim.Optimizer([library.zeros(1)], {"lr": 0.1})
    step = module.StepLR(make_optimizer(library), 3)
    return [
        lambda: module.StepLR(3, 3),
        lambda: module.LambdaLR(optimizer, [lambda e: e]),
        lambda: module.ConstantLR(optimizer, factor=2.0),
        lambda: module.LinearLR(optimizer, start_factor=0.0),
        lambda: module.LinearLR(optimizer, end_factor=2.0),
        lambda: module.OneCycleLR(3, 1.0),
        lambda: module.OneCycleLR(optimizer, 1.0),
        lambda: module.OneCycleLR(optimizer, 1.0, total_steps=0),
        lambda: module.OneCycleLR(optimizer, 1.0, epochs=0, steps_per_epoch=2),
        lambda: module.OneCycleLR(optimizer, 1.0, epochs=2, steps_per_epoch=-2),
        lambda: module.OneCycleLR(optimizer, 1.0, total_steps=5, pct_start=2.0),
        lambda: module.OneCycleLR(optimizer, 1.0, total_steps=5, anneal_strategy="none"),
        lambda: module.OneCycleLR(optimizer, [1.0], total_steps=5),
        lambda: module.OneCycleLR(bare, 1.0, total_steps=5),
        lambda: module.ReduceLROnPlateau(optimizer, factor=1.0),
        lambda: module.ReduceLROnPlateau(optimizer, mode="best"),
        lambda: module.ReduceLROnPlateau(optimizer, threshold_mode="best"),
        lambda: module.ReduceLROnPlateau(optimizer, min_lr=[0.1]),
        lambda: module.ReduceLROnPlateau(3),
        lambda: module.SequentialLR(optimizer, [], []),
        lambda: module.SequentialLR(optimizer, [3], []),
        lambda: module.SequentialLR(optimizer, [module.ReduceLROnPlateau(optimizer)], []),
        lambda: module.SequentialLR(optimizer, [module.StepLR(optimizer, 3)], [1]),
        lambda: module.SequentialLR(optimizer, [step], []),
    ]


@pytest.mark.parametrize("number", range(len(wrong_calls(torch))))
def test_errors(number: int) -> None:
    with pytest.raises(Exception) as wanted:  # whatever PyTorch raises
        wrong_calls(torch)[number]()
    with pytest.raises(type(wanted.value)) as found:
        wrong_calls(gpugrad)[number]()
    assert type(found.value) is type(wanted.value)
    assert str(found.value) == str(wanted.value)
