"""Parameter groups, hooks, errors and optimizers of one's own."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import gpugrad
from gpugrad import optim
from gpugrad.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)


def ones(n: int = 2) -> Any:
    return gpugrad.ones(n, requires_grad=True)


def test_groups_have_options_of_their_own() -> None:
    w, v = ones(), ones()
    optimizer = optim.SGD([{"params": w}, {"params": iter([v]), "lr": 0.5}], lr=0.25)
    (w.sum() + v.sum()).backward()
    optimizer.step()
    assert w.tolist() == [0.75, 0.75]
    assert v.tolist() == [0.5, 0.5]


def test_a_group_may_be_added() -> None:
    w, v = ones(), ones()
    optimizer = optim.SGD([w], lr=0.25)
    w.sum().backward()
    optimizer.step()
    optimizer.add_param_group({"params": [v], "lr": 0.5})
    v.sum().backward()
    optimizer.step()
    assert (w.tolist(), v.tolist()) == ([0.5, 0.5], [0.5, 0.5])


def test_parameters_may_have_names() -> None:
    optimizer = optim.SGD([("w", ones()), ("b", ones())])
    assert optimizer.param_groups[0]["param_names"] == ["w", "b"]
    saved = optimizer.state_dict()
    assert saved["param_groups"][0]["param_names"] == ["w", "b"]
    other = optim.SGD([("x", ones()), ("y", ones())])
    other.load_state_dict(saved)
    assert other.param_groups[0]["param_names"] == ["w", "b"]


def test_zero_grad() -> None:
    w = ones()
    optimizer = optim.SGD([w, ones()])
    w.sum().backward()
    gradient = w.grad
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is gradient
    assert w.grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert w.grad is None


def test_zero_grad_detaches() -> None:
    w = ones()
    (w * w).sum().backward(create_graph=True)
    optim.SGD([w]).zero_grad(set_to_none=False)
    assert w.grad is not None
    assert not w.grad.requires_grad


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_a_closure_runs_with_gradients(name: str) -> None:
    w = ones()
    optimizer = getattr(optim, name)([w], lr=0.25)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = w.sum()
        loss.backward()
        return loss

    with gpugrad.no_grad():
        assert optimizer.step(closure).item() == 2.0
    assert w[0].item() < 1
    assert optimizer.step() is None


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_a_step_without_gradients_does_nothing(name: str) -> None:
    w = ones()
    optimizer = getattr(optim, name)([w])
    optimizer.step()
    assert w.tolist() == [1.0, 1.0]
    assert not optimizer.state


def test_step_hooks() -> None:
    w = ones()
    optimizer = optim.SGD([w], lr=0.25)
    calls: list[str] = []

    def hook(name: str) -> Any:
        def record(who: Any, args: Any, kwargs: Any) -> None:
            assert who is optimizer
            calls.append(name)

        return record

    handles = [
        register_optimizer_step_pre_hook(hook("all before")),
        register_optimizer_step_post_hook(hook("all after")),
        optimizer.register_step_pre_hook(hook("before")),
        optimizer.register_step_post_hook(hook("after")),
    ]
    optimizer.step()
    assert calls == ["all before", "before", "after", "all after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(calls) == 4


def test_a_hook_may_replace_the_arguments() -> None:
    optimizer = optim.SGD([ones()])
    optimizer.register_step_pre_hook(lambda who, args, kwargs: ((lambda: 3,), {}))
    assert optimizer.step() == 3
    optimizer.register_step_pre_hook(lambda who, args, kwargs: "nothing")
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_state_dict_hooks() -> None:
    optimizer = optim.SGD([ones()], lr=0.25)
    calls: list[Any] = []
    optimizer.register_state_dict_pre_hook(lambda who: calls.append("before save"))
    optimizer.register_state_dict_post_hook(lambda who, saved: {**saved, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(lambda who, saved: calls.append(saved["extra"]))
    optimizer.register_load_state_dict_pre_hook(
        lambda who, saved: calls.append("first"), prepend=True
    )
    optimizer.register_load_state_dict_post_hook(lambda who: calls.append("after load"))
    optimizer.load_state_dict(optimizer.state_dict())
    assert calls == ["before save", "first", 1, "after load"]


def test_an_optimizer_of_ones_own() -> None:
    class Signs(optim.Optimizer):
        def __init__(self, params: Any, lr: Any = required) -> None:
            super().__init__(params, {"lr": lr})

        def step(self, closure: Any = None) -> Any:
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["count"] = state.get("count", 0) + 1
                    with gpugrad.no_grad():
                        p.sub_(p.grad.sign() * group["lr"])

    w = ones()
    with pytest.raises(ValueError, match="didn't specify a value of required"):
        Signs([w])
    optimizer = Signs([w], lr=0.25)
    calls: list[int] = []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    (w * 7).sum().backward()
    optimizer.step()
    assert w.tolist() == [0.75, 0.75]
    assert calls == [1]
    other = Signs([ones()], lr=1.0)
    other.load_state_dict(optimizer.state_dict())
    assert other.param_groups[0]["lr"] == 0.25
    assert next(iter(other.state.values())) == {"count": 1}


def test_a_copy_is_independent() -> None:
    w = ones()
    optimizer = optim.Adam([w], lr=0.25)
    w.sum().backward()
    optimizer.step()
    before = w.tolist()
    twin = copy.deepcopy(optimizer)
    p = twin.param_groups[0]["params"][0]
    assert p is not w
    twin.step()
    assert w.tolist() == before
    optimizer.step()
    assert p.tolist() == w.tolist()
    assert twin.state[p]["step"].item() == 2


def test_options_missing_in_a_saved_state_are_filled_in() -> None:
    optimizer = optim.SGD([ones()], lr=0.25)
    saved = optimizer.state_dict()
    del saved["param_groups"][0]["maximize"]
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["maximize"] is False


def test_adamw_stays_decoupled() -> None:
    optimizer = optim.AdamW([ones()])
    optimizer.load_state_dict(optim.Adam([ones()]).state_dict())
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True


def test_plain_numbers_as_step_counts_are_read() -> None:
    w = ones()
    optimizer = optim.Adam([w])
    w.sum().backward()
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"][0] = {**saved["state"][0], "step": 41}
    optimizer.load_state_dict(saved)
    optimizer.step()
    assert optimizer.state[w]["step"].item() == 42
