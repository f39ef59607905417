"""Linear layers in C, against NumPy's way in float64."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.native import blas, linear
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any

SHAPES = (
    *((64, 64, 128), (64, 128, 128), (64, 128, 10), (16, 40, 24), (17, 33, 25), (15, 64, 64)),
    *((100, 77, 141), (130, 128, 126), (9, 480, 480), (3, 200, 31), (300, 1, 7)),
)
"""Rows, inputs and outputs: of products in one piece, in several, and with a turned weight."""

KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])


@pytest.fixture(autouse=True)
def in_c() -> Iterator[None]:
    with switched(on=True):
        if not blas.gemm("float"):
            pytest.skip("NumPy has another BLAS than the one of its wheels")
        yield


def draw(*shape: int, kind: str = "float32", seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(kind)


def close(found: Array, wanted: Array, terms: int) -> None:
    """Up to what sums of so many terms may lose."""
    scale = 8 * float(np.finfo(found.dtype).eps) * math.sqrt(terms)
    np.testing.assert_allclose(found, wanted, rtol=scale, atol=scale)


@KINDS
@pytest.mark.parametrize("shape", SHAPES)
def test_layer(shape: tuple[int, int, int], kind: str) -> None:
    rows, inputs, outputs = shape
    x, weight = draw(rows, inputs, kind=kind), draw(outputs, inputs, kind=kind, seed=1)
    bias = draw(outputs, kind=kind, seed=2)
    product = x.astype("float64") @ weight.T
    found = linear.linear(x, weight, bias)
    assert found is not None
    close(found, product + bias, inputs)
    bare = linear.linear(x, weight, None)
    assert bare is not None
    close(bare, product, inputs)


@KINDS
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients(shape: tuple[int, int, int], kind: str) -> None:
    rows, inputs, outputs = shape
    grad, x = draw(rows, outputs, kind=kind), draw(rows, inputs, kind=kind, seed=1)
    weight = draw(outputs, inputs, kind=kind, seed=2)
    wide = grad.astype("float64")
    expected = wide @ weight, wide.T @ x, wide.sum(0)
    for of_x, of_weight, of_bias in itertools.product((False, True), repeat=3):
        wanted = of_x, of_weight, of_bias
        found = linear.linear_grad(grad, x, weight, wanted)
        assert found is not None
        for given, right, asked in zip(found, expected, wanted, strict=True):
            assert (given is not None) == asked
            if given is not None:
                close(given, right, max(rows, outputs))


def test_other_arrays_are_left_to_numpy() -> None:
    x, weight, bias = draw(8, 64), draw(16, 64), draw(16)
    assert linear.linear(x, weight, bias) is not None
    assert linear.linear(x[:, ::2], weight[:, :32].copy(), bias) is None
    assert linear.linear(x, weight.T.copy().T, bias) is None
    assert linear.linear(x, weight.astype("float64"), bias) is None
    assert linear.linear(x.astype("float16"), weight, bias) is None
    assert linear.linear(draw(2, 4, 64), weight, bias) is None
    assert linear.linear(x, draw(16, 63), bias) is None
    assert linear.linear(x, weight, draw(15)) is None
    every = (True, True, True)
    grad = draw(8, 16)
    assert linear.linear_grad(grad, x, weight, every) is not None
    assert linear.linear_grad(grad.T.copy().T, x, weight, every) is None
    assert linear.linear_grad(np.broadcast_to(grad[:1], (8, 16)), x, weight, every) is None
    assert linear.linear_grad(grad, x, weight[:, :63].copy(), (True, False, False)) is None
    assert linear.linear_grad(draw(5000, 2), draw(5000, 3), draw(2, 3), every) is None


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("shape", [(16, 64), (5, 8, 64)])
def test_layers_of_models(shape: tuple[int, ...], has_bias: bool) -> None:
    layer = gpugrad.nn.Linear(64, 24, has_bias)
    x = gpugrad.from_numpy(draw(*shape)).requires_grad_()
    found = []
    for on in (True, False):
        with switched(on=on):
            layer.zero_grad()
            x.grad = None
            out = layer(x)
            (out * out).sum().backward()
        grads = [t.grad.numpy() for t in (x, *layer.parameters())]
        found.append([out.detach().numpy(), *grads])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_gradient_that_is_spread_out() -> None:
    """Of a sum the gradient has no memory of its own for each element."""
    layer = gpugrad.nn.Linear(64, 128)
    x = gpugrad.from_numpy(draw(80, 64))
    layer(x).sum().backward()
    np.testing.assert_allclose(layer.bias.grad.numpy(), 80.0)
    each = x.numpy().sum(0)
    np.testing.assert_allclose(layer.weight.grad.numpy(), np.tile(each, (128, 1)), rtol=1e-4)
