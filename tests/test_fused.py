"""``gpugrad.fused``: values, derivatives, what is saved and what is refused, on every device."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.nn import functional
from tests import host_cupy

ACTIVATIONS = ("none", "relu", "sigmoid", "tanh", "gelu", "gelu_tanh")


def apart(activation: str, total: Any) -> Any:
    """The activation by the function that is one by itself."""
    if activation == "none":
        return total
    if activation == "gelu_tanh":
        return functional.gelu(total, approximate="tanh")
    return getattr(functional, activation)(total)


def drawn(*shape: int, device: str, dtype: Any = gpugrad.float64) -> Any:
    return gpugrad.randn(shape, dtype=dtype).to(device).requires_grad_()


def second_derivatives(function: Any, *inputs: Any) -> tuple[Any, ...]:
    """Of the sum of the cubes of the results; of the sum of the squares of its gradients."""
    value = (function(*inputs) ** 3).sum()
    grads = gpugrad.autograd.grad(value, inputs, create_graph=True)
    return gpugrad.autograd.grad(sum((g * g).sum() for g in grads), inputs)


def assert_same(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape and a.allclose(b)


@pytest.fixture(autouse=True)
def seeded() -> None:
    gpugrad.manual_seed(7)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4), (4,), (0, 3), (3, 0)])
def test_bias_activation(device: str, activation: str, shape: tuple[int, ...]) -> None:
    x, b = drawn(*shape, device=device), drawn(shape[-1], device=device)
    weights = drawn(*shape, device=device).detach()
    found = gpugrad.fused.bias_activation(x, b, activation)
    expected = apart(activation, x + b)
    assert found.shape == expected.shape and found.allclose(expected)
    grads = gpugrad.autograd.grad((found * weights).sum(), (x, b))
    assert_same(grads, gpugrad.autograd.grad((expected * weights).sum(), (x, b)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_derivatives_of_bias_activation(device: str, activation: str) -> None:
    x, b = drawn(4, 3, device=device), drawn(3, device=device)

    def function(x: Any, b: Any) -> Any:
        return gpugrad.fused.bias_activation(x, b, activation)

    assert gpugrad.autograd.gradcheck(function, (x, b))
    assert gpugrad.autograd.gradgradcheck(function, (x, b))
    expected = second_derivatives(lambda x, b: apart(activation, x + b), x, b)
    assert_same(second_derivatives(function, x, b), expected)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_sigmoid_mse_loss(device: str, reduction: str) -> None:
    x, y = drawn(5, 3, device=device), drawn(5, 3, device=device)

    def function(x: Any, y: Any) -> Any:
        return gpugrad.fused.sigmoid_mse_loss(x, y, reduction)

    def by_two(x: Any, y: Any) -> Any:
        return functional.mse_loss(x.sigmoid(), y, reduction=reduction)

    found = function(x, y)
    expected = by_two(x, y)
    assert found.shape == expected.shape and found.allclose(expected)
    assert gpugrad.autograd.gradcheck(function, (x, y))
    assert gpugrad.autograd.gradgradcheck(function, (x, y))

    assert_same(second_derivatives(function, x, y), second_derivatives(by_two, x, y))


def test_no_elements(device: str) -> None:
    x, y = drawn(0, 3, device=device), drawn(0, 3, device=device)
    assert gpugrad.fused.sigmoid_mse_loss(x, y).isnan()
    assert gpugrad.fused.sigmoid_mse_loss(x, y, "sum") == 0
    gpugrad.fused.sigmoid_mse_loss(x, y).backward()
    assert x.grad.shape == (0, 3)


def test_only_one_gradient(device: str) -> None:
    x, b = drawn(4, 3, device=device), drawn(3, device=device)
    for activation in ACTIVATIONS:
        fixed = x.detach(), b.detach()
        gpugrad.fused.bias_activation(x, fixed[1], activation).sum().backward()
        gpugrad.fused.bias_activation(fixed[0], b, activation).sum().backward()
    target = drawn(4, 3, device=device)
    gpugrad.fused.sigmoid_mse_loss(x.detach(), target).backward()
    assert target.grad.allclose((target - x.sigmoid()) / 6)


@pytest.mark.parametrize("dtype", [gpugrad.float16, gpugrad.bfloat16, gpugrad.float32])
def test_types(device: str, dtype: Any) -> None:
    x, b = drawn(9, 8, device=device, dtype=dtype), drawn(8, device=device, dtype=dtype)
    for activation in ACTIVATIONS:
        found = gpugrad.fused.bias_activation(x, b, activation)
        exact = apart(activation, x.double() + b.double())
        assert found.dtype is dtype
        assert (found.double() - exact).abs().max() < 0.05
    loss = gpugrad.fused.sigmoid_mse_loss(x, x.detach())
    loss.backward()
    assert loss.dtype is dtype and x.grad.dtype is dtype


def test_columns_of_another_tensor(device: str) -> None:
    x, b = drawn(3, 6, device=device), drawn(3, device=device)
    found = gpugrad.fused.bias_activation(x.t(), b, "tanh")
    assert found.allclose((x.t() + b).tanh())
    found.sum().backward()
    assert x.grad.allclose((1 - found * found).t())


def test_what_may_be_changed_before_backward(device: str) -> None:
    x, b = drawn(3, 2, device=device).detach(), drawn(2, device=device)
    y = gpugrad.fused.bias_activation(x, b, "tanh")
    x.zero_()  # only the result is kept
    y.sum().backward()
    for activation, changed in (("tanh", "result"), ("gelu", "input")):
        y = gpugrad.fused.bias_activation(x, b, activation)
        (y.detach() if changed == "result" else x).add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()


def test_on_a_gpu_one_kernel_each_way(host: Any) -> None:
    x, b = drawn(40, 8, device="cuda"), drawn(8, device="cuda")
    grad = drawn(40, 8, device="cuda").detach()
    y = gpugrad.fused.bias_activation(x, b)
    y.backward(grad)
    assert host_cupy.launches == ["bias_relu_forward_float64", "bias_relu_backward_float64"]
    host_cupy.launches.clear()
    gpugrad.fused.sigmoid_mse_loss(x, grad).backward()
    assert host_cupy.launches[:2] == ["sigmoid_mse_reduce_float64", "sigmoid_mse_backward_float64"]


def test_linear_sums_its_bias_gradient_by_the_kernel(host: Any) -> None:
    layer = gpugrad.nn.Linear(3, 5, device="cuda")
    out = layer(gpugrad.ones(7, 3, device="cuda"))
    weights = gpugrad.arange(35.0, device="cuda").reshape(7, 5)
    out.backward(weights)
    assert host_cupy.launches == ["bias_forward_float32", "column_sum_float32"]
    assert layer.bias.grad.tolist() == weights.sum(0).tolist()


def test_refused_arguments() -> None:
    x, b = gpugrad.zeros(2, 3), gpugrad.zeros(3)
    with pytest.raises(ValueError, match="activation must be one of none, relu, .*got 'silu'"):
        gpugrad.fused.bias_activation(x, b, "silu")
    for bias in (gpugrad.zeros(2), gpugrad.zeros(1, 3), gpugrad.zeros(())):
        with pytest.raises(RuntimeError, match="one number for each column"):
            gpugrad.fused.bias_activation(x, bias)
    with pytest.raises(RuntimeError, match="got Float and Double"):
        gpugrad.fused.bias_activation(x, b.double())
    with pytest.raises(RuntimeError, match="one floating-point type"):
        gpugrad.fused.bias_activation(x.long(), b.long())
    with pytest.raises(TypeError, match="argument 'bias' .position 2. must be Tensor, not list"):
        gpugrad.fused.bias_activation(x, [0.0])
    with pytest.raises(ValueError, match="reduction must be one of none, mean, sum"):
        gpugrad.fused.sigmoid_mse_loss(x, x, "max")
    with pytest.raises(RuntimeError, match="same shape"):
        gpugrad.fused.sigmoid_mse_loss(x, b)
