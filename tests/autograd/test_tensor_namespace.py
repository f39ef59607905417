"""The primitives over tensors, with which a recorded pass computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.tensor import NAMESPACE as TENSORS


def squares_of_gradient(function: Any, values: Any) -> tuple[Any, Any]:
    """The function's gradient at ``values`` and the gradient of that one's sum of squares."""
    x = values.clone().requires_grad_()
    y = function(x)
    (first,) = gpugrad.autograd.grad((y * y * y).sum(), x, create_graph=True)
    (second,) = gpugrad.autograd.grad((first * first).sum(), x)
    return first.detach().numpy(), second.numpy()


AXES = [(-1, (1,)), ((-2,), (0,)), ((0, -1), (0, 1))]
REDUCTIONS = [(n, *a) for n in ("sum", "mean", "amax", "amin") for a in AXES]
PRODUCTS = [("prod", *a) for a in AXES[:2]]


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("name, axis, from_front", REDUCTIONS + PRODUCTS)
def test_reductions_take_negative_axes(
    name: str, axis: Any, from_front: tuple[int, ...], keepdims: bool
) -> None:
    values = gpugrad.rand(3, 3, dtype=gpugrad.float64) + 0.5
    reduce = getattr(TENSORS, name)
    for found, expected in zip(
        squares_of_gradient(lambda x: reduce(x, axis, keepdims), values),
        squares_of_gradient(lambda x: reduce(x, from_front, keepdims), values),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "cumsum", "cumprod", "concatenate"])
def test_functions_along_the_last_axis_counted_from_the_end(name: str) -> None:
    values = gpugrad.rand(3, 3, dtype=gpugrad.float64) + 0.5
    function = getattr(TENSORS, name)

    def along(axis: int) -> Any:
        if name == "concatenate":
            return lambda x: function([x, x * x], axis)
        return lambda x: function(x, axis)

    for found, expected in zip(
        squares_of_gradient(along(-1), values), squares_of_gradient(along(1), values), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_three_derivatives_of_an_activation(name: str) -> None:
    """Of the slope by the input and by the incoming gradient, and of these once more."""
    x = gpugrad.randn(2, 3, dtype=gpugrad.float64, requires_grad=True)
    incoming = gpugrad.randn(2, 3, dtype=gpugrad.float64, requires_grad=True)

    def slope(x: Any, incoming: Any) -> Any:
        y = getattr(gpugrad, name)(x)
        return gpugrad.autograd.grad(y, x, incoming, create_graph=True)[0]

    assert gpugrad.autograd.gradcheck(slope, (x, incoming))
    assert gpugrad.autograd.gradgradcheck(slope, (x, incoming))


def test_the_slope_of_an_activation_is_one_node() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    for name in ("tanh", "sigmoid"):
        y = getattr(gpugrad, name)(x)
        (first,) = gpugrad.autograd.grad(y.sum(), x, create_graph=True)
        assert first.grad_fn.name() == f"{name.title()}BackwardBackward0"
