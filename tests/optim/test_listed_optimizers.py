"""Optimizers that are one step of the backend: numbers (taken from PyTorch), state and devices."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import gpugrad
from gpugrad import optim
from tests.optim.listed import NAMES, every
from tests.optim.test_optimizers import make_params, train

NUMBERS: list[tuple[str, dict[str, Any], list[float]]] = [
    ("Adagrad", {"lr": 0.5}, [1.4855932472, -2.4961886765, 2.4876190146, 0.2000987687]),
    (
        "Adagrad",
        {
            "lr": 0.5,
            "lr_decay": 0.5,
            "weight_decay": 0.1,
            "initial_accumulator_value": 0.25,
            "eps": 0.01,
        },
        [1.5959258259, -2.5761773122, 2.4269053232, 0.4860257846],
    ),
    ("Adadelta", {"eps": 0.01}, [1.6438336562, -2.6208556415, 2.4296820773, 0.8048754171]),
    (
        "Adadelta",
        {"lr": 0.5, "rho": 0.5, "eps": 0.1, "weight_decay": 0.5, "maximize": True},
        [0.169469774, -0.0069707436, 6.6754644777, -3.1787533007],
    ),
    ("Adamax", {"lr": 0.1}, [1.5626697107, -2.5398011249, 2.4972136238, 0.8503804644]),
    (
        "Adamax",
        {"lr": 0.1, "betas": (0.4, 0.5), "eps": 0.5, "weight_decay": 0.1},
        [1.4012536816, -2.4098303123, 2.5213023874, 0.6886205959],
    ),
    ("NAdam", {"lr": 0.1}, [1.3607614445, -2.3539702898, 2.6587463212, 0.8184461714]),
    (
        "NAdam",
        {
            "lr": 0.1,
            "betas": (0.5, 0.6),
            "momentum_decay": 0.5,
            "weight_decay": 0.5,
            "decoupled_weight_decay": True,
        },
        [0.8291751592, -1.4938940758, 1.820022354, 0.3443300755],
    ),
    ("RAdam", {"lr": 0.01}, [1.322326781, -2.3253259665, 0.9639755435, 0.4079864746]),
    (
        "RAdam",
        {
            "lr": 0.01,
            "betas": (0.5, 0.9),
            "weight_decay": 0.5,
            "decoupled_weight_decay": True,
            "maximize": True,
        },
        [1.4856755404, 2.3046073707, 808.4508081675, -51.482212098],
    ),
    ("Rprop", {"lr": 0.1}, [1.222304, -2.222304, 2.777696, 0.60192]),
    (
        "Rprop",
        {"lr": 0.1, "etas": (0.25, 3.0), "step_sizes": (0.05, 0.5)},
        [1.49375, -2.49375, 2.50625, 0.65625],
    ),
    ("ASGD", {"lr": 0.01}, [1.1575799084, -2.1577193306, 2.0567860925, 0.3256917907]),
    (
        "ASGD",
        {"lr": 0.01, "lambd": 0.5, "alpha": 0.5, "t0": 2, "weight_decay": 0.1},
        [1.1024838971, -2.0561285876, 1.9635922149, 0.3000210428],
    ),
]


@pytest.mark.parametrize(("name", "options", "wanted"), NUMBERS)
def test_eight_steps(name: str, options: dict[str, Any], wanted: list[float]) -> None:
    params = make_params()
    optimizer = getattr(optim, name)(params, **options)
    assert train(optimizer, params, range(8)) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@every
@pytest.mark.parametrize("way", ["state_dict", "copy"])
def test_a_run_goes_on_as_if_uninterrupted(name: str, options: dict[str, Any], way: str) -> None:
    params = make_params()
    whole = train(getattr(optim, name)(params, **options), params, range(6))
    params = make_params()
    first = getattr(optim, name)(params, **options)
    train(first, params, range(3))
    if way == "state_dict":
        # Loaded state is of the parameters' dtype: in float64 the averages go on more exactly.
        second = getattr(optim, name)(params)
        second.load_state_dict(first.state_dict())
        tolerance = 1e-7
    else:
        second = copy.deepcopy(first)
        params = second.param_groups[0]["params"]
        tolerance = 0
    assert train(second, params, range(3, 6)) == pytest.approx(whole, rel=tolerance, abs=0)
    assert len({id(s["step"]) for s in second.state.values()}) == 1


@every
def test_gradients_are_not_changed(name: str, options: dict[str, Any]) -> None:
    w = gpugrad.ones(2, requires_grad=True)
    optimizer = getattr(optim, name)([w], maximize=True, **options)
    (w * 3).sum().backward()
    version = w._version
    optimizer.step()
    assert w.grad is not None
    assert w.grad.tolist() == [3.0, 3.0]
    assert w._version == version + 1


@every
def test_a_closure_runs_with_gradients(name: str, options: dict[str, Any]) -> None:
    w = gpugrad.ones(2, requires_grad=True)
    optimizer = getattr(optim, name)([w], **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = w.sum()
        loss.backward()
        return loss

    calls: list[str] = []
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    with gpugrad.no_grad():
        assert optimizer.step(closure).item() == 2.0
    assert w[0].item() < 1
    assert calls == ["after"]


@pytest.mark.parametrize("name", NAMES)
def test_recorded_steps_give_the_same_numbers(name: str) -> None:
    found = []
    for recorded in (False, True):
        leaf = gpugrad.tensor([1.5, -0.5, 0.25], dtype=gpugrad.float64, requires_grad=True)
        w = leaf * 1 if recorded else leaf
        optimizer = getattr(optim, name)([w], differentiable=recorded)
        for i in range(4):
            w.grad = (w.detach() * (i + 1)).cos()
            optimizer.step()
        found.append(w.tolist())
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_adagrad_has_its_state_from_the_beginning() -> None:
    w, v = (gpugrad.ones(2, requires_grad=True) for _ in range(2))
    optimizer = optim.Adagrad([w], initial_accumulator_value=0.25)
    assert optimizer.state[w]["sum"].tolist() == [0.25, 0.25]
    assert optimizer.state[w]["step"].item() == 0
    optimizer.add_param_group({"params": [v]})
    assert v not in optimizer.state
    optimizer.state.clear()
    v.sum().backward()
    optimizer.step()
    assert optimizer.state[v]["sum"].tolist() == [1.25, 1.25]


def test_old_files_hold_numbers() -> None:
    w = gpugrad.ones(2, requires_grad=True)
    w.grad = gpugrad.ones(2)
    results = []
    for mu_product, step in ((0.25, 3), (gpugrad.tensor(0.25), gpugrad.tensor(3.0))):
        optimizer = optim.NAdam([w.detach().requires_grad_()], lr=0.5)
        (p,) = optimizer.param_groups[0]["params"]
        p.grad = gpugrad.ones(2)
        saved = optimizer.state_dict()
        saved["state"] = {
            0: {
                "step": step,
                "mu_product": mu_product,
                "exp_avg": gpugrad.ones(2),
                "exp_avg_sq": gpugrad.ones(2),
            }
        }
        optimizer.load_state_dict(saved)
        optimizer.step()
        assert optimizer.state[p]["step"].item() == 4
        results.append(optimizer.state[p]["mu_product"].item())
    assert results[0] == results[1] < 0.25


@every
def test_scaled_gradients(name: str, options: dict[str, Any]) -> None:
    """A step with the scale gives what one without gives; one with infinities changes nothing."""
    plain, scaled = (
        gpugrad.tensor([1.0, -2.0], dtype=gpugrad.float64, requires_grad=True) for _ in range(2)
    )
    first = getattr(optim, name)([plain], **options)
    second = getattr(optim, name)([scaled], **options)
    scaler = gpugrad.amp.GradScaler("cpu", init_scale=8.0, growth_interval=1000)
    for number in range(5):
        second.zero_grad()
        scaler.scale(scaled.square().sum()).backward()
        if number == 2:
            assert scaled.grad is not None
            scaled.grad[0] = float("inf")
            before = [scaled.tolist(), *(v.tolist() for v in second.state[scaled].values())]
            scaler.step(second)
            scaler.update()
            after = [scaled.tolist(), *(v.tolist() for v in second.state[scaled].values())]
            assert after == before
            continue
        scaler.step(second)
        scaler.update()
        first.zero_grad()
        plain.square().sum().backward()
        first.step()
        assert scaled.tolist() == plain.tolist()
