"""Norms and distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.ops.checks import check_gradients, same, spread

T = gpugrad.tensor
X = [[1.0, 3.0, 2.0], [4.0, 0.0, -4.0]]
INF = math.inf


@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, -1, INF, -INF])
def test_vector_norms_agree_with_numpy(p: float) -> None:
    x = spread(3, 4, low=0.2)
    expected = np.linalg.norm(x.detach().numpy(), p, 1)
    np.testing.assert_allclose(x.norm(p, 1).detach().numpy(), expected, rtol=1e-13)
    assert x.norm(p, 1, keepdim=True).shape == (3, 1)
    check_gradients(lambda x: x.norm(p, 1), x)


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, INF, -INF])
def test_matrix_norms_agree_with_numpy(ord: Any) -> None:
    x = spread(3, 4)
    expected = np.linalg.norm(x.detach().numpy(), ord)
    found = gpugrad.linalg.norm(x, ord)
    np.testing.assert_allclose(found.item(), expected, rtol=1e-12)
    check_gradients(lambda x: gpugrad.linalg.matrix_norm(x, ord), x)
    batch = gpugrad.linalg.matrix_norm(spread(3, 2, 4), ord, dim=(2, 0), keepdim=True)
    assert batch.shape == (1, 2, 1)


def test_norm_of_all_elements() -> None:
    x = T(X)
    same(x.norm(), math.sqrt(46))
    same(gpugrad.norm(x, 1), 14.0)
    same(x.norm("fro", (0, 1)), math.sqrt(46))
    same(gpugrad.linalg.norm(x), math.sqrt(46))
    assert gpugrad.norm(x, dtype=gpugrad.float64).dtype is gpugrad.float64
    assert T(-3.0).norm().item() == 3.0
    assert gpugrad.zeros(0).norm().item() == 0.0
    assert x.norm().requires_grad is False


def test_gradient_at_zero_is_zero() -> None:
    for p in (1, 1.5, 2, 3):
        x = gpugrad.zeros(2, 3, requires_grad=True)
        x.norm(p, 1).sum().backward()
        assert x.grad.tolist() == [[0.0] * 3] * 2
    x = T([3.0, -3.0, 1.0], requires_grad=True)
    x.norm(INF).backward()
    same(x.grad, [0.5, -0.5, 0.0])  # ties share


def test_distances() -> None:
    a, b = T([[0.0, 0.0], [1.0, 1.0]]), T([[3.0, 4.0]])
    same(gpugrad.cdist(a, b), [[5.0], [math.sqrt(13)]])
    same(gpugrad.cdist(a, b, p=1), [[7.0], [5.0]])
    same(gpugrad.cdist(a, b, p=INF), [[4.0], [3.0]])
    same(gpugrad.dist(a[0], b[0]), 5.0)
    assert gpugrad.cdist(gpugrad.zeros(2, 2, 3), gpugrad.zeros(4, 3)).shape == (2, 2, 4)
    check_gradients(gpugrad.cdist, spread(3, 2), spread(4, 2, low=2.0, high=3.0))


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("tensor([1]).norm()", RuntimeError, "Expected a floating point or complex tensor"),
        ("zeros(0).norm(inf)", RuntimeError, "cannot compute the inf norm on an empty"),
        ("x.norm('no')", RuntimeError, "Order no not supported"),
        ("linalg.norm(x, 3)", RuntimeError, "Order 3 not supported"),
        ("linalg.norm(zeros(2, 2, 2), 2)", RuntimeError, "the input must be 1D or 2D. Got 3D"),
        ("linalg.vector_norm(x, 'fro')", TypeError, "argument 'ord' .position 2. must be Number"),
        ("linalg.matrix_norm(zeros(2))", RuntimeError, "must have at least 2 dimensions"),
        ("cdist(x, zeros(2, 2))", RuntimeError, "same number of columns. X1: 3 X2: 2"),
        ("cdist(x, x, -1)", RuntimeError, "only supports non-negative p values"),
        ("cdist(x[0], x)", RuntimeError, "at least 2D tensors, X1 got: 1D"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, {**vars(gpugrad), "x": T(X)})
