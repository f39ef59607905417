"""Schedules that move momentum and betas: compiled steps follow without a new trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from tests.capture.training import Job, drawn
from tests.capture.varying import CYCLED, SCHEDULES, STEPS, check, training


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
    assert {step.name for step in program.first_run().plan._steps} == {"native"}


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

    check(make, 0.0 if device == "cpu" else 2e-5)


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
