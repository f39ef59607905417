"""Running sums, products, extremes and log-sums."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import BACKENDS
from gpugrad.ops.scan import running
from tests.ops.checks import check_gradients, same, spread

T = gpugrad.tensor
NAN = math.nan


def test_cumsum_and_cumprod() -> None:
    x = T([[1, 2, 3], [4, 5, 6]])
    assert x.cumsum(1).tolist() == [[1, 3, 6], [4, 9, 15]]
    assert x.cumprod(0).tolist() == [[1, 2, 3], [4, 10, 18]]
    assert x.byte().cumsum(1).dtype is gpugrad.int64
    assert x.cumsum(1, dtype=gpugrad.float64).dtype is gpugrad.float64
    narrow = T([1, 2], dtype=gpugrad.uint8)
    assert narrow.cumsum_(0).tolist() == [1, 3]
    assert narrow.dtype is gpugrad.uint8
    assert T(3.0).cumsum(0).item() == 3.0


def test_running_extremes() -> None:
    x = T([1.0, 3.0, 3.0, 2.0])
    values, indices = x.cummax(0)
    assert values.tolist() == [1, 3, 3, 3]
    assert indices.tolist() == [0, 1, 2, 2]  # the last of equal ones
    assert x.cummin(0).values.tolist() == [1, 1, 1, 1]
    values, indices = T([1.0, NAN, 3.0]).cummax(0)
    np.testing.assert_array_equal(values.numpy(), [1.0, NAN, NAN])
    assert indices.tolist() == [0, 1, 1]


def test_logcumsumexp_does_not_overflow() -> None:
    x = T([1000.0, 1000.0, -1000.0], dtype=gpugrad.float64, requires_grad=True)
    out = x.logcumsumexp(0)
    np.testing.assert_allclose(out.tolist(), [1000.0, 1000 + math.log(2), 1000 + math.log(2)])
    out.sum().backward()
    np.testing.assert_allclose(x.grad.tolist(), [2.0, 1.0, 0.0])
    assert T([-math.inf, 0.0]).logcumsumexp(0).tolist() == [-math.inf, 0.0]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 8, 33])
def test_doubling_gives_what_numpy_accumulates(length: int) -> None:
    x = spread(2, length, 3).detach().numpy()
    xp = BACKENDS[np.ndarray]
    doubled = running(xp, lambda a, b: np.maximum(a, b), x, 1)
    np.testing.assert_array_equal(doubled, np.maximum.accumulate(x, 1))
    added = running(xp, lambda a, b: a + b, x, 1)
    np.testing.assert_allclose(added, np.cumsum(x, 1), rtol=1e-12, atol=1e-12)


def test_diff() -> None:
    x = T([[1, 4, 9], [0, 2, 1]])
    assert x.diff().tolist() == [[3, 5], [2, -1]]
    assert x.diff(2).tolist() == [[2], [-3]]
    assert x.diff(dim=0, append=x[:1]).tolist() == [[-1, -2, -8], [1, 2, 8]]
    assert T([True, True, False]).diff().tolist() == [False, True]
    assert x.diff(0).tolist() == x.tolist()
    assert x.diff(9).shape == (2, 0)


def test_gradients() -> None:
    x = spread(3, 5)
    check_gradients(lambda x: x.cumsum(1) ** 2, x)
    check_gradients(lambda x: x.cumprod(1), x)
    check_gradients(lambda x: x.cummax(1).values ** 2, x)
    check_gradients(lambda x: x.cummin(0).values ** 2, x)
    check_gradients(lambda x: (3 * x).logcumsumexp(1), x)
    check_gradients(lambda x: x.diff(2) ** 3, x)
    check_gradients(lambda x: (x * 1).cumsum_(0) ** 2, x)


def test_gradient_of_products_with_zeros() -> None:
    x = T([2.0, 0.0, 3.0], requires_grad=True)
    x.cumprod(0).sum().backward()
    same(x.grad, [1.0, 8.0, 0.0])


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("tensor([1]).logcumsumexp(0)", NotImplementedError, "not implemented for 'Long'"),
        ("zeros(2).cumsum(3)", IndexError, "Dimension out of range"),
        ("zeros(2).cumsum()", TypeError, "missing 1 required positional"),
        ("tensor(1.0).diff()", RuntimeError, "at least one-dimensional"),
        ("zeros(2).diff(-1)", RuntimeError, "order must be non-negative but got -1"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, dict(vars(gpugrad)))


def test_another_type_in_place_is_refused() -> None:
    x = gpugrad.ones(3)
    assert x.cumsum_(0, dtype=gpugrad.float32).tolist() == [1.0, 2.0, 3.0]
    for method in (x.cumsum_, x.cumprod_):
        with pytest.raises(RuntimeError, match="dtype float and output tensor dtype double"):
            method(0, dtype=gpugrad.float64)
