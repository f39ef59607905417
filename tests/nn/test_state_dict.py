"""Saving and loading the state of modules."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

import gpugrad
from gpugrad import nn


def net() -> Any:
    return nn.Sequential(OrderedDict(first=nn.Linear(2, 3), norm=nn.BatchNorm1d(3)))


def test_keys_and_values() -> None:
    model = net()
    state = model.state_dict()
    assert list(state) == [
        "first.weight",
        "first.bias",
        "norm.weight",
        "norm.bias",
        "norm.running_mean",
        "norm.running_var",
        "norm.num_batches_tracked",
    ]
    assert type(state["first.weight"]) is gpugrad.Tensor
    assert not state["first.weight"].requires_grad
    state["first.bias"].fill_(5)
    assert model.first.bias.tolist() == [5, 5, 5]
    assert model.state_dict(keep_vars=True)["first.weight"] is model.first.weight
    assert next(iter(model.state_dict(prefix="x."))) == "x.first.weight"


def test_round_trip() -> None:
    one, other = net(), net()
    result = other.load_state_dict(one.state_dict())
    assert repr(result) == str(result) == "<All keys matched successfully>"
    assert other.first.weight.tolist() == one.first.weight.tolist()
    assert other.first.weight is not one.first.weight


def test_strictness() -> None:
    model = net()
    state = dict(model.state_dict())
    del state["first.bias"]
    state["first.other"] = gpugrad.zeros(1)
    state["second.weight"] = gpugrad.zeros(1)
    state["norm.weight"] = gpugrad.zeros(4)
    with pytest.raises(RuntimeError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "Error(s) in loading state_dict for Sequential:\n"
        '\tMissing key(s) in state_dict: "first.bias". \n'
        '\tUnexpected key(s) in state_dict: "second.weight", "first.other". \n'
        "\tsize mismatch for norm.weight: copying a param with shape torch.Size([4]) from "
        "checkpoint, the shape in current model is torch.Size([3])."
    )
    del state["norm.weight"]
    result = model.load_state_dict(state, strict=False)
    assert result.missing_keys == ["first.bias", "norm.weight"]
    assert result.unexpected_keys == ["second.weight", "first.other"]
    assert repr(result).startswith("_IncompatibleKeys(missing_keys=['first.bias', 'norm.weight']")


def test_what_is_no_tensor() -> None:
    with pytest.raises(RuntimeError, match='While copying the parameter named "weight", expected'):
        nn.Linear(1, 1).load_state_dict({"weight": 3, "bias": gpugrad.zeros(1)})
    wrong: Any = 3
    with pytest.raises(TypeError, match=r"^Expected state_dict to be dict-like, got <class 'int'>"):
        nn.Linear(1, 1).load_state_dict(wrong)


def test_other_types_are_converted() -> None:
    layer = nn.Linear(1, 1)
    double = gpugrad.ones(1, 1, dtype=gpugrad.float64)
    layer.load_state_dict({"weight": double, "bias": gpugrad.zeros(1)})
    assert layer.weight.dtype is gpugrad.float32 and layer.weight.item() == 1


def test_assign_takes_the_tensors_themselves() -> None:
    layer = nn.Linear(1, 1)
    weight = gpugrad.ones(1, 1, dtype=gpugrad.float64)
    layer.load_state_dict({"weight": weight, "bias": gpugrad.zeros(1)}, assign=True)
    assert layer.weight.dtype is gpugrad.float64 and layer.weight.requires_grad
    weight.fill_(4)
    assert layer.weight.item() == 4


def test_states_from_before_batches_were_counted() -> None:
    norm = nn.BatchNorm1d(2)
    state = {k: v for k, v in norm.state_dict().items() if k != "num_batches_tracked"}
    assert repr(norm.load_state_dict(state)) == "<All keys matched successfully>"


def test_extra_state() -> None:
    class Counter(nn.Module):
        count = 0

        def get_extra_state(self) -> Any:
            return self.count

        def set_extra_state(self, state: Any) -> None:
            self.count = state

    one, other = Counter(), Counter()
    one.count = 3
    assert dict(one.state_dict()) == {"_extra_state": 3}
    other.load_state_dict(one.state_dict())
    assert other.count == 3
    assert other.load_state_dict({}, strict=False).missing_keys == ["_extra_state"]


def test_hooks_around_saving_and_loading() -> None:
    layer = nn.Linear(1, 1, bias=False)
    calls: list[str] = []
    layer.register_state_dict_pre_hook(lambda module, prefix, keep: calls.append("before save"))

    def rename(module: Any, state: Any, prefix: str, metadata: Any) -> None:
        state[prefix + "renamed"] = state.pop(prefix + "weight")

    layer.register_state_dict_post_hook(rename)
    layer.register_load_state_dict_pre_hook(
        lambda module, state, prefix, *rest: state.update(weight=state.pop("renamed"))
    )
    layer.register_load_state_dict_post_hook(
        lambda module, keys: calls.append(f"loaded {keys.missing_keys}")
    )
    state = layer.state_dict()
    assert list(state) == ["renamed"]
    layer.load_state_dict(state)
    assert calls == ["before save", "loaded []"]


def test_a_subclass_may_change_how_it_loads() -> None:
    class Renamed(nn.Linear):
        def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
            state_dict[prefix + "weight"] = state_dict.pop(prefix + "kernel")
            super()._load_from_state_dict(state_dict, prefix, *rest)

    model = nn.Sequential(Renamed(1, 1, bias=False))
    model.load_state_dict({"0.kernel": gpugrad.ones(1, 1)})
    assert model[0].weight.item() == 1
