"""Ops with a kernel of their own, through the functions of ``nn.functional``, on every device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.nn import functional as F
from tests import host_cupy

DTYPES = ("float64", "float32", "float16", "bfloat16")
NEAR = {"float64": 1e-12, "float32": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}


def numbers(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def tensor(values: Any, device: str, dtype: str = "float64") -> Any:
    typed = gpugrad.tensor(values, device=device).to(getattr(gpugrad, dtype))
    return typed.detach().requires_grad_()


def near(ours: Any, expected: Any, dtype: str = "float64") -> None:
    assert ours.dtype is getattr(gpugrad, dtype)
    actual = ours.detach().cpu().to(gpugrad.float64).numpy()
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=NEAR[dtype], atol=NEAR[dtype])


def composed_layer_norm(x: Any, dims: tuple[int, ...], weight: Any, bias: Any, eps: float) -> Any:
    centred = x - x.mean(dims, True)
    result = centred / (centred.square().mean(dims, True) + eps).sqrt()
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "dims"), [((9, 5), 1), ((2, 3, 4), 2), ((3, 4), 2), ((7,), 1), ((3, 1100), 1)]
)
@pytest.mark.parametrize("affine", ["weight and bias", "weight", "bias", ""])
def test_layer_norm(
    device: str, dtype: str, shape: tuple[int, ...], dims: int, affine: str
) -> None:
    size = shape[-dims:]
    x, grad = tensor(numbers(1, *shape) + 2, device, dtype), numbers(4, *shape)
    weight = tensor(numbers(2, *size), device, dtype) if "weight" in affine else None
    bias = tensor(numbers(3, *size), device, dtype) if "bias" in affine else None
    operands = [t for t in (x, weight, bias) if t is not None]
    exact = [t.detach().cpu().double().requires_grad_() for t in operands]
    by_name = dict(zip(("x", *affine.split(" and ")), exact, strict=False))
    expected = composed_layer_norm(
        exact[0], tuple(range(-dims, 0)), by_name.get("weight"), by_name.get("bias"), 0.1
    )
    y = F.layer_norm(x, size, weight, bias, 0.1)
    assert y.grad_fn is not None and y.grad_fn.name() == "NativeLayerNormBackward0"
    near(y, expected.detach().numpy(), dtype)
    typed_grad = tensor(grad, device, dtype).detach()
    y.backward(typed_grad)
    expected.backward(typed_grad.cpu().double())
    for ours, theirs in zip(operands, exact, strict=True):
        near(ours.grad, theirs.grad.numpy(), dtype)


def test_only_the_gradients_that_are_wanted(device: str) -> None:
    x, weight, bias = (tensor(numbers(k, *s), device) for k, s in enumerate([(4, 3), (3,), (3,)]))
    x.requires_grad_(False)
    weight.requires_grad_(False)
    F.layer_norm(x, (3,), weight, bias).sum().backward()
    assert x.grad is None and weight.grad is None
    near(bias.grad, np.full(3, 4.0))


def test_second_derivatives_of_layer_norm(device: str) -> None:
    shapes = [(4, 2, 3), (2, 3), (2, 3)]
    operands = [tensor(numbers(k, *s), device) for k, s in enumerate(shapes)]
    assert gpugrad.autograd.gradgradcheck(lambda x, w, b: F.layer_norm(x, (2, 3), w, b), operands)
    assert gpugrad.autograd.gradgradcheck(lambda x: F.layer_norm(x, (2, 3)), operands[:1])


@pytest.mark.parametrize("shape", [(0, 4), (3, 0)])
def test_layer_norm_of_nothing(device: str, shape: tuple[int, int]) -> None:
    x, weight = tensor(np.zeros(shape), device), tensor(np.ones(shape[1]), device)
    y = F.layer_norm(x, shape[1:], weight)
    y.sum().backward()
    near(y, np.zeros(shape))
    near(x.grad, np.zeros(shape))
    near(weight.grad, np.zeros(shape[1]))


def test_float32_weights_beside_a_16_bit_input(device: str) -> None:
    x = tensor(numbers(1, 3, 4), device, "bfloat16")
    weight = tensor(numbers(2, 4), device, "float32")
    y = F.layer_norm(x, (4,), weight, weight)
    expected = F.layer_norm(x.detach().double(), (4,), weight.double(), weight.double())
    near(y, expected.detach().cpu().numpy(), "bfloat16")
    y.sum().backward()
    assert x.grad.dtype is gpugrad.bfloat16 and weight.grad.dtype is gpugrad.float32
    with pytest.raises(RuntimeError, match="all inputs must share same datatype"):
        F.layer_norm(x.double(), (4,), weight)
    with pytest.raises(RuntimeError, match="expect parameter to have scalar type of Float"):
        F.layer_norm(x, (4,), weight.double())
    with pytest.raises(RuntimeError, match="expected scalar type Float but found Double"):
        F.layer_norm(x.float(), (4,), weight, weight.double())


def composed_cross_entropy(x: Any, target: Any, ignored: int, reduction: str) -> Any:
    counted = target != ignored
    rows = np.arange(len(target))
    losses = -x.log_softmax(1)[rows, np.where(counted, target, 0)] * gpugrad.tensor(counted)
    if reduction == "none":
        return losses
    return losses.sum() / (counted.sum() if reduction == "mean" else 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("ignored", [-100, 2])
def test_cross_entropy(device: str, dtype: str, reduction: str, ignored: int) -> None:
    target = np.random.default_rng(0).integers(0, 5, 40)
    target[::3] = ignored
    x = tensor(numbers(1, 40, 5) * 3, device, dtype)
    exact = x.detach().cpu().double().requires_grad_()
    expected = composed_cross_entropy(exact, target, ignored, reduction)
    classes = gpugrad.tensor(target, device=device)
    loss = F.cross_entropy(x, classes, ignore_index=ignored, reduction=reduction)
    assert loss.grad_fn is not None and loss.grad_fn.name() == "NllLossBackward0"
    if dtype != "bfloat16" or reduction != "sum":  # NumPy adds up in 16 bits
        near(loss, expected.detach().numpy(), dtype)
    (loss * 0.5).sum().backward()
    (expected * 0.5).sum().backward()
    near(x.grad, exact.grad.numpy(), dtype)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_second_derivatives_of_cross_entropy(device: str, reduction: str) -> None:
    target = gpugrad.tensor([0, 3, -100, 2, 1, -100], device=device)
    x = tensor(numbers(1, 6, 4), device)
    assert gpugrad.autograd.gradgradcheck(
        lambda x: F.cross_entropy(x, target, reduction=reduction), [x]
    )


def test_all_classes_ignored(device: str) -> None:
    x = tensor(numbers(1, 2, 3), device)
    target = gpugrad.tensor([-100, -100], device=device)
    loss = F.cross_entropy(x, target)
    loss.backward()
    assert loss.isnan().item()
    near(x.grad, np.zeros((2, 3)))


def test_classes_of_bytes(device: str) -> None:
    x = tensor(numbers(1, 3, 4), device)
    target = gpugrad.tensor([3, 0, 1], device=device)
    near(F.cross_entropy(x, target.byte()), F.cross_entropy(x, target).detach().cpu().numpy())


def test_a_class_that_is_none_gives_nan_on_a_device(host: host_cupy.Copies) -> None:
    x = tensor(numbers(1, 3, 4), "cuda", "float32")
    losses = F.cross_entropy(x, gpugrad.tensor([4, 0, -1], device="cuda"), reduction="none")
    losses.sum().backward()
    assert losses.isnan().tolist() == [True, False, True]
    assert x.grad.isnan().all(1).tolist() == [True, False, True]


def test_launches_and_copies(host: host_cupy.Copies) -> None:
    x = tensor(numbers(1, 6, 4), "cuda", "float32")
    weight = tensor(np.ones(4), "cuda", "float32")
    target = gpugrad.tensor([0, 3, -100, 2, 1, -100], device="cuda")
    host_cupy.launches.clear()
    host.reset()
    F.cross_entropy(F.gelu(F.layer_norm(x, (4,), weight)), target).backward()
    assert host_cupy.launches == [
        "layer_norm_forward_float32",
        "gelu_forward_float32",
        "cross_entropy_forward_float32",
        "cross_entropy_mean_float32",
        "cross_entropy_backward_softmax_float32",
        "gelu_backward_float32",
        "layer_norm_backward_float32",
        "layer_norm_backward_affine_float32",
    ]
    assert host.to_host == 0


ACTIVATIONS: dict[str, Any] = {
    "gelu": F.gelu,
    "gelu by tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "leaky_relu, steep": lambda x: F.leaky_relu(x, 2.0),
    "leaky_relu, flat": lambda x: F.leaky_relu(x, 0.0),
    "softplus": lambda x: F.softplus(x, 2, 20),
    "tanh": gpugrad.tanh,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_activations(device: str, name: str, dtype: str) -> None:
    function = ACTIVATIONS[name]
    values = numbers(1, 200, 200) * 3  # of more than one block on the CPU
    for given in (values, values[:3, :4].T, values[0, 0]):
        x = tensor(given, device, dtype)
        exact = x.detach().cpu().double()
        step = 1e-5
        slope = (function(exact + step) - function(exact - step)) / (2 * step)
        y = function(x)
        near(y, function(exact).numpy(), dtype)
        y.sum().backward()
        actual = x.grad.cpu().double().numpy()
        np.testing.assert_allclose(actual, slope.numpy(), rtol=0, atol=NEAR[dtype] + 1e-4)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_second_derivatives_of_activations(device: str, name: str) -> None:
    x = tensor(numbers(1, 3, 4), device)
    assert gpugrad.autograd.gradgradcheck(ACTIVATIONS[name], [x])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(5, 3), (), (0,), (300, 200)])
def test_mse(device: str, reduction: str, shape: tuple[int, ...]) -> None:
    x, y = (tensor(numbers(k, *shape), device, "float32") for k in (1, 2))
    exact = [t.detach().cpu().double().numpy() for t in (x, y)]
    squares = (exact[0] - exact[1]) ** 2
    n = max(squares.size, 1)
    expected = {"none": squares, "sum": squares.sum(), "mean": squares.sum() / (squares.size or n)}
    loss = F.mse_loss(x, y, reduction=reduction)
    if squares.size or reduction != "mean":
        near(loss, np.asarray(expected[reduction]), "float32")
    loss.sum().backward()
    slope = 2 * (exact[0] - exact[1]) / (n if reduction == "mean" else 1)
    near(x.grad, slope, "float32")
    near(y.grad, -slope, "float32")
