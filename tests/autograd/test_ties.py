"""Second derivatives that are zero, but there: ops whose gradient is a step of their input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import grad
from gpugrad.nn import functional as F  # its usual name

FLAT: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: x.relu(),
    "leaky_relu": F.leaky_relu,
    "hardtanh": F.hardtanh,
    "relu6": F.relu6,
    "threshold": lambda x: F.threshold(x, 0.0, 0.0),
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "rrelu": F.rrelu,
    "prelu": lambda x: F.prelu(x, gpugrad.tensor([0.1])),
    "max_pool": lambda x: F.max_pool1d(x[None], 2),
    "avg_pool": lambda x: F.avg_pool1d(x[None], 2),
    "nll_loss": lambda x: F.nll_loss(x[None], gpugrad.tensor([0])),
}


@pytest.mark.parametrize("name", FLAT)
def test_second_derivative_is_zero(name: str) -> None:
    x = gpugrad.tensor([0.7, -0.8], requires_grad=True)
    (first,) = grad(FLAT[name](x).sum(), x, create_graph=True)
    assert first.requires_grad
    (second,) = grad(first.sum(), x)
    assert second.tolist() == [0.0, 0.0]


def test_linear_ops_have_no_second_derivative() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    (first,) = grad((x * 3).sum(), x, create_graph=True)
    assert not first.requires_grad


def test_what_lies_behind_gets_zeros_and_keeps_gradients() -> None:
    x = gpugrad.tensor([1.0, -1.0], requires_grad=True)
    w = gpugrad.tensor([2.0, 3.0], requires_grad=True)
    (first,) = grad((x * w).relu().sum(), x, create_graph=True)
    by_x, by_w = grad(first.sum(), [x, w])
    assert (by_x.tolist(), by_w.tolist()) == ([0.0, 0.0], [1.0, 0.0])


def test_a_penalty_reaches_every_parameter() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    x = gpugrad.ones(4, 2, requires_grad=True)
    (slope,) = grad(model(x).sum(), x, create_graph=True)
    slope.norm().backward()
    first, last = model[0], model[2]
    assert first.weight.grad is not None and last.weight.grad is not None
    assert first.bias.grad.tolist() == [0.0, 0.0, 0.0]
    assert last.bias.grad is None


def test_an_intermediate_result_gets_zeros() -> None:
    x = gpugrad.tensor([1.0, -1.0], requires_grad=True)
    y = x * 2
    (first,) = grad(y.relu().sum(), y, create_graph=True)
    (second,) = grad(first.sum(), y)
    assert second.tolist() == [0.0, 0.0]


def test_under_anomaly_detection() -> None:
    x = gpugrad.tensor([1.0, -1.0], requires_grad=True)
    with gpugrad.autograd.set_detect_anomaly(True):
        (first,) = grad(x.relu().sum(), x, create_graph=True)
        first.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]
