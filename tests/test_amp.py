"""Loss scaling: values, what is refused, and what it costs a device."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.amp import GradScaler
from tests import host_cupy


def made(device: str, **options: Any) -> tuple[Any, Any, GradScaler]:
    """A parameter, its optimizer and a scaler."""
    p = gpugrad.tensor([1.0, 2.0], device=device, requires_grad=True)
    scaler = GradScaler(device, init_scale=8.0, growth_interval=2, **options)
    return p, gpugrad.optim.SGD([p], lr=0.5), scaler


def iterate(p: Any, optimizer: Any, scaler: GradScaler, slope: float = 1.0) -> None:
    optimizer.zero_grad()
    scaler.scale((slope * p).sum()).backward()
    scaler.step(optimizer)
    scaler.update()


class Plain(gpugrad.optim.Optimizer):
    """An optimizer that knows nothing of loss scaling."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {})
        self.calls = 0

    def step(self, closure: Any = None) -> int:
        self.calls += 1
        with gpugrad.no_grad():
            for p in self.param_groups[0]["params"]:
                p -= 0.5 * p.grad
        return self.calls


def test_steps_and_the_scale(device: str) -> None:
    p, optimizer, scaler = made(device)
    iterate(p, optimizer, scaler)
    assert p.tolist() == [0.5, 1.5] and p.grad.tolist() == [1, 1]
    assert (scaler.get_scale(), scaler.state_dict()["_growth_tracker"]) == (8, 1)
    iterate(p, optimizer, scaler)
    assert (scaler.get_scale(), scaler.state_dict()["_growth_tracker"]) == (16, 0)
    for slope in (math.inf, math.nan):
        iterate(p, optimizer, scaler, slope)
        assert p.tolist() == [0, 1]
    assert scaler.get_scale() == 4
    iterate(p, optimizer, scaler)
    assert p.tolist() == [-0.5, 0.5]


def test_other_optimizers_are_not_called_in_vain(device: str) -> None:
    p, _, scaler = made(device)
    optimizer = Plain([p])
    for slope, calls in ((1.0, 1), (math.inf, 1), (1.0, 2)):
        iterate(p, optimizer, scaler, slope)
        assert optimizer.calls == calls
    assert p.tolist() == [0, 1]


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_a_skipped_step_is_as_if_it_had_not_been(device: str, name: str) -> None:
    results = []
    for slopes in ((1.0, 3.0), (math.inf, 1.0, math.nan, 3.0)):
        p, _, scaler = made(device)
        options = {"momentum": 0.9, "dampening": 0.5} if name == "SGD" else {}
        optimizer = getattr(gpugrad.optim, name)([p], lr=0.1, **options)
        for slope in slopes:
            iterate(p, optimizer, scaler, slope)
        results.append(p.tolist())
    assert results[0] == results[1]


def test_clipping_in_between(device: str) -> None:
    p, optimizer, scaler = made(device)
    scaler.scale((gpugrad.tensor([3.0, 4.0], device=device) * p).sum()).backward()
    scaler.unscale_(optimizer)
    assert p.grad.tolist() == [3, 4]
    assert nn.utils.clip_grad_norm_([p], 1.0).item() == 5
    scaler.step(optimizer)
    assert p.tolist() == pytest.approx([0.7, 1.6])
    scaler.update()


def test_a_scale_that_somebody_has_set_counts_too(device: str) -> None:
    p, optimizer, scaler = made(device)
    scaler.scale(p.sum()).backward()
    optimizer.grad_scale = gpugrad.tensor(2.0, device=device)
    scaler.step(optimizer)
    assert p.grad.tolist() == [0.5, 0.5]
    assert optimizer.grad_scale is None and optimizer.found_inf is None


def test_several_losses_and_optimizers(device: str) -> None:
    p, first, scaler = made(device)
    q = gpugrad.tensor([1.0], device=device, requires_grad=True)
    second = gpugrad.optim.SGD([q], lr=1.0)
    losses = scaler.scale([p.sum(), (q * math.inf).sum()])
    assert isinstance(losses, list)
    assert [type(x) for x in scaler.scale((p, [q]))] == [type(p), list]
    assert next(iter(scaler.scale(iter([p])))).tolist() == [8, 16]
    for loss in losses:
        loss.backward()
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    assert (p.tolist(), q.tolist(), scaler.get_scale()) == ([0.5, 1.5], [1], 4)


def test_nobody_waits_for_a_device(host: host_cupy.Copies) -> None:
    model = nn.Linear(3, 2).to("cuda")
    optimizer = gpugrad.optim.Adam(model.parameters())
    scaler = GradScaler("cuda")
    x = gpugrad.ones(4, 3, device="cuda")

    def iteration() -> None:
        optimizer.zero_grad()
        scaler.scale(model(x).square().mean()).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()

    iteration()
    host.reset()
    host_cupy.launches.clear()
    iteration()
    assert (host.to_device, host.to_host) == (0, 0)
    own = [
        name
        for name in host_cupy.launches
        if name.startswith(("unscale", "total", "clip", "adam", "update"))
    ]
    assert [name.removesuffix("_float32") for name in own] == [
        "unscale",
        "total_norm",
        "clip_by_norm",
        "adam_step",
        "update_scale",
    ]


