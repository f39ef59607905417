"""Writing by index into slices and elements."""

from __future__ import annotations

import pytest

import gpugrad
from tests.ops.checks import check_gradients, spread

X = [[1.0, 3.0, 2.0], [4.0, 0.0, 4.0]]
T = gpugrad.tensor


def test_index_add() -> None:
    x = T(X)
    assert x.index_add(1, T([0, 0]), gpugrad.ones(2, 2)).tolist() == [[3, 3, 2], [6, 0, 4]]
    x.index_add_(1, T([2]), gpugrad.ones(2, 1), alpha=3)
    assert x.tolist() == [[1, 3, 5], [4, 0, 7]]


def test_index_copy_and_fill() -> None:
    x = T(X)
    assert x.index_copy(1, T([0, 2]), gpugrad.ones(2, 2)).tolist() == [[1, 3, 1], [1, 0, 1]]
    assert x.index_fill(1, T([-1]), 7).tolist() == [[1, 3, 7], [4, 0, 7]]
    assert x.index_fill(0, T([0]), T(9.0)).tolist() == [[9, 9, 9], [4, 0, 4]]
    x.index_fill_(1, T([0]), 0).index_copy_(0, T([1]), gpugrad.ones(1, 3))
    assert x.tolist() == [[0, 3, 2], [1, 1, 1]]


def test_index_put() -> None:
    x, twice = T(X), (T([0, 0]), T([1, 1]))
    assert x.index_put(twice, T(1.0), accumulate=True)[0].tolist() == [1, 5, 2]
    assert x.index_put((x > 2,), T(0.0)).tolist() == [[1, 0, 2], [0, 0, 0]]
    assert x.index_put_((T([1]),), T(1.0)) is x
    assert x.tolist() == [[1, 3, 2], [1, 1, 1]]


def test_put() -> None:
    x = T(X)
    assert x.put(T([0, -1]), T([9.0, 8.0])).tolist() == [[9, 3, 2], [4, 0, 8]]
    assert x.put(T([0, 0]), T([9.0, 8.0]), accumulate=True)[0, 0].item() == 18
    columns = T(X).t()
    columns.put_(T([1]), T([7.0]))  # the order is that of the tensor, not of the memory
    assert columns.tolist() == [[1, 7], [3, 0], [2, 4]]


def test_gradients() -> None:
    x, y, s = spread(3, 4), spread(3, 2, seed=1), spread(seed=2)
    check_gradients(lambda x, y: x.index_add(1, T([2, 2]), y, alpha=2) ** 2, x, y)
    check_gradients(lambda x, y: x.index_copy(1, T([2, 0]), y) ** 2, x, y)
    check_gradients(lambda x, s: x.index_fill(1, T([2, 0]), s) ** 2, x, s)
    check_gradients(lambda x: x.index_fill(0, T([1]), 3.0) ** 2, x)
    check_gradients(lambda x, s: x.index_put((T([0, 0]),), s, True) ** 2, x, s)
    check_gradients(lambda x, y: x.put(T([0, 5]), y[0]) ** 2, x, y)
    check_gradients(lambda x, y: (x * 1).index_add_(1, T([2, 2]), y) ** 2, x, y)


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("x.index_add(1, i, ones(2, 3))", RuntimeError, r"Number of indices \(2\)"),
        ("x.index_add(1, i, ones(3, 2))", RuntimeError, "source tensor shape must match self"),
        ("x.index_add(1, tensor([0, 5]), ones(2, 2))", RuntimeError, "index 5 is out of bounds"),
        ("x.index_add(1, i, ones(2, 2).long())", RuntimeError, "the same scalar type"),
        ("x.index_add(1, tensor([[0]]), ones(2, 1))", IndexError, "supposed to be a vector"),
        ("x.index_copy(1, tensor([3]), ones(2, 1))", IndexError, "index_copy_..: index 3 is out"),
        ("x.index_copy(1, i, ones(3, 2))", RuntimeError, "must have same slice shapes"),
        ("x.index_copy(1, i.int(), ones(2, 2))", RuntimeError, "Expected a long tensor for index"),
        ("x.index_fill(1, i, ones(1))", RuntimeError, "only supports a 0-dimensional value"),
        ("x.index_fill(1, tensor([5]), 1)", IndexError, "index 5 is out of bounds"),
        ("x.index_put((i,), 1.0)", TypeError, "argument 'values' .position 2. must be Tensor"),
        ("x.index_put((i,), tensor(1))", RuntimeError, "source and destination dtypes match"),
        ("x.put(i, ones(3))", RuntimeError, "same number of elements"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, {**vars(gpugrad), "x": T(X), "i": T([0, 1])})
