"""Containers of modules and of parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import pytest

import gpugrad
from gpugrad import nn


def kinds(container: Iterable[nn.Module]) -> list[str]:
    return [type(module).__name__ for module in container]


def test_sequential_calls_its_modules_in_order() -> None:
    net = nn.Sequential(nn.Hardtanh(0.0, 1.0), nn.Threshold(0.5, -3.0))
    assert net(gpugrad.tensor([-1.0, 0.7, 9.0])).tolist() == pytest.approx([-3, 0.7, 1])


def test_sequential_is_a_list() -> None:
    net = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())
    assert len(net) == 3 and type(net[-1]) is nn.Sigmoid
    assert kinds(net[1:]) == ["Tanh", "Sigmoid"]
    net[1] = nn.GELU()
    net.append(nn.Identity())
    net.insert(0, nn.Flatten())
    assert kinds(net) == ["Flatten", "ReLU", "GELU", "Sigmoid", "Identity"]
    del net[0]
    del net[1:3]
    assert kinds(net) == ["ReLU", "Identity"]
    assert list(net._modules) == ["0", "1"]
    assert type(net.pop(-1)) is nn.Identity
    net.extend([nn.ELU()])
    net += nn.Sequential(nn.Mish())
    assert kinds(net + nn.Sequential(nn.SiLU())) == ["ReLU", "ELU", "Mish", "SiLU"]
    assert kinds(2 * nn.Sequential(nn.SiLU())) == ["SiLU", "SiLU"]
    with pytest.raises(IndexError, match=r"^index 7 is out of range$"):
        net[7]
    with pytest.raises(TypeError, match=r"^int is not a Module subclass$"):
        nn.Sequential(3)


def test_sequential_with_names() -> None:
    net = nn.Sequential(OrderedDict(a=nn.Linear(1, 2), b=nn.ReLU()))
    assert net.a is net[0]
    assert list(net.state_dict()) == ["a.weight", "a.bias"]


def test_module_list() -> None:
    layers = nn.ModuleList(nn.Linear(1, 1) for _ in range(2))
    layers.append(nn.ReLU()).extend([nn.Linear(1, 1)])
    layers.insert(0, nn.Tanh())
    assert kinds(layers) == ["Tanh", "Linear", "Linear", "ReLU", "Linear"]
    assert (
        repr(layers)
        == """ModuleList(
  (0): Tanh()
  (1-2): 2 x Linear(in_features=1, out_features=1, bias=True)
  (3): ReLU()
  (4): Linear(in_features=1, out_features=1, bias=True)
)"""
    )
    del layers[0]
    layers.pop(2)
    assert kinds(layers[::2]) == ["Linear", "Linear"]
    more = [nn.GELU()]
    assert kinds(layers + more)[-1] == "GELU"
    assert len(list(layers.parameters())) == 6


def test_module_dict() -> None:
    choices = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(1, 1)})
    assert list(choices) == ["b", "a"] and "a" in choices and len(choices) == 2
    choices.update([("c", nn.Tanh())])
    choices["b"] = nn.GELU()
    assert [(k, type(v).__name__) for k, v in choices.items()] == [
        ("b", "GELU"),
        ("a", "Linear"),
        ("c", "Tanh"),
    ]
    assert type(choices.pop("c")) is nn.Tanh
    del choices["b"]
    assert list(choices.keys()) == ["a"]
    choices.clear()
    assert len(choices) == 0
    with pytest.raises(KeyError, match="attribute 'keys' already exists"):
        nn.ModuleDict({"keys": nn.ReLU()})


def test_parameter_list() -> None:
    values = nn.ParameterList([gpugrad.zeros(2), nn.Parameter(gpugrad.ones(1))])
    values.append(gpugrad.ones(3, 4))
    values += [7]
    assert isinstance(values[0], nn.Parameter) and values[-1] == 7 and len(values) == 4
    assert [name for name, _ in values.named_parameters()] == ["0", "1", "2"]
    assert (
        repr(values)
        == """ParameterList(
    (0): Parameter containing: [torch.float32 of size 2]
    (1): Parameter containing: [torch.float32 of size 1]
    (2): Parameter containing: [torch.float32 of size 3x4]
    (3): Object of type: int
)"""
    )
    values[1] = gpugrad.zeros(5)
    assert values[1].shape == (5,)
    with pytest.raises(RuntimeError, match="ParameterList should not be called"):
        values(1)


def test_parameter_dict() -> None:
    values = nn.ParameterDict({"z": gpugrad.zeros(2), "b": gpugrad.ones(1)})
    assert list(values.keys()) == ["b", "z"]  # a plain dict is sorted
    values["c"] = gpugrad.ones(3)
    assert list(values.state_dict()) == ["b", "z", "c"]
    assert values.get("nope") is None and values.setdefault("b") is values["b"]
    merged = values | {"d": gpugrad.zeros(1)}
    assert list(merged) == ["b", "z", "c", "d"] and next(reversed(merged)) == "d"
    assert merged["b"] is values["b"]
    assert values.popitem()[0] == "c" and values.pop("z").shape == (2,)
    values.clear()
    assert len(values) == 0 and list(values.parameters()) == []
