"""The optimizers' numbers (taken from PyTorch) and what they do to parameters and state."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import gpugrad
from gpugrad import optim

NUMBERS: list[tuple[str, dict[str, Any], list[float]]] = [
    ("SGD", {"lr": 0.01}, [1.19517636473, -2.192385412416, 1.93158874022, 0.508218884611]),
    (
        "SGD",
        {"lr": 0.01, "momentum": 0.9},
        [1.320580275089, -2.374953476566, -0.987942909703, -0.291384945778],
    ),
    (
        "SGD",
        {"lr": 0.01, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1},
        [1.460710298227, -2.479296766626, -0.845334181881, 0.091638249642],
    ),
    (
        "SGD",
        {"lr": 0.01, "momentum": 0.9, "nesterov": True},
        [1.086990064907, -2.156694655222, -0.724502547398, -0.595958263751],
    ),
    (
        "SGD",
        {"lr": 0.0001, "maximize": True},
        [0.993400286017, -1.993391565267, 3.0399132674, 0.48764596733],
    ),
    ("Adam", {"lr": 0.1}, [1.481932268326, -2.477867901383, 2.530988529572, 0.841070883818]),
    (
        "Adam",
        {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1, "betas": (0.5, 0.6)},
        [1.448990289157, -2.437730189119, 2.584502183712, 0.770407256392],
    ),
    (
        "AdamW",
        {"lr": 0.1, "weight_decay": 0.5},
        [1.184719104231, -1.953907754812, 1.924150025336, 0.693083411726],
    ),
    (
        "AdamW",
        {"lr": 0.1, "maximize": True, "amsgrad": True},
        [0.499703221783, -1.490985832422, 3.486203182451, 0.166671800417],
    ),
    ("RMSprop", {"lr": 0.05}, [1.656525799184, -2.642080952112, 2.391117526602, 0.619127068059]),
    (
        "RMSprop",
        {"lr": 0.05, "alpha": 0.5, "momentum": 0.5, "centered": True},
        [1.689358970468, -2.654268191005, 2.40849258128, 1.023194887553],
    ),
    (
        "RMSprop",
        {"lr": 0.05, "weight_decay": 0.5, "maximize": True},
        [0.001120550998, -0.353738968577, 5.09720653006, -1.831982618878],
    ),
]
EVERY = [
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.25}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("AdamW", {"lr": 0.05}),
    ("RMSprop", {"lr": 0.05, "momentum": 0.5, "centered": True}),
]


def make_params(dtype: Any = gpugrad.float64) -> list[Any]:
    w = gpugrad.tensor([1.0, -2.0, 3.0], dtype=dtype, requires_grad=True)
    b = gpugrad.tensor(0.5, dtype=dtype, requires_grad=True)
    return [w, b]


def loss_of(params: list[Any], number: int) -> Any:
    w, b = params
    x = gpugrad.tensor([0.5, 0.25, -1.0], dtype=w.dtype)
    return ((w * w * x).sum() + b * number).square()


def train(optimizer: Any, params: list[Any], numbers: range) -> list[float]:
    for number in numbers:
        optimizer.zero_grad()
        loss_of(params, number).backward()
        optimizer.step()
    w, b = params
    return [*w.tolist(), b.item()]


@pytest.mark.parametrize(("name", "options", "wanted"), NUMBERS)
def test_five_steps(name: str, options: dict[str, Any], wanted: list[float]) -> None:
    params = make_params()
    optimizer = getattr(optim, name)(params, **options)
    assert train(optimizer, params, range(5)) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_a_saved_run_goes_on_as_if_uninterrupted(name: str, options: dict[str, Any]) -> None:
    params = make_params()
    whole = train(getattr(optim, name)(params, **options), params, range(6))
    params = make_params()
    first = getattr(optim, name)(params, **options)
    train(first, params, range(3))
    second = getattr(optim, name)(params)
    second.load_state_dict(first.state_dict())
    before = {k: v.tolist() for k, v in first.state[params[0]].items()}
    assert train(second, params, range(3, 6)) == whole
    assert {k: v.tolist() for k, v in first.state[params[0]].items()} == before
    assert len({id(s.get("step")) for s in second.state.values()}) == 1


def test_state_dict_has_the_layout_of_pytorch() -> None:
    params = make_params(gpugrad.float32)
    optimizer = optim.Adam([{"params": params[:1]}, {"params": params[1:], "lr": 0.5}], eps=0.25)
    train(optimizer, params, range(3))
    saved = optimizer.state_dict()
    assert list(saved) == ["state", "param_groups"]
    assert [g["params"] for g in saved["param_groups"]] == [[0], [1]]
    assert [g["lr"] for g in saved["param_groups"]] == [0.001, 0.5]
    assert list(saved["state"][0]) == ["step", "exp_avg", "exp_avg_sq"]
    step = saved["state"][1]["step"]
    assert step.item() == 3
    assert step.shape == ()
    assert step.dtype is gpugrad.float32
    assert not saved["state"][0]["exp_avg"].requires_grad


def test_the_learning_rate_may_change_at_any_time() -> None:
    for name in ("SGD", "Adam", "RMSprop"):
        w = gpugrad.ones(2, requires_grad=True)
        optimizer = getattr(optim, name)([w], lr=0.1)
        group = optimizer.param_groups[0]
        w.sum().backward()
        optimizer.step()
        assert w[0].item() < 1
        group["lr"] = 0
        before = w.tolist()
        optimizer.step()
        assert w.tolist() == before
        group["lr"] = 0.2
        optimizer.step()
        assert w[0].item() < before[0]
        assert group["lr"] == 0.2
        assert isinstance(group["lr"], float)


def test_the_learning_rate_may_be_a_tensor() -> None:
    for name in ("SGD", "Adam"):
        w, v = (gpugrad.ones(2, requires_grad=True) for _ in range(2))
        rate = gpugrad.tensor(0.5)
        by_tensor = getattr(optim, name)([w], lr=rate)
        by_number = getattr(optim, name)([v], lr=0.5)
        for number in (0.5, 0.25):
            rate.fill_(number)
            by_number.param_groups[0]["lr"] = number
            for p, optimizer in ((w, by_tensor), (v, by_number)):
                p.sum().backward()
                optimizer.step()
        assert w.tolist() == v.tolist()


def test_betas_may_be_tensors() -> None:
    w = gpugrad.ones(2, requires_grad=True)
    optimizer = optim.Adam([w], betas=(gpugrad.tensor(0.5), gpugrad.tensor([0.75])))
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.75)


def test_state_may_be_cleared_and_replaced() -> None:
    w = gpugrad.ones(2, requires_grad=True)
    optimizer = optim.Adam([w], lr=0.1)
    w.sum().backward()
    optimizer.step()
    first = w.tolist()
    optimizer.state.clear()
    with gpugrad.no_grad():
        w.fill_(1.0)
    optimizer.step()
    assert w.tolist() == first
    optimizer.state[w]["exp_avg"] = gpugrad.zeros(2)
    optimizer.state[w]["step"] = gpugrad.tensor(7.0)
    optimizer.step()
    assert optimizer.state[w]["step"].item() == 8


def test_a_parameter_may_be_exchanged() -> None:
    w, v = (gpugrad.ones(2, requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([w], lr=0.5, momentum=0.9)
    w.sum().backward()
    optimizer.step()
    optimizer.param_groups[0]["params"][0] = v
    v.sum().backward()
    optimizer.step()
    assert w.tolist() == v.tolist() == [0.5, 0.5]
    w.data = gpugrad.full((3,), 2.0)
    w.grad = gpugrad.ones(3)
    plain = optim.SGD([w], lr=0.5)
    plain.step()
    assert w.tolist() == [1.5, 1.5, 1.5]


def test_a_step_is_an_in_place_change() -> None:
    w = gpugrad.ones(2, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    assert w._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_gradients_are_not_kept_alive() -> None:
    w = gpugrad.ones(2, requires_grad=True)
    for name, options in EVERY:
        optimizer = getattr(optim, name)([w], **options)
        w.sum().backward()
        gradient = weakref.ref(w.grad)
        gc.disable()
        try:
            optimizer.step()
            optimizer.zero_grad()
            assert gradient() is None
        finally:
            gc.enable()


def test_gradients_are_not_changed() -> None:
    for name, options in EVERY:
        w = gpugrad.ones(2, requires_grad=True)
        optimizer = getattr(optim, name)([w], weight_decay=0.5, maximize=True, **options)
        (w * 3).sum().backward()
        optimizer.step()
        assert w.grad is not None
        assert w.grad.tolist() == [3.0, 3.0]


def test_a_duplicate_is_warned_of() -> None:
    w = gpugrad.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([w, w])


def test_momentum_that_begins_later() -> None:
    w = gpugrad.ones(1, requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0)
    w.sum().backward()
    optimizer.step()
    assert not optimizer.state[w]
    optimizer.param_groups[0].update(momentum=0.5, dampening=0.5)
    optimizer.step()
    assert w.item() == -1.0
    optimizer.step()
    assert w.item() == -2.0
