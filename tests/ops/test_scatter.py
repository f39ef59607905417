"""Writing by index along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.ops.checks import check_gradients, same, spread

X = [[1.0, 3.0, 2.0], [4.0, 0.0, 4.0]]
T = gpugrad.tensor
INDEX = T([[0, 0], [2, 1]])


def test_scatter() -> None:
    x = T(X)
    assert x.scatter(1, T([[0], [2]]), T([[9.0], [8.0]])).tolist() == [[9, 3, 2], [4, 0, 8]]
    assert x.scatter(1, T([[0], [2]]), 9).tolist() == [[9, 3, 2], [4, 0, 9]]
    assert x.scatter(dim=0, index=T([[1]]), value=7.0).tolist() == [[1, 3, 2], [7, 0, 4]]
    assert x.scatter(1, INDEX, gpugrad.ones(2, 2), reduce="add").tolist() == [[3, 3, 2], [4, 1, 5]]
    assert x.scatter(1, INDEX, 2.0, reduce="multiply").tolist() == [[4, 3, 2], [4, 0, 8]]
    assert x.tolist() == X
    assert gpugrad.zeros(3, dtype=gpugrad.int64).scatter(0, T([0]), 1.5).tolist() == [1, 0, 0]
    assert T(1.0).scatter(0, T(0), 5.0).item() == 5.0


def test_scatter_in_place_counts_as_a_change() -> None:
    x = T(X)
    assert x.scatter_(1, T([[0], [2]]), 0.0) is x
    assert x.tolist() == [[0, 3, 2], [4, 0, 0]]
    assert x._version == 1
    leaf = T(X, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        leaf.scatter_(1, T([[0]]), 0.0)
    with pytest.raises(RuntimeError, match="single memory location"):
        gpugrad.zeros(2).expand(3, 2).scatter_(0, T([[0]]), 1.0)


def test_scatter_into_a_view_reaches_the_whole() -> None:
    x = T(X, requires_grad=True)
    y = x * 1
    source = T([5.0, 6.0], requires_grad=True)
    y[0].scatter_(0, T([0, 2]), source)
    assert y.tolist() == [[5, 3, 6], [4, 0, 4]]
    (y * T([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).sum().backward()
    same(x.grad, [[0, 2, 0], [4, 5, 6]])
    same(source.grad, [1.0, 3.0])


def test_scatter_add() -> None:
    assert T(X).scatter_add(1, INDEX, gpugrad.ones(2, 2)).tolist() == [[3, 3, 2], [4, 1, 5]]
    x = T(X)
    x.scatter_add_(1, INDEX, gpugrad.ones(2, 2))
    assert x.tolist() == [[3, 3, 2], [4, 1, 5]]


@pytest.mark.parametrize(
    "reduce, inclusive, exclusive",
    [
        ("sum", [[5, 3, 2], [4, 2, 6]], [[4, 3, 2], [4, 2, 2]]),
        ("mean", [[5 / 3, 3, 2], [4, 1, 3]], [[2, 3, 2], [4, 2, 2]]),
        ("prod", [[4, 3, 2], [4, 0, 8]], [[4, 3, 2], [4, 2, 2]]),
        ("amax", [[2, 3, 2], [4, 2, 4]], [[2, 3, 2], [4, 2, 2]]),
        ("amin", [[1, 3, 2], [4, 0, 2]], [[2, 3, 2], [4, 2, 2]]),
    ],
)
def test_scatter_reduce(
    reduce: str, inclusive: list[list[float]], exclusive: list[list[float]]
) -> None:
    x, source = T(X), gpugrad.full((2, 2), 2.0)
    same(x.scatter_reduce(1, INDEX, source, reduce), inclusive)
    same(x.scatter_reduce(1, INDEX, source, reduce, include_self=False), exclusive)
    x.scatter_reduce_(1, INDEX, source, reduce)
    same(x, inclusive)


def test_products_agree_with_numpy() -> None:
    rng = np.random.default_rng(0)
    places, factors = rng.integers(0, 7, 100), rng.uniform(0.5, 1.5, 100)
    expected = np.ones(7)
    np.multiply.at(expected, places, factors)
    found = gpugrad.ones(7, dtype=gpugrad.float64).scatter_reduce(0, T(places), T(factors), "prod")
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float16", "bool"])
def test_extremes_of_narrow_types(dtype: str) -> None:
    kind = getattr(gpugrad, dtype)
    x, source = T([0, 1, 0]).to(kind), T([1, 0]).to(kind)
    found = x.scatter_reduce(0, T([0, 1]), source, "amax", include_self=False)
    assert found.dtype is kind
    assert found.tolist() == [1, 0, 0]


def test_gradients() -> None:
    x, y = spread(2, 3), spread(2, 2, seed=1)
    check_gradients(lambda x, y: x.scatter(1, T([[0, 2], [2, 1]]), y) ** 2, x, y)
    check_gradients(lambda x: x.scatter(1, INDEX, 2.0) ** 2, x)
    check_gradients(lambda x, y: x.scatter_add(1, INDEX, y) ** 3, x, y)
    for how in ("sum", "mean", "prod", "amax", "amin"):
        for own in (True, False):
            check_gradients(
                lambda x, y, how=how, own=own: (
                    x.scatter_reduce(1, INDEX, y, how, include_self=own) ** 2
                ),
                x,
                y,
            )


def test_gradient_of_a_product_with_zeros() -> None:
    x = T([2.0, 0.0, 0.0], requires_grad=True)
    y = T([0.0, 3.0, 0.0], requires_grad=True)
    x.scatter_reduce(0, T([0, 1, 2]), y, "prod").sum().backward()
    same(x.grad, [0.0, 3.0, 0.0])
    same(y.grad, [2.0, 0.0, 0.0])


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("x.scatter(1, i, tensor([[1], [2]]))", RuntimeError, "self.dtype to be equal to src.d"),
        ("x.scatter(1, tensor([[3]]), 1)", RuntimeError, "index 3 is out of bounds"),
        ("x.scatter(1, i, zeros(2, 1))", RuntimeError, r"no larger size than src \[2, 1\]"),
        ("x.scatter(1, tensor([0]), 1.0)", RuntimeError, "same number of dimensions as self"),
        ("x.scatter(1, tensor([[0.0]]), 1.0)", RuntimeError, "Expected dtype int32/int64"),
        ("x.scatter(1, i, zeros(2, 2), reduce='no')", RuntimeError, "either add or multiply"),
        ("x.scatter_add(1, i, 1)", TypeError, "argument 'src' .position 3. must be Tensor"),
        ("x.scatter_reduce(1, i, zeros(2, 2), 'no')", RuntimeError, "amax or amin, got no"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, {**vars(gpugrad), "x": T(X), "i": INDEX})


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("zeros", [(), (0,), (1,), (0, 1), (1, 2), (0, 1, 2)])
def test_second_derivatives_of_products_at_zeros(include_self: bool, zeros: Any) -> None:
    numbers = [0.0 if i in zeros else 1.5 + i for i in range(4)]
    x = gpugrad.tensor([numbers[0], 3.0], dtype=gpugrad.float64, requires_grad=True)
    y = gpugrad.tensor(numbers[1:], dtype=gpugrad.float64, requires_grad=True)
    index = gpugrad.tensor([0, 0, 1])

    def product(x: Any, y: Any) -> Any:
        return x.scatter_reduce(0, index, y, "prod", include_self=include_self)

    assert gpugrad.autograd.gradgradcheck(product, (x, y))
