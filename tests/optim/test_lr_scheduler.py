"""Learning rate schedules: PyTorch's numbers, and how they are used."""

from __future__ import annotations

import math
from typing import Any

import pytest

import gpugrad
from gpugrad import optim
from gpugrad.optim import lr_scheduler

RATES: list[tuple[str, dict[str, Any], list[float]]] = [
    ("StepLR", {"step_size": 2, "gamma": 0.5}, [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]),
    ("MultiStepLR", {"milestones": [1, 3], "gamma": 0.5}, [1.0, 0.5, 0.5, 0.25, 0.25, 0.25]),
    ("ExponentialLR", {"gamma": 0.5}, [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125]),
    ("ConstantLR", {"factor": 0.5, "total_iters": 3}, [0.5, 0.5, 0.5, 1.0, 1.0, 1.0]),
    ("LinearLR", {"start_factor": 0.5, "total_iters": 4}, [0.5, 0.625, 0.75, 0.875, 1.0, 1.0]),
    ("PolynomialLR", {"total_iters": 4, "power": 2.0}, [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]),
    ("CosineAnnealingLR", {"T_max": 3}, [1.0, 0.75, 0.25, 0.0, 0.25, 0.75]),
    (
        "OneCycleLR",
        {"max_lr": 1.0, "total_steps": 6},
        [0.04, 0.9944154355, 0.8117456539, 0.4626371027, 0.1334775302, 4e-06],
    ),
    (
        "LambdaLR",
        {"lr_lambda": lambda step: 1 / (1 + step)},
        [1.0, 0.5, 0.3333333333, 0.25, 0.2, 0.1666666667],
    ),
    (
        "MultiplicativeLR",
        {"lr_lambda": lambda step: 1 - 1 / (step + 1)},
        [1.0, 0.5, 0.3333333333, 0.25, 0.2, 0.1666666667],
    ),
    (
        "CyclicLR",
        {
            "base_lr": 0.1,
            "max_lr": 0.5,
            "step_size_up": 2,
            "step_size_down": 3,
            "mode": "triangular2",
        },
        [0.1, 0.3, 0.5, 0.3666666667, 0.2333333333, 0.1],
    ),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 2, "mode": "exp_range", "gamma": 0.5},
        [0.1, 0.2, 0.2, 0.125, 0.1, 0.10625],
    ),
    (
        "CosineAnnealingWarmRestarts",
        {"T_0": 2, "T_mult": 2, "eta_min": 0.5},
        [1.0, 0.75, 1.0, 0.9267766953, 0.75, 0.5732233047],
    ),
]


def make_optimizer(lr: Any = 1.0) -> optim.SGD:
    return optim.SGD([gpugrad.ones(1, requires_grad=True)], lr=lr, momentum=0.9)


def follow(optimizer: Any, scheduler: Any, steps: int) -> list[float]:
    rates = []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(("name", "options", "wanted"), RATES)
def test_rates(name: str, options: dict[str, Any], wanted: list[float]) -> None:
    optimizer = make_optimizer()
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    assert follow(optimizer, scheduler, 6) == pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize(("name", "options", "wanted"), RATES)
def test_a_rate_that_is_a_tensor_stays_one(
    name: str, options: dict[str, Any], wanted: list[float]
) -> None:
    rate = gpugrad.tensor(1.0, dtype=gpugrad.float64)
    optimizer = make_optimizer(rate)
    if name == "OneCycleLR":
        return  # its rates come from max_lr
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    assert follow(optimizer, scheduler, 6) == pytest.approx(wanted, abs=1e-6)
    assert optimizer.param_groups[0]["lr"] is rate


@pytest.mark.parametrize(("name", "options", "wanted"), RATES)
def test_a_saved_schedule_goes_on(name: str, options: dict[str, Any], wanted: list[float]) -> None:
    optimizer = make_optimizer()
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    follow(optimizer, scheduler, 3)
    other = make_optimizer()
    second = getattr(lr_scheduler, name)(other, **options)
    other.load_state_dict(optimizer.state_dict())
    second.load_state_dict(scheduler.state_dict())
    assert follow(other, second, 3) == pytest.approx(wanted[3:], abs=1e-10)


