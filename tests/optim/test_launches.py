"""What a step costs a device: one launch, and no copies, whatever changes from step to step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests import host_cupy

SHAPES = [(3, 4), (), (0,), (5000,), (7,)]

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: gpugrad.optim.SGD(p, lr=0.1),
    "momentum": lambda p: gpugrad.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1),
    "Adam": lambda p: gpugrad.optim.Adam(p, lr=0.1),
    "AdamW": lambda p: gpugrad.optim.AdamW(p, lr=0.1, amsgrad=True),
    "RMSprop": lambda p: gpugrad.optim.RMSprop(p, lr=0.1, momentum=0.9, centered=True),
}


def parameters(count: int = len(SHAPES), dtype: Any = gpugrad.float32) -> list[Any]:
    return [
        gpugrad.ones(SHAPES[i % len(SHAPES)], dtype=dtype, device="cuda", requires_grad=True)
        for i in range(count)
    ]


def new_gradients(params: list[Any], like: Any = gpugrad.ones_like) -> None:
    for p in params:
        p.grad = like(p.detach())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_launch_and_no_copy(host: host_cupy.Copies, name: str) -> None:
    params = parameters()
    optimizer = OPTIMIZERS[name](params)
    new_gradients(params)
    optimizer.step()
    for turn in range(4):
        new_gradients(params)
        host.reset()
        host_cupy.launches.clear()
        optimizer.param_groups[0]["lr"] = 0.1 / (turn + 1)
        optimizer.step()
        assert len(host_cupy.launches) == 1
        assert (host.to_device, host.to_host) == (0, 0)


def test_a_launch_for_each_group_and_type(host: host_cupy.Copies) -> None:
    first, second = parameters(), parameters(2)
    half = parameters(3, gpugrad.float16)
    optimizer = gpugrad.optim.Adam([{"params": first}, {"params": [*second, *half], "lr": 1.0}])
    for _ in range(2):
        new_gradients([*first, *second, *half])
        host_cupy.launches.clear()
        optimizer.step()
    assert host_cupy.launches == ["adam_step_float32"] * 2 + ["adam_step_float16"]


def test_more_parameters_than_addresses_by_value(host: host_cupy.Copies) -> None:
    params = parameters(450)
    optimizer = gpugrad.optim.SGD(params, lr=0.5)
    for _ in range(2):
        new_gradients(params)
        host_cupy.launches.clear()
        host.reset()
        optimizer.step()
        assert len(host_cupy.launches) == 1
    assert host.to_device == 1  # the gradients' addresses
    assert all((p == 0).all() for p in params)


def test_gradients_and_states_are_looked_at_anew(host: host_cupy.Copies) -> None:
    (p,) = params = parameters(1)
    optimizer = gpugrad.optim.SGD(params, lr=1.0, momentum=0.5)
    new_gradients(params)
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = gpugrad.full_like(p.detach(), 4.0)
    p.grad = gpugrad.full((4, 3), 3.0, device="cuda").t()  # not contiguous
    optimizer.step()
    assert set(p.reshape(-1).tolist()) == {1.0 - 1.0 - (0.5 * 4.0 + 3.0)}
    p.data = gpugrad.zeros_like(p)
    new_gradients(params)
    optimizer.step()
    assert set(p.reshape(-1).tolist()) == {-(0.5 * 5.0 + 1.0)}


def test_an_unchanged_learning_rate_is_not_written_again(
    host: host_cupy.Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = parameters(1)
    optimizer = gpugrad.optim.SGD(params, lr=0.25)
    new_gradients(params)
    optimizer.step()
    fills: list[Any] = []
    monkeypatch.setattr(host_cupy.ndarray, "fill", lambda _, value: fills.append(value))
    for lr in (0.25, 0.5 * 0.5, 0.5, 0.5):
        optimizer.param_groups[0]["lr"] = lr + 0 * len(fills)
        optimizer.step()
    assert fills == [0.5]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_scaled_steps_agree_with_the_cpu(host: host_cupy.Copies, name: str) -> None:
    """Gradients that are contiguous, or not: the composed form unscales and skips those."""

    def turned(x: Any) -> Any:
        return gpugrad.ones(x.shape[::-1], device=x.device).t()

    for like in (gpugrad.ones_like, turned):
        results = []
        for device in ("cpu", "cuda"):
            p = gpugrad.ones(3, 2, device=device, requires_grad=True)
            optimizer = OPTIMIZERS[name]([p])
            for found in (1.0, 0.0, 1.0, 0.0):
                p.grad = like(p.detach())
                optimizer.grad_scale = gpugrad.tensor(4.0, device=device)
                optimizer.found_inf = gpugrad.tensor(found, device=device)
                before, version = p.tolist(), p.grad._version
                optimizer.step()
                if found:
                    assert p.tolist() == before
                    assert set(p.grad.reshape(-1).tolist()) == {1.0}
                else:
                    assert p.grad._version == version + 1
                    assert p.tolist() != before
                    assert set(p.grad.reshape(-1).tolist()) == {0.25}
            results.append(p.detach().cpu().numpy())
            if optimizer._counts_steps:
                assert optimizer.state[p]["step"].item() == 2
        np.testing.assert_allclose(results[1], results[0], rtol=1e-6)