def test_order_of_calls() -> None:
    p, optimizer, scaler = made("cpu")
    with pytest.raises(AssertionError, match="Attempted step but _scale is None"):
        scaler.step(optimizer)
    loss = scaler.scale(p.sum())
    with pytest.raises(AssertionError, match="No inf checks were recorded prior to update"):
        scaler.update()
    with pytest.raises(AssertionError, match="No inf checks were recorded for this optimizer"):
        scaler.step(optimizer)
    loss.backward()
    with pytest.raises(RuntimeError, match="Closure use"):
        scaler.step(optimizer, closure=None)
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called on this optimizer"):
        scaler.unscale_(optimizer)
    with pytest.raises(AssertionError, match="only be pickled at the beginning"):
        pickle.dumps(scaler)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="being called after step"):
        scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called since the last update"):
        scaler.step(optimizer)
    with pytest.raises(ValueError, match="must be a Tensor or an iterable"):
        scaler.scale(1.0)


def test_float16_gradients_are_refused_unless_fused() -> None:
    for fused in (False, True):
        p = gpugrad.ones(2, dtype=gpugrad.float16, requires_grad=True)
        optimizer = gpugrad.optim.SGD([p], lr=0.5, fused=fused)
        scaler = GradScaler("cpu", init_scale=4.0)
        scaler.scale(p.sum()).backward()
        if fused:
            scaler.step(optimizer)
            assert p.tolist() == [0.5, 0.5]
            continue
        for call in (scaler.step, scaler.unscale_):
            with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
                call(optimizer)


def test_setting_the_scale() -> None:
    p, _, scaler = made("cpu")
    scaler.scale(p.sum())
    scaler.update(32.0)
    assert scaler.get_scale() == 32
    new = gpugrad.tensor([64.0])
    scaler.update(new)
    new.zero_()
    assert scaler.get_scale() == 64
    for wrong in (gpugrad.ones(2), gpugrad.ones(1, requires_grad=True)):
        with pytest.raises(AssertionError, match="new_scale should be"):
            scaler.update(wrong)


def test_saving_and_loading(device: str) -> None:
    p, optimizer, scaler = made(device)
    iterate(p, optimizer, scaler)
    state = scaler.state_dict()
    assert state == {
        "scale": 8.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 2,
        "_growth_tracker": 1,
    }
    _, _, other = made(device)
    other.load_state_dict({**state, "scale": 2.0})
    for again in (other, pickle.loads(pickle.dumps(other))):
        assert again.get_scale() == 2
        iterate(p, optimizer, again)
        assert again.get_scale() == 4
        again.load_state_dict(state)
        assert again.get_scale() == 8
    with pytest.raises(RuntimeError, match="source state dict is empty"):
        scaler.load_state_dict({})


def test_options() -> None:
    scaler = GradScaler("cpu", growth_factor=3.0, backoff_factor=0.25, growth_interval=7)
    assert scaler.is_enabled() and scaler.get_scale() == 2.0**16
    assert scaler.get_growth_factor() == 3 and scaler.get_backoff_factor() == 0.25
    assert scaler.get_growth_interval() == 7
    scaler.set_growth_factor(4.0)
    scaler.set_backoff_factor(0.5)
    scaler.set_growth_interval(8)
    state = scaler.state_dict()
    assert (state["growth_factor"], state["backoff_factor"]) == (4, 0.5)
    assert state["growth_interval"] == 8
    with pytest.raises(AssertionError, match="growth factor must be > 1"):
        GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(AssertionError, match="backoff factor must be < 1"):
        GradScaler("cpu", backoff_factor=1.0)


def test_not_enabled() -> None:
    p, optimizer, scaler = made("cpu", enabled=False)
    loss = p.sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert p.tolist() == [0.5, 1.5]
    assert (scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()) == (False, 1.0, {})
    scaler.load_state_dict({})


def test_the_old_name(host: host_cupy.Copies) -> None:
    with pytest.warns(FutureWarning, match=r"Please use `gpugrad.amp.GradScaler\('cuda'"):
        scaler = gpugrad.cuda.amp.GradScaler(4.0)
    assert isinstance(scaler, GradScaler) and scaler.get_scale() == 4


def test_without_cuda() -> None:
    if gpugrad.cuda.is_available():
        pytest.skip("there is CUDA")
    with pytest.warns(UserWarning, match="CUDA is not available"):
        assert not GradScaler().is_enabled()
