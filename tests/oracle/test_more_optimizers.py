"""The less usual optimizers against PyTorch's, for every combination of options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.oracle.optimizer_runs import (
    BOTH,
    combinations,
    compare_continued,
    compare_in_turns,
    compare_runs,
    draw,
)
from tests.oracle.refusals import refused_alike

torch = pytest.importorskip("torch")

CHOICES: list[tuple[str, dict[str, list[Any]]]] = [
    (
        "Adagrad",
        {
            "lr": [0.1],
            "lr_decay": [0, 0.3],
            "weight_decay": [0, 0.01],
            "initial_accumulator_value": [0, 0.5],
            "eps": [1e-10, 1e-3],
        },
    ),
    (
        "Adadelta",
        {"lr": [1.0, 0.5], "rho": [0.9, 0.3], "eps": [1e-6, 1e-2], "weight_decay": [0, 0.01]},
    ),
    (
        "Adamax",
        {
            "lr": [0.01],
            "betas": [(0.9, 0.999), (0.4, 0.9), (0.0, 0.99)],
            "eps": [1e-3],
            "weight_decay": [0, 0.01],
        },
    ),
    (
        "NAdam",
        {
            "lr": [0.01],
            "betas": [(0.9, 0.999), (0.4, 0.9), (0.0, 0.99)],
            "eps": [1e-3],
            "weight_decay": [0, 0.1],
            "momentum_decay": [4e-3, 0.5],
            "decoupled_weight_decay": BOTH,
        },
    ),
    (
        "RAdam",
        {
            "lr": [0.01],
            "betas": [(0.9, 0.999), (0.4, 0.9), (0.0, 0.99), (0.5, 0.6), (0.5, 0.3)],
            "eps": [1e-3],
            "weight_decay": [0, 0.1],
            "decoupled_weight_decay": BOTH,
        },
    ),
    (
        "Rprop",
        {
            "lr": [0.01, 0.1],
            "etas": [(0.5, 1.2), (0.9, 3.0)],
            "step_sizes": [(1e-6, 50), (0.05, 0.2)],
        },
    ),
    (
        "ASGD",
        {
            "lr": [0.1],
            "lambd": [1e-4, 0.1],
            "alpha": [0.75, 0.3],
            "t0": [1e6, 4, 0],
            "weight_decay": [0, 0.01],
        },
    ),
]
CASES = [
    (name, {**options, "maximize": maximize})
    for name, choices in CHOICES
    for options in combinations(**choices)
    for maximize in BOTH
]
NAMES = [name for name, _ in CHOICES]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{n}-{'-'.join(map(str, o.values()))}" for n, o in CASES]
)
def test_parameters(name: str, options: dict[str, Any], dtype: str) -> None:
    if dtype == "float16" and options.get("eps", 1) < 1e-4:
        options = {**options, "eps": 1e-3}  # float16 has no 1e-10: PyTorch divides by zero
    compare_runs(name, options, dtype)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_that_come_and_go(name: str) -> None:
    options: dict[str, Any] = {"lr": 0.05}
    if name in ("Adamax", "NAdam", "RAdam"):
        options["betas"] = (0.9, 0.99)
    if name == "ASGD":
        options["t0"] = 3
    compare_in_turns(name, options)


@pytest.mark.parametrize("name", NAMES)
def test_states_go_both_ways(name: str) -> None:
    options: dict[str, Any] = {"lr": 0.05, "weight_decay": 0.01}
    if name == "Rprop":
        del options["weight_decay"]
    if name == "ASGD":
        options |= {"t0": 2, "lambd": 0.01}
    compare_continued(name, options)


@pytest.mark.parametrize("name", ["NAdam", "ASGD"])
def test_loaded_counts_that_are_equal_by_chance(name: str) -> None:
    """Parameters of one step count that were updated with other options are kept apart."""
    results = []
    for library in (gpugrad, torch):
        values, grads = draw(5, "float64")
        params = [library.from_numpy(v.copy()).requires_grad_() for v in values[:2]]
        optimizer = getattr(library.optim, name)(params, lr=0.05)
        for number in range(6):  # the first parameter goes first, the second after it
            optimizer.zero_grad()
            params[number // 3].grad = library.from_numpy(grads[number][number // 3].copy())
            if number == 3:
                optimizer.param_groups[0].update(lr=0.2, betas=(0.5, 0.9))
            optimizer.step()
        again = getattr(library.optim, name)(params)
        again.load_state_dict(optimizer.state_dict())
        for step in grads[6:]:
            for p, g in zip(params, step[:2], strict=True):
                p.grad = library.from_numpy(g.copy())
            again.step()
        results.append([p.detach().numpy() for p in params])
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_printed_form(name: str) -> None:
    def printed(library: Any) -> str:
        groups = [{"params": library.zeros(2)}, {"params": [library.zeros(2)], "lr": 0.25}]
        return repr(getattr(library.optim, name)(groups))

    assert printed(gpugrad) == printed(torch)


@pytest.mark.parametrize("name", NAMES)
def test_the_learning_rate_may_be_a_tensor(name: str) -> None:
    results = []
    for library in (gpugrad, torch):
        values, grads = draw(6, "float64")
        params = [library.from_numpy(v.copy()).requires_grad_() for v in values]
        rate = library.tensor(0.5, dtype=library.float64)
        optimizer = getattr(library.optim, name)(params, lr=rate)
        for number, step in enumerate(grads):
            for p, g in zip(params, step, strict=True):
                p.grad = library.from_numpy(g.copy())
            optimizer.step()
            rate.fill_(0.5 / (number + 2))
        results.append([p.detach().numpy() for p in params])
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


def wrong_calls(library: Any) -> list[Any]:
    optim = library.optim
    leaf = library.zeros(2, requires_grad=True)
    calls = []
    wrong: list[tuple[str, dict[str, Any]]] = [
        (name, options) for name in NAMES for options in ({"lr": -1.0}, {"lr": library.zeros(2)})
    ]
    for name in ("Adamax", "NAdam", "RAdam"):
        for options in (
            {"eps": -1.0},
            {"betas": (1.0, 0.5)},
            {"betas": (0.5, -1.0)},
            {"weight_decay": -1},
            {"weight_decay": -1, "betas": (1.0, 0.5), "eps": -1},
        ):
            wrong.append((name, options))
    wrong += [
        ("Adagrad", {"lr_decay": -0.5}),
        ("Adagrad", {"weight_decay": -0.5}),
        ("Adagrad", {"initial_accumulator_value": -0.5}),
        ("Adagrad", {"eps": -0.5}),
        ("Adagrad", {"fused": True, "foreach": True}),
        ("Adagrad", {"fused": True, "differentiable": True}),
        ("Adadelta", {"rho": 1.5}),
        ("Adadelta", {"eps": -1e-6}),
        ("Adadelta", {"weight_decay": -1}),
        ("NAdam", {"momentum_decay": -1}),
        ("Rprop", {"etas": (1.0, 2.0)}),
        ("Rprop", {"etas": (0.5, 0.7)}),
        ("ASGD", {"weight_decay": -1}),
    ]
    for name, options in wrong:
        calls.append(lambda name=name, options=options: getattr(optim, name)([leaf], **options))
    return calls


test_errors = refused_alike(wrong_calls)
