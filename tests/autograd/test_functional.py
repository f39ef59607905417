"""Jacobians, Hessians and products with vectors, against formulas worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.autograd import functional as F


def vector() -> Any:
    return gpugrad.tensor([1.0, 2.0])


def cubes(x: Any) -> Any:
    return (x**3).sum()


def test_jacobian_of_several_inputs_and_outputs() -> None:
    x, a = vector(), gpugrad.tensor(3.0)
    (by_x, by_a), (total_by_x, total_by_a) = F.jacobian(lambda x, a: (a * x, x.sum()), (x, a))
    assert by_x.tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert by_a.tolist() == [1.0, 2.0]
    assert total_by_x.tolist() == [1.0, 1.0]
    assert total_by_a.item() == 0.0


def test_jacobian_strict_refuses_independence() -> None:
    with pytest.raises(RuntimeError, match="independent of input 1"):
        F.jacobian(lambda x, a: x * 2, (vector(), vector()), strict=True)


def test_hessian() -> None:
    assert F.hessian(cubes, vector()).tolist() == [[6.0, 0.0], [0.0, 12.0]]


def test_products_with_vectors() -> None:
    x, v = vector(), gpugrad.tensor([1.0, 10.0])
    value, row = F.vjp(lambda x: x * x, x, v)
    assert value.tolist() == [1.0, 4.0] and row.tolist() == [2.0, 40.0]
    _, column = F.jvp(lambda x: gpugrad.stack([x.sum(), x.prod()]), x, v)
    assert column.tolist() == [11.0, 12.0]
    assert F.hvp(cubes, x, v)[1].tolist() == [6.0, 120.0]
    assert F.vhp(cubes, x, v)[1].tolist() == [6.0, 120.0]


def test_create_graph_reaches_the_users_leaf() -> None:
    x = vector().requires_grad_()
    F.jacobian(lambda x: x**2, x, create_graph=True).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    assert not F.jacobian(lambda x: x**2, x).requires_grad
