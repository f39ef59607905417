"""Options of optimizers that change between compiled steps, which follow."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.backend.noted_steps import CaptureError
from gpugrad.capture.compiled import MOST_RETRACES
from gpugrad.optim import lr_scheduler
from tests.capture.training import Job, array, classes, drawn, histories, parameters
from tests.capture.varying import CYCLED, OTHERS, SCHEDULES, STEPS, change_all, check, training


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


@pytest.mark.parametrize("name", ["ExponentialLR", "OneCycleLR"])
def test_a_schedule_within_the_function(name: str) -> None:
    """Would stand still in replays."""
    w = drawn(0, 3).requires_grad_()
    optimizer = gpugrad.optim.SGD([w], lr=0.1, momentum=0.9)
    scheduler: Any
    if name == "OneCycleLR":
        scheduler = SCHEDULES[name](optimizer)
    else:
        scheduler = lr_scheduler.ExponentialLR(optimizer, 0.9)

    def step(x: Tensor) -> None:
        optimizer.zero_grad()
        (w * x).sin().sum().backward()
        optimizer.step()
        scheduler.step()

    strict = gpugrad.compile(step)
    strict(drawn(0, 3))
    with pytest.raises(CaptureError, match="changes the learning rate or another option"):
        strict(drawn(1, 3))
    lenient = gpugrad.compile(step, fullgraph=False)
    lenient(drawn(2, 3))
    with pytest.warns(UserWarning, match="changes the learning rate or another option"):
        lenient(drawn(3, 3))


def test_what_flips_all_the_time_is_given_up() -> None:
    def change(turn: int, group: dict[str, Any]) -> None:
        group["weight_decay"] = 0.1 * (turn // 3 % 2)

    with pytest.warns(UserWarning, match="runs eagerly: something that it takes for granted has"):
        histories(training(CYCLED["SGD"], "cpu", change), 4 * MOST_RETRACES)
