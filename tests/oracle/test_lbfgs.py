"""L-BFGS against PyTorch's: every evaluation of the model, at the same place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.oracle.optimizer_runs import to
from tests.oracle.refusals import refused_alike

torch = pytest.importorskip("torch")

STEPS = 20


def rosenbrock(library: Any, params: list[Any]) -> Any:
    x, y = params
    return ((1 - x) ** 2 + 100 * (y - x**2) ** 2).sum()


def regression(library: Any, params: list[Any]) -> Any:
    rng = np.random.default_rng(3)
    dtype = params[0].detach().numpy().dtype
    features = library.from_numpy(rng.standard_normal((12, 2)).astype(dtype))
    targets = library.from_numpy(rng.standard_normal(12).astype(dtype))
    w, b = params
    return (library.tanh(features @ w + b.sum()) - targets).square().mean()


def valley(library: Any, params: list[Any]) -> Any:
    """A function whose gradient tells little of how far to go: long searches."""
    x, y = params
    return (x**4).sum() + (y**4).sum() + 0.1 * library.cos(5 * x).sum()


def bowl(library: Any, params: list[Any]) -> Any:
    """A convex function, which leads every rounding to the same place."""
    x, y = params
    slant = library.tensor([1.0, 8.0], dtype=x.dtype)
    return (slant * (x - 1) ** 2).sum() + ((y + 2) ** 2).sum() + (0.1 * x**4).sum()


PROBLEMS: list[Callable[[Any, list[Any]], Any]] = [rosenbrock, regression, valley, bowl]

CASES: list[dict[str, Any]] = [
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "max_iter": 5, "max_eval": 3, "lr": 0.1},
    {"line_search_fn": "strong_wolfe", "lr": 20.0, "max_iter": 6},
    {"line_search_fn": "strong_wolfe", "tolerance_grad": 1e-3, "tolerance_change": 1e-2},
    {"lr": 0.01},
    {"lr": 0.02, "max_iter": 3, "history_size": 3},
    {"lr": 0.01, "max_iter": 10, "max_eval": 4},
    {"lr": 0.01, "tolerance_grad": 1e-2, "tolerance_change": 1e-3},
]


class Run:
    """Parameters, their optimizer, and where the model was evaluated."""

    def __init__(self, library: Any, problem: Any, dtype: str, options: dict[str, Any]) -> None:
        start = [np.array([-1.2, 0.7], dtype), np.array([1.0, 2.0], dtype)]
        self.torch_like, self.problem = library, problem
        self.params = [library.from_numpy(v).requires_grad_() for v in start]
        self.optimizer = library.optim.LBFGS(self.params, **options)
        self.places: list[Any] = []

    def closure(self) -> Any:
        self.places.append(np.concatenate([p.detach().numpy() for p in self.params]))
        self.optimizer.zero_grad()
        loss = self.problem(self.torch_like, self.params)
        loss.backward()
        return loss

    def steps(self, number: int) -> list[float]:
        return [self.optimizer.step(self.closure).item() for _ in range(number)]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("options", CASES, ids=lambda o: "-".join(map(str, o.values())))
def test_every_evaluation(problem: Any, options: dict[str, Any]) -> None:
    ours, theirs = (Run(lib, problem, "float64", options) for lib in (gpugrad, torch))
    np.testing.assert_allclose(ours.steps(STEPS), theirs.steps(STEPS), rtol=1e-6, atol=1e-8)
    # Near the minimum the last bits decide what is tried; up to there all is as in PyTorch.
    together = min(len(ours.places), len(theirs.places), 40)
    np.testing.assert_allclose(
        ours.places[:together], theirs.places[:together], rtol=1e-6, atol=1e-8
    )
    ours_state = ours.optimizer.state_dict()
    assert ours_state["param_groups"] == theirs.optimizer.state_dict()["param_groups"]


@pytest.mark.parametrize("options", CASES[:5], ids=lambda o: "-".join(map(str, o.values())))
def test_single_precision(options: dict[str, Any]) -> None:
    ours, theirs = (Run(lib, bowl, "float32", options) for lib in (gpugrad, torch))
    np.testing.assert_allclose(ours.steps(STEPS), theirs.steps(STEPS), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", [CASES[1], CASES[6]])
def test_states_go_both_ways(options: dict[str, Any]) -> None:
    whole = Run(torch, rosenbrock, "float64", options)
    wanted = whole.steps(8)
    for first, second in ((gpugrad, torch), (torch, gpugrad), (gpugrad, gpugrad)):
        begun = Run(first, rosenbrock, "float64", options)
        begun.steps(4)
        rest = Run(second, rosenbrock, "float64", {})
        with second.no_grad():
            for p, value in zip(rest.params, begun.params, strict=True):
                p.copy_(second.from_numpy(value.detach().numpy().copy()))
        rest.optimizer.load_state_dict(to(second, begun.optimizer.state_dict()))
        np.testing.assert_allclose(rest.steps(4), wanted[4:], rtol=1e-6)
        (state,) = rest.optimizer.state_dict()["state"].values()
        (other,) = whole.optimizer.state_dict()["state"].values()
        assert set(state) == set(other)
        assert state["n_iter"] == other["n_iter"]
        assert state["func_evals"] == other["func_evals"]


def test_parameters_without_gradients_stay() -> None:
    results = []
    for library in (gpugrad, torch):
        used, unused = (library.ones(2, requires_grad=True) for _ in range(2))
        optimizer = library.optim.LBFGS([used, unused], lr=0.1)

        def closure(used: Any = used, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = (used**2).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        results.append((used.tolist(), unused.tolist()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    assert results[0][1] == results[1][1] == [1.0, 1.0]


def wrong_calls(library: Any) -> list[Any]:
    leaf = library.zeros(2, requires_grad=True)

    def closure() -> Any:
        loss = (leaf - 1).square().sum()
        loss.backward()
        return loss

    optim = library.optim
    two = optim.LBFGS([leaf])
    two.add_param_group({"params": [library.zeros(1)]})
    return [
        lambda: optim.LBFGS([leaf], lr=-1.0),
        lambda: optim.LBFGS([leaf], lr=library.zeros(2)),
        lambda: optim.LBFGS([{"params": [leaf]}, {"params": [library.zeros(1)]}]),
        lambda: optim.LBFGS([leaf], line_search_fn="armijo").step(closure),
        lambda: optim.LBFGS([leaf]).step(),
        lambda: two.step(closure),
    ]


test_errors = refused_alike(wrong_calls)
