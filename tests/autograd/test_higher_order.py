"""Derivatives of derivatives: ``create_graph`` and the values that calculus gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.autograd.engine import Node


def leaf(*values: float) -> Any:
    return gpugrad.tensor(list(values), dtype=gpugrad.float64, requires_grad=True)


def derivative(y: Any, x: Any) -> Any:
    return gpugrad.autograd.grad(y.sum(), x, create_graph=True)[0]


@pytest.mark.parametrize(
    "function, derivatives",
    [
        (lambda x: x**5, [lambda v: 5 * v**4, lambda v: 20 * v**3, lambda v: 60 * v**2]),
        (lambda x: x.exp(), [math.exp] * 4),
        (lambda x: x.sin(), [math.cos, lambda v: -math.sin(v), lambda v: -math.cos(v), math.sin]),
        (lambda x: x.log(), [lambda v: 1 / v, lambda v: -1 / v**2, lambda v: 2 / v**3]),
        (lambda x: 1 / x, [lambda v: -1 / v**2, lambda v: 2 / v**3, lambda v: -6 / v**4]),
        (lambda x: x * x.exp(), [lambda v, k=k: (v + k) * math.exp(v) for k in (1, 2, 3)]),
        (lambda x: x.sqrt() * x.sqrt(), [lambda v: 1.0, lambda v: 0.0]),
    ],
)
def test_higher_derivatives(function: Any, derivatives: Any) -> None:
    x = leaf(0.7, 1.3)
    y = function(x)
    for expected in derivatives:
        y = derivative(y, x)
        assert y.tolist() == pytest.approx([expected(v) for v in (0.7, 1.3)])


def test_tanh_satisfies_its_differential_equation() -> None:
    """tanh' = 1 - tanh**2, so tanh'' = -2 tanh tanh'."""
    x = leaf(-0.5, 0.2)
    y = x.tanh()
    first = derivative(y, x)
    second = derivative(first, x)
    np.testing.assert_allclose(second.tolist(), (-2 * y * first).tolist())


def test_hessian_of_a_quadratic_form() -> None:
    matrix = gpugrad.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=gpugrad.float64)
    x = leaf(1.0, -1.0)
    first = derivative(x @ matrix @ x, x)
    rows = [gpugrad.autograd.grad(g, x, retain_graph=True)[0].tolist() for g in first]
    assert rows == [[4.0, 2.0], [2.0, 6.0]]


def test_mixed_derivatives() -> None:
    x, y = leaf(2.0), leaf(3.0)
    by_x = derivative(x**2 * y**3, x)
    assert gpugrad.autograd.grad(by_x, y)[0].tolist() == [2 * 2.0 * 3 * 9.0]


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True:UserWarning")
def test_backward_with_create_graph_records_grad() -> None:
    x = leaf(3.0)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    penalty = (x.grad**2).sum()
    x.grad = None
    penalty.backward()
    assert x.grad.tolist() == [2 * 27 * 18]


def test_a_gradient_penalty_trains() -> None:
    """A norm of a gradient as part of a loss, as in the training of critics."""
    weight = leaf(0.5, -0.3)
    x = gpugrad.tensor([[1.0, 2.0], [0.5, -1.0]], dtype=gpugrad.float64, requires_grad=True)

    def penalty(weight: Any) -> Any:
        (slope,) = gpugrad.autograd.grad((x @ weight).tanh().sum(), x, create_graph=True)
        return (((slope**2).sum(1).sqrt() - 1) ** 2).mean()

    penalty(weight).backward()
    step = 1e-6
    for i in range(2):
        way = gpugrad.eye(2, dtype=gpugrad.float64)[i] * step
        ahead, behind = penalty(weight.detach() + way), penalty(weight.detach() - way)
        expected = (ahead - behind).item() / (2 * step)
        assert weight.grad[i].item() == pytest.approx(expected, rel=1e-6)


def test_the_first_pass_stays_usable() -> None:
    x = leaf(2.0)
    y = (x**3).sum()
    first = derivative(y, x)
    second = derivative(first, x)
    assert gpugrad.autograd.grad(second, x)[0].tolist() == [6.0]
    y.backward()
    assert x.grad.tolist() == [12.0]


def test_without_create_graph_gradients_are_constants() -> None:
    x = leaf(2.0)
    (first,) = gpugrad.autograd.grad((x**3).sum(), x, retain_graph=True)
    assert not first.requires_grad
    with pytest.raises(RuntimeError, match="does not require grad"):
        gpugrad.autograd.grad(first.sum(), x)


def test_second_derivatives_through_in_place_steps_and_views() -> None:
    x = leaf(1.0, 2.0, 3.0)
    y = x * x
    y[0] = x[1] * x[2]
    y[1:].mul_(x[1:])
    total = (y * y).sum()  # (x1 x2)**2 + x1**6 + x2**6
    first = derivative(total, x)
    assert first.tolist() == [0.0, 2 * 2 * 9 + 6 * 2**5, 2 * 4 * 3 + 6 * 3**5]
    (second,) = gpugrad.autograd.grad(first[1], x)
    assert second.tolist() == [0.0, 2 * 9 + 30 * 2**4, 4 * 2 * 3]


def test_derivative_by_the_incoming_gradient() -> None:
    x, incoming = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (first,) = gpugrad.autograd.grad(x * x, x, incoming, create_graph=True)
    assert gpugrad.autograd.grad(first.sum(), incoming)[0].tolist() == [2.0, 4.0]


@pytest.mark.parametrize("slots", [True, False])
def test_static_arguments_reach_a_recorded_pass(slots: bool) -> None:
    """Whether the op keeps them in slots or in its dictionary."""

    def forward(self: Any, xp: Any, x: Any, factor: float) -> Any:
        self.x, self.factor = x, factor
        return xp.mul(xp.square(x), factor)

    def backward(self: Any, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.mul(xp.mul(grad, self.x), 2 * self.factor),)

    body = {"saves": {"x": 0}, "forward": forward, "backward": backward}
    if slots:
        body["__slots__"] = ("factor", "x")
    scaled_square: Any = type("ScaledSquare", (Node,), body)
    x = leaf(3.0)
    first = derivative(scaled_square.apply(x, 5.0), x)
    assert first.tolist() == [30.0]
    assert derivative(first, x).tolist() == [10.0]