def test_the_rate_reaches_the_step() -> None:
    w = gpugrad.ones(1, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    scheduler = lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    w.sum().backward()
    for _ in range(2):
        optimizer.step()
        scheduler.step()
    assert w.item() == 0.25


def test_order_is_watched() -> None:
    optimizer = make_optimizer()
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()


def test_get_lr_is_not_for_the_user() -> None:
    scheduler = lr_scheduler.StepLR(make_optimizer(), 1)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


def test_resuming_needs_the_initial_rate() -> None:
    with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups"):
        lr_scheduler.StepLR(make_optimizer(), 1, last_epoch=3)


def test_a_schedule_of_ones_own() -> None:
    class Wave(lr_scheduler.LRScheduler):
        def get_lr(self) -> list[Any]:
            return [lr * (1 + math.sin(self.last_epoch)) for lr in self.base_lrs]

    optimizer = make_optimizer()
    rates = follow(optimizer, Wave(optimizer), 3)
    assert rates == [1.0, 1 + math.sin(1), 1 + math.sin(2)]


def test_one_cycle_turns_the_momentum() -> None:
    optimizer = make_optimizer()
    scheduler = lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=10)
    momenta = []
    for _ in range(10):
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    assert momenta[0] == 0.95
    assert momenta[2] == pytest.approx(0.85)
    assert momenta[9] == pytest.approx(0.95)
    with pytest.raises(ValueError, match="Tried to step 11 times"):
        scheduler.step()
    adam = optim.Adam([gpugrad.ones(1)])
    lr_scheduler.OneCycleLR(adam, 1.0, total_steps=10)
    assert adam.param_groups[0]["betas"] == (0.95, 0.999)


def test_plateau() -> None:
    optimizer = make_optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, cooldown=1, factor=0.5)
    rates = []
    for metric in (3.0, 2.0, 2.0, gpugrad.tensor(2.0), 2.0, 2.0, 2.0, 1.0):
        scheduler.step(metric)
        rates.append(scheduler.get_last_lr()[0])
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
    other = lr_scheduler.ReduceLROnPlateau(make_optimizer())
    other.load_state_dict(scheduler.state_dict())
    assert (other.best, other.patience) == (1.0, 1)


def test_a_sequence_is_saved_with_its_parts() -> None:
    def make(optimizer: Any) -> Any:
        parts = [
            lr_scheduler.ConstantLR(optimizer, 0.5, 2),
            lr_scheduler.ExponentialLR(optimizer, 0.5),
        ]
        return lr_scheduler.SequentialLR(optimizer, parts, [2])

    optimizer = make_optimizer()
    scheduler = make(optimizer)
    assert follow(optimizer, scheduler, 5) == [0.5, 0.5, 1.0, 0.5, 0.25]
    other = make_optimizer()
    second = make(other)
    other.load_state_dict(optimizer.state_dict())
    second.load_state_dict(scheduler.state_dict())
    assert follow(other, second, 2) == [0.125, 0.0625]


def test_momentum_goes_the_other_way_round() -> None:
    optimizer = make_optimizer()
    scheduler = lr_scheduler.CyclicLR(optimizer, 0.1, 0.5, 2, base_momentum=0.5)
    found = []
    for _ in range(5):
        found.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    assert found == pytest.approx([0.9, 0.7, 0.5, 0.7, 0.9])
    adam = optim.Adam([gpugrad.ones(1, requires_grad=True)])
    scheduler = lr_scheduler.CyclicLR(adam, 0.1, 0.5, 2, base_momentum=0.5)
    adam.step()
    scheduler.step()
    assert adam.param_groups[0]["betas"] == pytest.approx((0.7, 0.999))


def test_several_schedules_together() -> None:
    optimizer = make_optimizer()
    parts = [
        lr_scheduler.ConstantLR(optimizer, 0.5, 3),
        lr_scheduler.StepLR(optimizer, 2, 0.5),
    ]
    scheduler = lr_scheduler.ChainedScheduler(parts)
    assert follow(optimizer, scheduler, 4) == [0.5, 0.5, 0.25, 0.5]
    saved = scheduler.state_dict()
    assert [part["last_epoch"] for part in saved["_schedulers"]] == [4, 4]
    assert follow(optimizer, scheduler, 2) == [0.25, 0.25]
    scheduler.load_state_dict(saved)
    assert parts[0].last_epoch == 4
    assert scheduler.get_last_lr() == [0.25]


def test_restarts_between_two_steps() -> None:
    optimizer = make_optimizer()
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    for epoch, wanted in ((0.5, 0.8535533906), (3.0, 0.8535533906), (6.0, 1.0), (1, 0.5)):
        scheduler.step(epoch)
        assert scheduler.get_last_lr() == pytest.approx([wanted])
    with pytest.raises(ValueError, match="non-negative epoch"):
        scheduler.step(-1)


def test_the_height_of_cycles_may_be_a_function() -> None:
    class Falling:
        rate = 0.5

        def __call__(self, cycle: float) -> float:
            return self.rate / cycle

    function = Falling()
    optimizer = make_optimizer()
    scheduler = lr_scheduler.CyclicLR(optimizer, 0.0, 1.0, 1, scale_fn=function)
    assert follow(optimizer, scheduler, 4) == [0.0, 0.5, 0.0, 0.25]
    function.rate = 2.0
    saved = scheduler.state_dict()
    assert saved["_scale_fn_custom"] == {"rate": 2.0}
    again = Falling()
    other = lr_scheduler.CyclicLR(make_optimizer(), 0.0, 1.0, 1, scale_fn=again)
    other.load_state_dict(saved)
    assert again.rate == 2.0
    assert other.last_epoch == scheduler.last_epoch


def test_the_older_name_of_the_base() -> None:
    assert lr_scheduler._LRScheduler is lr_scheduler.LRScheduler
