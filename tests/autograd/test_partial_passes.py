"""``autograd.grad`` computes the gradients that lead to its inputs, and no others."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.ops.linear import Linear


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, ...]]:
    """For each linear layer that goes backward, which of its three gradients it computes."""
    found: list[tuple[bool, ...]] = []
    plain = Linear.backward

    def noting(self: Any, xp: Any, grad: Any) -> Any:
        found.append(tuple(edge is not None for edge in self.edges))
        return plain(self, xp, grad)

    monkeypatch.setattr(Linear, "backward", noting)
    return found


def layers(size: int) -> tuple[gpugrad.nn.Sequential, gpugrad.Tensor]:
    model = gpugrad.nn.Sequential(
        gpugrad.nn.Linear(size, size), gpugrad.nn.Tanh(), gpugrad.nn.Linear(size, 1)
    )
    model.double()
    return model, gpugrad.rand(16, size, dtype=gpugrad.float64, requires_grad=True)


@pytest.mark.parametrize(("size", "create_graph"), [(128, False), (4, True), (128, True)])
def test_gradients_of_inputs_leave_weights_alone(
    computed: list[tuple[bool, ...]], size: int, create_graph: bool
) -> None:
    model, x = layers(size)
    loss = model(x).square().sum()
    (partial,) = gpugrad.autograd.grad(loss, x, retain_graph=True, create_graph=create_graph)
    assert computed == [(True, False, False)] * 2
    computed.clear()
    loss.backward()
    assert computed == [(True, True, True)] * 2
    gpugrad.testing.assert_close(partial, x.grad)


def test_gradients_of_weights_leave_inputs_alone(computed: list[tuple[bool, ...]]) -> None:
    model, x = layers(128)
    weights = [model[0].weight, model[2].weight]
    partial = gpugrad.autograd.grad(model(x).sum(), weights)
    assert computed == [(True, True, False), (False, True, False)]
    model(x).sum().backward()
    for weight, grad in zip(weights, partial, strict=True):
        gpugrad.testing.assert_close(grad, weight.grad)


def test_small_arrays_are_not_worth_a_twin(computed: list[tuple[bool, ...]]) -> None:
    model, x = layers(4)
    gpugrad.autograd.grad(model(x).sum(), x)
    assert computed == [(True, True, True)] * 2


def test_second_derivatives_through_a_partial_pass() -> None:
    model, x = layers(4)
    weight = model[0].weight

    def penalised(scale: gpugrad.Tensor) -> gpugrad.Tensor:
        inner = gpugrad.nn.functional.linear(x, scale, model[0].bias).tanh().square().sum()
        (slope,) = gpugrad.autograd.grad(inner, x, create_graph=True)
        penalty: gpugrad.Tensor = slope.square().sum()
        return penalty

    assert gpugrad.autograd.gradcheck(penalised, weight.detach().clone().requires_grad_())
