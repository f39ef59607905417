"""The optimizers' steps in C: bit for bit what NumPy makes of them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend.step_scratch import MANY
from gpugrad.native import steps
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

SHAPES = ((7,), (70, 50), (5, 3, 2), (150_000,), (1,))

KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])

ADAM: tuple[dict[str, Any], ...] = (
    {},
    {"weight_decay": 0.1},
    {"weight_decay": 0.1, "decoupled_weight_decay": True},
    {"amsgrad": True, "maximize": True},
    {"betas": (0.3, 0.0), "eps": 1e-3},
)
SGD: list[dict[str, Any]] = [
    dict(zip(("momentum", "dampening", "weight_decay", "maximize"), values, strict=True))
    for values in itertools.product((0.0, 0.9), (0.0, 0.3), (0.0, 0.1), (False, True))
] + [{"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}]


def trained(optimizer: Any, kind: str, options: dict[str, Any], shapes: Any = SHAPES) -> list[Any]:
    """Parameters and states after three steps."""
    draw = np.random.default_rng(0)
    parameters = [
        gpugrad.tensor(draw.standard_normal(shape).astype(kind), requires_grad=True)
        for shape in shapes
    ]
    stepping = optimizer(parameters, lr=0.1, **options)
    for _ in range(3):
        for p in parameters:
            p.grad = gpugrad.tensor(draw.standard_normal(p.shape).astype(kind))
        parameters[0].grad[0] = math.nan
        stepping.step()
    found = [p.detach().numpy() for p in parameters]
    for p in parameters:
        state = stepping.state[p]
        found += [s.numpy() for s in state.values() if isinstance(s, gpugrad.Tensor)]
    return found


def same(found: list[Any], wanted: list[Any]) -> None:
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the C functions answered."""
    answers: list[bool] = []
    for name in ("adam_step", "sgd_step"):
        step = getattr(steps, name)

        def noted(*args: Any, step: Any = step) -> bool:
            answers.append(step(*args))
            return answers[-1]

        monkeypatch.setattr(steps, name, noted)
    return answers


@KINDS
@pytest.mark.parametrize("options", ADAM, ids=str)
def test_adam(
    options: dict[str, Any], kind: str, used: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    with switched(on=False):
        wanted = trained(gpugrad.optim.Adam, kind, options)
    assert not any(used)
    used.clear()
    with switched(on=True):
        for threads in (1, 2):
            monkeypatch.setattr(THREADS, "number", threads)
            same(trained(gpugrad.optim.Adam, kind, options), wanted)
    assert used == [True] * 6


@KINDS
@pytest.mark.parametrize("options", SGD, ids=str)
def test_sgd(options: dict[str, Any], kind: str, used: list[bool]) -> None:
    with switched(on=False):
        wanted = trained(gpugrad.optim.SGD, kind, options)
    used.clear()
    with switched(on=True):
        same(trained(gpugrad.optim.SGD, kind, options), wanted)
    assert any(used)
    assert all(used)


def test_small_parameters_are_left_to_numpy(used: list[bool]) -> None:
    with switched(on=True):
        trained(gpugrad.optim.Adam, "float32", {}, [(3,), (4, 4)])
        assert not used
        trained(gpugrad.optim.Adam, "float32", {}, [(3,)] * MANY)
        assert used == [True] * 3


@pytest.mark.parametrize("optimizer", [gpugrad.optim.Adam, gpugrad.optim.SGD])
def test_gradients_in_another_layout_are_left_to_numpy(optimizer: Any, used: list[bool]) -> None:
    def steps_of() -> list[Any]:
        draw = np.random.default_rng(0)
        p = gpugrad.tensor(draw.standard_normal((80, 60)), requires_grad=True)
        stepping = optimizer([p], lr=0.1)
        for _ in range(2):
            p.grad = gpugrad.tensor(draw.standard_normal((60, 80))).t()
            stepping.step()
        return [p.detach().numpy()]

    with switched(on=False):
        wanted = steps_of()
    used.clear()
    with switched(on=True):
        same(steps_of(), wanted)
    assert used == [False, False]
