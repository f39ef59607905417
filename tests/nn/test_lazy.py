"""Layers that learn the size of their input: the first call decides, an optimizer may be there."""

from __future__ import annotations

import pytest

import gpugrad
from gpugrad import nn, optim


def test_parameters_stay_the_same_objects() -> None:
    layer = nn.LazyLinear(2)
    before = list(layer.parameters())
    optimizer = optim.SGD(before, lr=1.0)
    layer(gpugrad.ones(1, 3)).sum().backward()
    assert type(layer) is nn.Linear
    assert all(a is b for a, b in zip(before, layer.parameters(), strict=True))
    weight = layer.weight.detach().clone()
    optimizer.step()
    assert gpugrad.allclose(layer.weight, weight - 1)


def test_first_values_are_those_of_the_layer_itself() -> None:
    gpugrad.manual_seed(4)
    lazy = nn.LazyConv2d(4, 3)
    lazy(gpugrad.zeros(1, 2, 5, 5))
    gpugrad.manual_seed(4)
    assert lazy.weight.tolist() == nn.Conv2d(2, 4, 3).weight.tolist()


def test_kind_and_size_before_the_first_call(host: None) -> None:
    layer = nn.LazyConv1d(4, 3, device="cuda")
    assert isinstance(layer, nn.Conv1d)
    assert layer.has_uninitialized_params()
    with pytest.raises(RuntimeError, match="shape of an uninitialized parameter"):
        layer.weight.shape  # noqa: B018
    layer(gpugrad.zeros(2, 5, 7, device="cuda"))
    assert layer.in_channels == 5
    assert layer.weight.device.type == "cuda"
    layer(gpugrad.zeros(2, 5, 9, device="cuda"))
    with pytest.raises(RuntimeError):
        layer(gpugrad.zeros(2, 6, 9, device="cuda"))
