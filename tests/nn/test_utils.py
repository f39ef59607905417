"""Gradient clipping, and parameters as a vector."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn import utils
from tests import host_cupy


def parameters(*gradients: list[float] | None, device: str = "cpu") -> list[Any]:
    made = []
    for gradient in gradients:
        parameter = nn.Parameter(gpugrad.ones(2, device=device))
        parameter.grad = None if gradient is None else gpugrad.tensor(gradient, device=device)
        made.append(parameter)
    return made


def test_clip_grad_norm_(device: str) -> None:
    first, second, third = parameters([3.0, 0.0], [0.0, 4.0], None, device=device)
    gradient = first.grad
    assert utils.clip_grad_norm_([first, second, third], 1.0).item() == 5
    assert first.grad is gradient
    assert gradient.tolist() == pytest.approx([0.6, 0])
    assert second.grad.tolist() == pytest.approx([0, 0.8])
    assert utils.clip_grad_norm_(iter([first, second]), 10.0).item() == pytest.approx(1)
    assert gradient.tolist() == pytest.approx([0.6, 0])


def test_clip_grad_norm_of_other_orders(device: str) -> None:
    first, second = parameters([3.0, 1.0], [0.0, -4.0], device=device)
    assert utils.clip_grad_norm_([first, second], 100.0, float("inf")).item() == 4
    assert utils.clip_grad_norm_([first, second], 100.0, 1.0).item() == 8
    assert utils.clip_grad_norm_(first, 100.0).item() == pytest.approx(10**0.5)
    assert utils.clip_grad_norm_([first, second], 100.0, float("-inf")).item() == 0
    assert utils.clip_grad_norm_([first, second], 100.0, 0).item() == 2
    assert utils.clip_grad_norm_([first, second], 100.0, 3).item() == pytest.approx(92 ** (1 / 3))
    assert utils.clip_grad_norm_([], 1.0).item() == 0


def test_a_norm_that_is_not_finite() -> None:
    (parameter,) = parameters([float("nan"), 0.0])
    with pytest.raises(RuntimeError, match=r"total norm of order 2.0 for gradients"):
        utils.clip_grad_norm_(parameter, 1.0, error_if_nonfinite=True)


def test_clipping_is_a_change_in_place(device: str) -> None:
    (p,) = parameters([3.0, 4.0], device=device)
    before = p.grad._version
    utils.clip_grad_norm_(p, 1.0)
    assert p.grad._version == before + 1
    p.grad = gpugrad.ones(1, device=device).expand(2)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        utils.clip_grad_norm_(p, 1.0)


def test_gradients_of_several_types_and_layouts(device: str) -> None:
    grads = [
        gpugrad.full((2, 3), 2.0, device=device).t(),
        gpugrad.full((3,), 2.0, device=device, dtype=gpugrad.float64),
        gpugrad.full((), 2.0, device=device, dtype=gpugrad.bfloat16),
    ]
    params = [gpugrad.zeros_like(g).requires_grad_() for g in grads]
    for p, g in zip(params, grads, strict=True):
        p.grad = g
    total = utils.clip_grad_norm_(params, 1.0)
    assert total.dtype is gpugrad.float64
    assert total.item() == pytest.approx(40**0.5)
    for g in grads:
        assert g.reshape(-1).tolist() == pytest.approx([2 / 40**0.5] * g.numel(), rel=4e-3)


def test_clipping_costs_two_launches(host: host_cupy.Copies) -> None:
    params = parameters([3.0, 0.0], [0.0, 4.0], device="cuda")
    for norm in (5.0, 1.0):
        host.reset()
        host_cupy.launches.clear()
        total = utils.clip_grad_norm_(params, 1.0)
        assert host.to_host == 0
        assert host_cupy.launches == ["total_norm_float32", "clip_by_norm_float32"]
        assert total.item() == pytest.approx(norm)
    host.reset()
    for p in params:
        p.grad = gpugrad.ones(2, device="cuda")
    utils.clip_grad_norm_(params, 1.0)
    assert host.to_device == 0


def test_clip_grad_value_() -> None:
    first, second = parameters([3.0, -9.0], None)
    utils.clip_grad_value_([first, second], 3.5)
    assert first.grad.tolist() == [3, -3.5]


def test_vector_and_back() -> None:
    layer = nn.Linear(2, 1)
    vector = utils.parameters_to_vector(layer.parameters())
    assert vector.tolist() == [*layer.weight[0].tolist(), *layer.bias.tolist()]
    vector.sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1]]
    weight = layer.weight
    utils.vector_to_parameters(gpugrad.tensor([1.0, 2.0, 3.0]), layer.parameters())
    assert layer.weight is weight and weight.tolist() == [[1, 2]] and layer.bias.tolist() == [3]
    wrong: Any = [1.0]
    with pytest.raises(TypeError, match=r"^expected torch.Tensor, but got: list$"):
        utils.vector_to_parameters(wrong, layer.parameters())
