"""Learning rate schedules against PyTorch's: the same floats, not only near ones."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest

import gpugrad
from tests.oracle.refusals import refused_alike

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
    ("MultiplicativeLR", {"lr_lambda": Halving()}),
    ("MultiplicativeLR", {"lr_lambda": [lambda e: 1 / (1 + e), lambda e: 0.9]}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 4}),
    (
        "CyclicLR",
        {"base_lr": [0.1, 0.01], "max_lr": [0.5, 0.2], "step_size_up": 3, "step_size_down": 5},
    ),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 4, "mode": "triangular2"}),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 4, "mode": "exp_range", "gamma": 0.9},
    ),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 4, "scale_fn": Halving()}),
    (
        "CyclicLR",
        {
            "base_lr": 0.1,
            "max_lr": 0.5,
            "step_size_up": 4,
            "scale_fn": lambda x: 1 / (1 + x),
            "scale_mode": "iterations",
            "cycle_momentum": False,
        },
    ),
    (
        "CyclicLR",
        {
            "base_lr": 0.1,
            "max_lr": 0.5,
            "step_size_up": 4,
            "base_momentum": [0.5, 0.6],
            "max_momentum": 0.95,
        },
    ),
    ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
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


def test_all_at_once() -> None:
    def make(module: Any, opt: Any) -> Any:
        return module.ChainedScheduler(
            [
                module.ConstantLR(opt, 0.1, total_iters=5),
                module.ExponentialLR(opt, 0.9),
                module.MultiplicativeLR(opt, lambda e: 1 + 1 / e),
            ]
        )

    assert run(gpugrad, make, "SGD") == run(torch, make, "SGD")


def test_several_schedules_in_one_another() -> None:
    def make(module: Any, opt: Any) -> Any:
        start = module.ChainedScheduler(
            [module.LinearLR(opt, 0.1, total_iters=5), module.ExponentialLR(opt, 0.9)], opt
        )
        rest = module.CosineAnnealingWarmRestarts(opt, T_0=4, T_mult=2)
        return module.SequentialLR(opt, [start, rest], milestones=[5])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run(gpugrad, make, "SGD") == run(torch, make, "SGD")


def test_states_of_several_schedules() -> None:
    states = []
    for library in (gpugrad, torch):
        module = library.optim.lr_scheduler
        schedulers = []
        for _ in range(2):
            opt = make_optimizer(library)
            parts = [module.ConstantLR(opt, 0.5, 3), module.ExponentialLR(opt, 0.9)]
            schedulers.append(module.ChainedScheduler(parts))
        for _ in range(4):
            schedulers[0].optimizer.step()
            schedulers[0].step()
        schedulers[1].load_state_dict(schedulers[0].state_dict())
        assert schedulers[1].state_dict() == schedulers[0].state_dict()
        states.append(schedulers[1].state_dict())
    assert states[0] == states[1]


@pytest.mark.parametrize("options", [{"T_0": 4}, {"T_0": 3, "T_mult": 2, "eta_min": 0.01}])
def test_restarts_at_any_time(options: dict[str, Any]) -> None:
    histories = []
    for library in (gpugrad, torch):
        optimizer = make_optimizer(library)
        scheduler = library.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, **options)
        history = []
        for epoch in (0.25, 2, 3.5, None, 10, 26.75, None, None, 1):
            scheduler.step(epoch)
            history.append((scheduler.get_last_lr(), scheduler.state_dict()))
        histories.append(history)
    assert histories[0] == histories[1]


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
    ("name", "options"),
    [s for s in SCHEDULES if s[0] not in ("LambdaLR", "OneCycleLR", "CosineAnnealingWarmRestarts")],
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
        lambda: module.ChainedScheduler([]),
        lambda: module.ChainedScheduler([3], optimizer),
        lambda: module.ChainedScheduler([module.ReduceLROnPlateau(optimizer)]),
        lambda: module.ChainedScheduler([step], optimizer),
        lambda: module.MultiplicativeLR(optimizer, [lambda e: e]),
        lambda: module.MultiplicativeLR(optimizer, 0.5),
        lambda: module.CyclicLR(3, 0.1, 1.0),
        lambda: module.CyclicLR(optimizer, [0.1], 1.0),
        lambda: module.CyclicLR(optimizer, 0.1, [1.0]),
        lambda: module.CyclicLR(optimizer, 0.1, 1.0, mode="round"),
        lambda: module.CyclicLR(optimizer, 0.1, 1.0, base_momentum=[0.5]),
        lambda: module.CyclicLR(bare, 0.1, 1.0),
        lambda: module.CosineAnnealingWarmRestarts(optimizer, 0),
        lambda: module.CosineAnnealingWarmRestarts(optimizer, 2.5),
        lambda: module.CosineAnnealingWarmRestarts(optimizer, 2, T_mult=0),
        lambda: module.CosineAnnealingWarmRestarts(optimizer, 2, eta_min="low"),
        lambda: module.CosineAnnealingWarmRestarts(optimizer, 2).step(-1),
    ]


test_errors = refused_alike(wrong_calls)
