"""Gradient clipping, and parameters as a vector."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn import utils


def parameters(*gradients: list[float] | None) -> list[Any]:
    made = []
    for gradient in gradients:
        parameter = nn.Parameter(gpugrad.ones(2))
        parameter.grad = None if gradient is None else gpugrad.tensor(gradient)
        made.append(parameter)
    return made


def test_clip_grad_norm_() -> None:
    first, second, third = parameters([3.0, 0.0], [0.0, 4.0], None)
    gradient = first.grad
    assert utils.clip_grad_norm_([first, second, third], 1.0).item() == 5
    assert first.grad is gradient
    assert gradient.tolist() == pytest.approx([0.6, 0])
    assert second.grad.tolist() == pytest.approx([0, 0.8])
    assert utils.clip_grad_norm_(iter([first, second]), 10.0).item() == pytest.approx(1)
    assert gradient.tolist() == pytest.approx([0.6, 0])


def test_clip_grad_norm_of_other_orders() -> None:
    first, second = parameters([3.0, 1.0], [0.0, -4.0])
    assert utils.clip_grad_norm_([first, second], 100.0, float("inf")).item() == 4
    assert utils.clip_grad_norm_([first, second], 100.0, 1.0).item() == 8
    assert utils.clip_grad_norm_(first, 100.0).item() == pytest.approx(10**0.5)
    assert utils.clip_grad_norm_([], 1.0).item() == 0


def test_a_norm_that_is_not_finite() -> None:
    (parameter,) = parameters([float("nan"), 0.0])
    with pytest.raises(RuntimeError, match=r"total norm of order 2.0 for gradients"):
        utils.clip_grad_norm_(parameter, 1.0, error_if_nonfinite=True)


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
