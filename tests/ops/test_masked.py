"""Reading and writing where a mask holds."""

from __future__ import annotations

import pytest

import gpugrad
from tests.ops.checks import check_gradients, same, spread

X = [[1.0, 3.0, 2.0], [4.0, 0.0, 4.0]]
T = gpugrad.tensor
MASK = T([True, False, True])


def test_masked_fill() -> None:
    x = T(X)
    assert x.masked_fill(MASK, -1).tolist() == [[-1, 3, -1], [-1, 0, -1]]
    assert x.masked_fill(MASK, T(2)).tolist() == [[2, 3, 2], [2, 0, 2]]
    assert gpugrad.zeros(3).masked_fill(x > 2, 1).tolist() == [[0, 1, 0], [1, 0, 1]]
    assert gpugrad.zeros(3, dtype=gpugrad.int64).masked_fill(MASK, 1.5).tolist() == [1, 0, 1]
    x[1].masked_fill_(MASK, 9)
    assert x.tolist() == [[1, 3, 2], [9, 0, 9]]


def test_masked_select_and_scatter() -> None:
    x = T(X)
    assert x.masked_select(MASK).tolist() == [1, 2, 4, 4]
    assert T(2.0).masked_select(T(True)).tolist() == [2.0]
    assert x.masked_scatter(MASK, gpugrad.arange(9.0)).tolist() == [[0, 3, 1], [2, 0, 3]]
    x.masked_scatter_(x > 3, T([7.0, 8.0, 9.0]))
    assert x.tolist() == [[1, 3, 2], [7, 0, 8]]


def test_no_gradient_where_filled() -> None:
    x = T(X, requires_grad=True)
    value = T(5.0, requires_grad=True)
    x.masked_fill(MASK, value).sum().backward()
    same(x.grad, [[0, 1, 0], [0, 1, 0]])
    assert value.grad.item() == 4.0


def test_gradients() -> None:
    x, y, s = spread(2, 3), spread(5, seed=1), spread(seed=2)
    check_gradients(lambda x: x.masked_fill(MASK, 2.0) ** 2, x)
    check_gradients(lambda x, s: x.masked_fill(MASK, s) ** 2, x, s)
    check_gradients(lambda x: x.masked_select(MASK) ** 3, x)
    check_gradients(lambda x, y: x.masked_scatter(MASK, y) ** 2, x, y)
    check_gradients(lambda x, y: (x * 1).masked_scatter_(MASK, y) ** 2, x, y)


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("x.masked_fill(mask, ones(1))", RuntimeError, "0-dimensional value tensor"),
        ("x.masked_fill(ones(3).long(), 5)", RuntimeError, "mask with dtype long int"),
        ("x.masked_fill(mask[:2], 5)", RuntimeError, r"tensor a \(2\) must match .*b \(3\)"),
        ("x[0].byte().masked_fill(mask, 300)", RuntimeError, "to type uint8_t without overflow"),
        ("x[:1].masked_fill_(x > 0, 1)", RuntimeError, "doesn't match the broadcast shape"),
        ("x.masked_fill([True], 1)", TypeError, "invalid combination of arguments"),
        ("x.masked_select(ones(3))", RuntimeError, "expected BoolTensor for mask"),
        ("x.masked_scatter(mask, ones(1))", RuntimeError, "source < number of ones in mask"),
        ("x.masked_scatter(mask, arange(9))", RuntimeError, "to have same dtypes"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, {**vars(gpugrad), "x": T(X), "mask": MASK})
