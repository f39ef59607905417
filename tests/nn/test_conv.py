"""Convolution: pinned values, derivatives of both orders, shapes, devices."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import gradcheck, gradgradcheck

F = nn.functional


def flat(tensor: Any) -> list[float]:
    values: list[float] = tensor.detach().reshape(-1).tolist()
    return values


def leaf(*shape: int) -> Any:
    return gpugrad.randn(*shape, dtype=gpugrad.float64, requires_grad=True)


def test_initial_values_are_pytorchs() -> None:
    gpugrad.manual_seed(0)
    layer = nn.Conv2d(1, 2, 2)
    assert flat(layer.weight) == pytest.approx(
        [
            -0.0037434,
            0.2682218,
            -0.4115226,
            -0.3679695,
            -0.1925772,
            0.1340787,
            -0.0099066,
            0.3964447,
        ],
        abs=1e-6,
    )
    assert flat(layer.bias) == pytest.approx([-0.0443720, 0.1323063], abs=1e-6)
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_conv2d_by_hand() -> None:
    x = gpugrad.arange(9.0).reshape(1, 1, 3, 3)
    weight = gpugrad.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert F.conv2d(x, weight).tolist() == [[[[27, 37], [57, 67]]]]
    assert F.conv2d(x, weight, gpugrad.ones(1), stride=2, padding=1).tolist() == [
        [[[1, 12], [31, 68]]]
    ]
    assert F.conv2d(x, weight, dilation=2).tolist() == [[[[54]]]]


def test_groups_are_convolved_by_themselves() -> None:
    x, weight = gpugrad.randn(2, 4, 5, 5), gpugrad.randn(6, 2, 3, 3)
    both = F.conv2d(x, weight, padding=1, groups=2)
    first = F.conv2d(x[:, :2], weight[:3], padding=1)
    second = F.conv2d(x[:, 2:], weight[3:], padding=1)
    assert gpugrad.allclose(both, gpugrad.cat([first, second], 1), atol=1e-5)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"stride": 2, "padding": 1},
        {"padding": (1, 2), "dilation": (2, 1)},
        {"stride": (1, 2), "padding": "valid"},
        {"groups": 2, "padding": "same"},
    ],
)
def test_conv2d_derivatives(arguments: dict[str, Any]) -> None:
    groups = arguments.get("groups", 1)
    x, weight, bias = leaf(2, 2, 4, 5), leaf(2, 2 // groups, 3, 3), leaf(2)

    def function(x: Any, weight: Any, bias: Any) -> Any:
        return F.conv2d(x, weight, bias, **arguments)

    assert gradcheck(function, (x, weight, bias))
    assert gradgradcheck(function, (x, weight, bias))


@pytest.mark.parametrize(
    "arguments",
    [{}, {"stride": 2, "padding": 1, "output_padding": 1}, {"groups": 2, "dilation": 2}],
)
def test_conv_transpose_derivatives(arguments: dict[str, Any]) -> None:
    groups = arguments.get("groups", 1)
    x, weight, bias = leaf(2, 2, 3), leaf(2, 2, 3), leaf(2 * groups)

    def function(x: Any, weight: Any, bias: Any) -> Any:
        return F.conv_transpose1d(x, weight, bias, **arguments)

    assert gradcheck(function, (x, weight, bias))
    assert gradgradcheck(function, (x, weight, bias))


def test_transpose_is_the_gradient() -> None:
    x, weight = leaf(1, 2, 5, 6), leaf(3, 2, 3, 2)
    y = F.conv2d(x, weight, stride=2, padding=1)
    grad = gpugrad.randn(*y.shape, dtype=gpugrad.float64)
    (found,) = gpugrad.autograd.grad(y, x, grad)
    back = F.conv_transpose2d(grad, weight, stride=2, padding=1, output_padding=(0, 0))
    assert gpugrad.allclose(found, back)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_modes(mode: str) -> None:
    layer = nn.Conv1d(1, 1, 3, padding=1, padding_mode=mode, bias=False)
    with gpugrad.no_grad():
        layer.weight.fill_(1)
    found = layer(gpugrad.tensor([[1.0, 2.0, 4.0]])).tolist()
    ends = {"reflect": (5, 8), "replicate": (4, 10), "circular": (7, 7)}[mode]
    assert found == [[ends[0], 7, ends[1]]]


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad_derivatives(mode: str) -> None:
    x = leaf(2, 3, 4)
    assert gradcheck(lambda t: F.pad(t, (2, 1), mode=mode), (x,))
    assert gradgradcheck(lambda t: F.pad(t, (2, 1), mode=mode) ** 2, (x,))


def test_unbatched_and_empty() -> None:
    layer = nn.Conv2d(2, 3, 3)
    assert layer(gpugrad.zeros(2, 5, 5)).shape == (3, 3, 3)
    assert layer(gpugrad.zeros(0, 2, 5, 5)).shape == (0, 3, 3, 3)


def test_the_result_is_contiguous() -> None:
    x = gpugrad.randn(2, 5, 6, 3).permute(0, 3, 1, 2)
    y = nn.Conv2d(3, 4, 3)(x)
    assert y.is_contiguous()
    assert y.view(2, -1).shape == (2, 48)


def test_errors() -> None:
    with pytest.raises(RuntimeError, match="to have 1 channels, but got 2 channels instead"):
        nn.Conv2d(1, 2, 3)(gpugrad.zeros(1, 2, 5, 5))
    with pytest.raises(RuntimeError, match="Kernel size can't be greater than actual input size"):
        nn.Conv2d(1, 2, 3)(gpugrad.zeros(1, 1, 2, 2))
    with pytest.raises(ValueError, match="in_channels must be divisible by groups"):
        nn.Conv2d(3, 4, 3, groups=2)


def test_devices(device: str) -> None:
    gpugrad.manual_seed(0)
    layer = nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2)
    back = nn.ConvTranspose2d(4, 2, 3, stride=2)
    x = gpugrad.randn(3, 2, 6, 6)
    expected = back(layer(x))
    expected.sum().backward()
    grads = [p.grad.clone() for p in layer.parameters()]
    layer.zero_grad()
    layer.to(device)
    back.to(device)
    found = back(layer(x.to(device)))
    found.sum().backward()
    assert gpugrad.allclose(found.cpu(), expected, atol=1e-5)
    for parameter, grad in zip(layer.parameters(), grads, strict=True):
        assert gpugrad.allclose(parameter.grad.cpu(), grad, atol=1e-4)
