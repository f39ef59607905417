"""Pooling: pinned values, which elements are chosen, derivatives, devices."""

from __future__ import annotations

import math
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import gradcheck, gradgradcheck

F = nn.functional


def spread(*shape: int) -> Any:
    """Numbers far enough apart for finite differences."""
    count = math.prod(shape)
    order = gpugrad.randperm(count).to(gpugrad.float64)
    return (order / count).reshape(shape).requires_grad_()


def test_by_hand() -> None:
    x = gpugrad.arange(16.0).reshape(1, 4, 4)
    assert F.max_pool2d(x, 2).tolist() == [[[5, 7], [13, 15]]]
    assert F.max_pool2d(x, 3, 2, 1).tolist() == [[[5, 7], [13, 15]]]
    assert F.avg_pool2d(x, 2).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]
    assert F.avg_pool2d(x, 2, 2, 1).tolist() == [[[0, 0.75, 0.75], [3, 7.5, 4.5], [3, 6.75, 3.75]]]
    assert F.avg_pool2d(x, 2, 2, 1, count_include_pad=False).tolist() == [
        [[0, 1.5, 3], [6, 7.5, 9], [12, 13.5, 15]]
    ]
    assert F.adaptive_avg_pool2d(x, (2, 3)).tolist() == [[[2.5, 3.5, 4.5], [10.5, 11.5, 12.5]]]
    assert F.adaptive_max_pool2d(x, (2, 3)).tolist() == [[[5, 6, 7], [13, 14, 15]]]


def test_ceil_mode() -> None:
    x = gpugrad.arange(5.0).reshape(1, 5)
    assert F.max_pool1d(x, 2).tolist() == [[1, 3]]
    assert F.max_pool1d(x, 2, ceil_mode=True).tolist() == [[1, 3, 4]]
    assert F.avg_pool1d(x, 2, ceil_mode=True).tolist() == [[0.5, 2.5, 4]]
    # A last window that would begin in the padding is left out.
    assert F.max_pool1d(x, 2, 2, 1, ceil_mode=True).shape == (1, 3)


def test_indices_and_ties() -> None:
    x = gpugrad.tensor([[[1.0, 1.0, 0.0], [1.0, 1.0, 2.0], [0.0, 2.0, 2.0]]], requires_grad=True)
    largest, index = F.max_pool2d(x, 2, 1, return_indices=True)
    assert largest.tolist() == [[[1, 2], [2, 2]]]
    assert index.tolist() == [[[0, 5], [7, 5]]]
    assert index.dtype is gpugrad.int64
    largest.sum().backward()
    assert x.grad.tolist() == [[[1, 0, 0], [0, 0, 2], [0, 1, 0]]]


def test_nan_is_the_largest() -> None:
    x = gpugrad.tensor([[1.0, math.nan, 2.0, 3.0]])
    largest, index = F.max_pool1d(x, 2, return_indices=True)
    assert math.isnan(largest[0, 0].item()) and largest[0, 1].item() == 3
    assert index.tolist() == [[1, 3]]


def test_integers() -> None:
    x = gpugrad.tensor([[-3, -5, -9, -7]])
    assert F.max_pool1d(x, 3, 3, 1).tolist() == [[-3, -7]]


MAX = [
    lambda t: F.max_pool2d(t, 2),
    lambda t: F.max_pool2d(t, 3, 2, 1),
    lambda t: F.max_pool2d(t, (2, 3), 1, 0, (2, 1), ceil_mode=True),
    lambda t: F.adaptive_max_pool2d(t, (3, 2)),
]

AVG = [
    lambda t: F.avg_pool2d(t, 2),
    lambda t: F.avg_pool2d(t, 3, 2, 1, ceil_mode=True),
    lambda t: F.avg_pool2d(t, 3, 2, 1, count_include_pad=False),
    lambda t: F.adaptive_avg_pool2d(t, (3, 2)),
    lambda t: F.adaptive_avg_pool2d(t, 1),
]


@pytest.mark.parametrize("function", MAX + AVG)
def test_derivatives(function: Any) -> None:
    x = spread(1, 2, 5, 6)
    assert gradcheck(function, (x,))
    assert gradgradcheck(lambda t: function(t) ** 2, (x,))


def test_modules_match_functions() -> None:
    x = gpugrad.randn(2, 3, 6, 7)
    assert nn.MaxPool2d(3, 2, 1)(x).tolist() == F.max_pool2d(x, 3, 2, 1).tolist()
    assert nn.AvgPool2d(2)(x).tolist() == F.avg_pool2d(x, 2).tolist()
    assert nn.AdaptiveAvgPool2d((None, 2))(x).shape == (2, 3, 6, 2)
    assert nn.AdaptiveMaxPool1d(2, return_indices=True)(x[0])[1].shape == (3, 6, 2)
    assert repr(nn.MaxPool2d(2)) == (
        "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"
    )


def test_errors() -> None:
    x = gpugrad.zeros(1, 4, 4)
    with pytest.raises(RuntimeError, match="pad should be at most half of effective kernel size"):
        F.max_pool2d(x, 2, padding=2)
    with pytest.raises(RuntimeError, match="Output size is too small"):
        F.avg_pool2d(x, 5)
    with pytest.raises(RuntimeError, match="divisor must be not zero"):
        F.avg_pool2d(x, 2, divisor_override=0)


@pytest.mark.parametrize("function", MAX + AVG)
def test_devices(function: Any, device: str) -> None:
    x = spread(2, 2, 5, 6).detach().float()
    here, there = x.clone().requires_grad_(), x.to(device).requires_grad_()
    expected, found = function(here), function(there)
    assert gpugrad.allclose(found.cpu(), expected)
    (expected**2).sum().backward()
    (found**2).sum().backward()
    assert gpugrad.allclose(there.grad.cpu(), here.grad, atol=1e-6)
