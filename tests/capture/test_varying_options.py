"""Options of optimizers that change between compiled steps, which follow without a new trace."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.capture.compiled import MOST_RETRACES
from gpugrad.optim import lr_scheduler
from tests.capture.training import Job, array, classes, drawn, histories, parameters, programs

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


# --- schedules -----------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "host"], indirect=True)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", CYCLED)
def test_schedules(name: str, schedule: str, device: str) -> None:
    check(training(CYCLED[name], device, schedule=schedule), 0.0 if device == "cpu" else 2e-5)


@pytest.mark.usefixtures("generated")
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", CYCLED)
def test_schedules_in_c(name: str, schedule: str) -> None:
    function = check(training(CYCLED[name], "cpu", schedule=schedule), 2e-5)
    (program,) = function.programs()
    rest = [step.name for step in program.first_run().plan._steps if step.name != "native"]
    assert rest == ([f"{name.lower()}_step"] if name in ("NAdam", "RAdam", "Adamax") else [])


@pytest.mark.cuda
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", CYCLED)
def test_schedules_on_a_gpu(name: str, schedule: str) -> None:
    check(training(CYCLED[name], "cuda", schedule=schedule), 2e-5)


@pytest.mark.parametrize("name", ["SGD", "nesterov", "Adam", "amsgrad", "centered"])
def test_many_small_parameters(name: str) -> None:
    """Which are gathered."""
    check(training(CYCLED[name], "cpu", schedule="OneCycleLR", many=True))


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_large_parameters(name: str) -> None:
    """Of which eager steps are C code where there is a compiler."""

    def make() -> Job:
        w = drawn(50, 3000).requires_grad_()
        optimizer = CYCLED[name]([w])
        scheduler = SCHEDULES["OneCycleLR"](optimizer)

        def step(x: Tensor) -> None:
            optimizer.zero_grad()
            (w * x).sin().sum().backward()
            optimizer.step()

        def between(turn: int) -> None:
            if turn:
                scheduler.step()

        return Job(step, lambda turn: (drawn(turn, 3000),), lambda: [w], between)

    check(make)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", CYCLED)
def test_python_carries_three_steps_out(name: str, schedule: str) -> None:
    """The first, and two that are traced."""
    job = training(CYCLED[name], "cpu", schedule=schedule)()
    calls: list[int] = []

    def step(x: Tensor, y: Tensor) -> Any:
        calls.append(len(calls))
        return job.step(x, y)

    compiled = gpugrad.compile(step)
    for turn in range(STEPS):
        assert job.between is not None
        job.between(turn)
        compiled(*job.feed(turn))
    assert len(calls) == 3


@pytest.mark.parametrize("device", ["cpu", "host"], indirect=True)
@pytest.mark.parametrize("nesterov", [False, True])
def test_muon(nesterov: bool, device: str) -> None:
    """Tensor operations, to which numbers in memory are tensors. Gradients are rounded strongly."""

    def make() -> Job:
        w = drawn(50, 3, 4).to(device).requires_grad_()
        optimizer = gpugrad.optim.Muon([w], lr=0.01, nesterov=nesterov)

        def step(x: Tensor) -> None:
            optimizer.zero_grad()
            (w @ x).square().sum().backward()
            optimizer.step()

        def between(turn: int) -> None:
            group = optimizer.param_groups[0]
            group["momentum"] = 0.95 - 0.005 * turn
            group["weight_decay"] = 0.1 + 0.01 * turn

        return Job(step, lambda turn: (drawn(turn, 4, 2).to(device),), lambda: [w], between)

    check(make, 1e-6 if device == "cpu" else 2e-5)


@pytest.mark.parametrize("device", ["cpu", "host"], indirect=True)
@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_scaled_gradients(name: str, device: str) -> None:
    """With a scaler, which divides gradients and leaves a step out."""

    def make() -> Job:
        w = drawn(50, 5).to(device).requires_grad_()
        optimizer = CYCLED[name]([w])
        scheduler = SCHEDULES["OneCycleLR"](optimizer)
        scaler = gpugrad.amp.GradScaler(device, init_scale=2.0**10, growth_interval=4)

        def step(x: Tensor, factor: Tensor) -> Any:
            optimizer.zero_grad()
            scaler.scale((w * x).sum() * factor).backward()
            scaler.step(optimizer)
            scaler.update()

        def feed(turn: int) -> tuple[Any, ...]:
            factor = gpugrad.tensor(np.inf if turn in (11, 20) else 1.0)
            return drawn(turn, 5).to(device), factor.to(device)

        def between(turn: int) -> None:
            if turn:
                scheduler.step()

        return Job(step, feed, lambda: [w], between)

    check(make, 0.0 if device == "cpu" else 2e-5)


# --- options that a program changes itself -------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "host"], indirect=True)
@pytest.mark.parametrize("name", [*CYCLED, *OTHERS])
def test_all_options(name: str, device: str) -> None:
    check(training((CYCLED | OTHERS)[name], device, change_all), 0.0 if device == "cpu" else 2e-5)


@pytest.mark.usefixtures("generated")
@pytest.mark.parametrize("name", [*CYCLED, *OTHERS])
def test_all_options_in_c(name: str) -> None:
    check(training((CYCLED | OTHERS)[name], "cpu", change_all), 2e-5)


@pytest.mark.cuda
@pytest.mark.parametrize("name", [*CYCLED, *OTHERS])
def test_all_options_on_a_gpu(name: str) -> None:
    check(training((CYCLED | OTHERS)[name], "cuda", change_all), 2e-5)


def test_an_option_that_changes_late() -> None:
    """Is traced once more, at its first change, and not at later ones."""

    def change(turn: int, group: dict[str, Any]) -> None:
        if turn in (8, 15, 16, 25):
            group["betas"] = (group["betas"][0], 0.999 - 0.001 * turn)

    check(training(CYCLED["AdamW"], "cpu", change), retraces=1)


def test_two_options_that_change_late() -> None:
    def change(turn: int, group: dict[str, Any]) -> None:
        group["weight_decay"] = 0.1 + 0.01 * max(turn - 8, 0)
        group["eps"] = 1e-8 * max(turn - 15, 1)

    check(training(CYCLED["AdamW"], "cpu", change), retraces=2)


def test_an_equal_number_is_no_change() -> None:
    def change(turn: int, group: dict[str, Any]) -> None:
        group["momentum"] = float("0.9")
        group["weight_decay"] = float("0.01")

    check(training(CYCLED["nesterov"], "cpu", change))


@pytest.mark.parametrize(
    ("name", "option", "other"),
    [
        ("SGD", "weight_decay", 0.1),
        ("SGD", "dampening", 0.1),
        ("AdamW", "betas", (0.4, 0.999)),
        ("RAdam", "betas", (0.9, 0.6)),
        ("Adam", "amsgrad", None),
        ("centered", "alpha", 0.4),
        ("Adagrad", "maximize", True),
    ],
)
def test_another_way_to_calculate_is_traced_anew(name: str, option: str, other: Any) -> None:
    """Another term or formula, there and back: two traces in vain."""
    before: list[Any] = []

    def change(turn: int, group: dict[str, Any]) -> None:
        if turn == 8:
            before.append(group[option])
            group[option] = other
        if turn == 16:
            group[option] = before.pop()

    check(training((CYCLED | OTHERS)[name], "cpu", change), retraces=2)


def test_a_number_that_varies_and_becomes_zero() -> None:
    def change(turn: int, group: dict[str, Any]) -> None:
        group["weight_decay"] = 0.1 * (turn + 1) if turn < 10 else 0.0
        group["dampening"] = 0.0 if turn < 20 else 0.01 * turn

    check(training(CYCLED["SGD"], "cpu", change), retraces=2)


@pytest.mark.parametrize("option", ["lr", "weight_decay"])
def test_differentiable_steps_are_traced_anew(option: str) -> None:
    """They are tensor operations with numbers, the learning rate among them."""

    def make() -> Job:
        w = drawn(0, 3)
        optimizer = gpugrad.optim.SGD([w], lr=0.1, weight_decay=0.1, differentiable=True)

        def step(x: Tensor) -> None:
            w.grad = w * x
            optimizer.step()

        def between(turn: int) -> None:
            optimizer.param_groups[0][option] = 0.1 if turn < 8 else 0.3

        return Job(step, lambda turn: (drawn(turn, 3),), lambda: [w], between)

    check(make, retraces=1)


def test_two_functions_and_one_optimizer() -> None:
    """One was traced before an option changed, and comes up again when it is as it was."""

    def make() -> Job:
        w = gpugrad.ones(3, requires_grad=True)
        optimizer = gpugrad.optim.Adam([w], lr=0.1, weight_decay=0.1)

        def of(factor: float) -> Any:
            def step(x: Tensor) -> None:
                optimizer.zero_grad()
                (w * x * factor).sin().sum().backward()
                optimizer.step()

            return gpugrad.compile(step)

        both = of(1.0), of(2.0)

        def step(turn: int) -> None:
            optimizer.param_groups[0]["weight_decay"] = 0.2 + 0.01 * turn if 8 < turn < 20 else 0.1
            both[8 < turn < 20](drawn(turn, 3))

        return Job(step, lambda turn: (turn,), lambda: [w])

    found = runs(make)
    assert len(found) == STEPS


def runs(make: Callable[[], Job]) -> list[Any]:
    """The watched tensors after every step, equal with and without compiling."""
    found: list[list[Any]] = []
    for off in (False, True):
        job = make()
        with pytest.MonkeyPatch.context() as patch:
            if off:
                patch.setattr(gpugrad.capture.compiled.CompiledFunction, "__call__", uncompiled)
            found.append([])
            for turn in range(STEPS):
                job.step(*job.feed(turn))
                found[-1].append([array(t) for t in job.watched()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    return found[0]


def uncompiled(self: Any, *args: Any) -> Any:
    return self._function(*args)


def test_groups_have_options_of_their_own() -> None:
    def make() -> Job:
        a, b = drawn(0, 4).requires_grad_(), drawn(1, 4).double().requires_grad_()
        c = drawn(2, 4).requires_grad_()
        optimizer = gpugrad.optim.SGD(
            [{"params": [a, b], "momentum": 0.9}, {"params": [c], "weight_decay": 0.1}],
            lr=0.1,
            momentum=0.5,
        )

        def step(x: Tensor) -> None:
            optimizer.zero_grad()
            sum((p * x).sin().sum() for p in (a, b, c)).backward()
            optimizer.step()

        def between(turn: int) -> None:
            first, second = optimizer.param_groups
            first["momentum"] = 0.9 - 0.01 * turn
            second["weight_decay"] = 0.1 + 0.01 * turn

        return Job(step, lambda turn: (drawn(turn, 4),), lambda: [a, b, c], between)

    check(make)


def test_loaded_options_go_on() -> None:
    """What has been saved halfway is trained again, with its schedule."""
    saved: dict[str, Any] = {}

    def make() -> Job:
        net = nn.Linear(4, 3)
        optimizer = CYCLED["AdamW"](net.parameters())
        scheduler = SCHEDULES["CyclicLR"](optimizer)

        def step(x: Tensor, y: Tensor) -> None:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()

        def between(turn: int) -> None:
            if turn:
                scheduler.step()
            if turn == 8:
                saved["o"] = copy.deepcopy(optimizer.state_dict())
                saved["s"] = copy.deepcopy(scheduler.state_dict())
            if turn == 18:
                optimizer.load_state_dict(saved["o"])
                scheduler.load_state_dict(saved["s"])

        feed = lambda turn: (drawn(turn, 5, 4), classes(turn, 5, 3))  # noqa: E731
        return Job(step, feed, parameters(net), between)

    check(make, retraces=1)


def test_numbers_of_numpy() -> None:
    def change(turn: int, group: dict[str, Any]) -> None:
        group["momentum"] = np.float64(0.9 - 0.01 * turn)

    check(training(CYCLED["SGD"], "cpu", change))


def test_what_flips_all_the_time_is_given_up() -> None:
    def change(turn: int, group: dict[str, Any]) -> None:
        group["weight_decay"] = 0.1 * (turn // 3 % 2)

    with pytest.warns(UserWarning, match="runs eagerly: something that it takes for granted has"):
        histories(training(CYCLED["SGD"], "cpu", change), 4 * MOST_RETRACES)
