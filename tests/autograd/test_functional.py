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


def test_strict_mode_names_what_does_not_depend() -> None:
    x = gpugrad.arange(3.0)
    f = gpugrad.autograd.functional
    with pytest.raises(RuntimeError, match="Output 0 of the user-provided function does not requ"):
        f.jacobian(lambda a: gpugrad.ones(2), x, strict=True)
    with pytest.raises(RuntimeError, match="Output 0 of the user-provided function is independent"):
        f.jacobian(lambda a, b: a * 2, (x, x), strict=True)
    with pytest.raises(RuntimeError, match="found that the jacobian of the user-provided function"):
        f.hessian(lambda a: a.sum(), x, strict=True)
    with pytest.raises(RuntimeError, match="is not allowed in strict mode when create_graph=True"):
        f.vjp(lambda a: a * 2, x, gpugrad.ones(3), create_graph=True, strict=True)


def test_arguments_are_checked() -> None:
    x = gpugrad.arange(3.0)
    f = gpugrad.autograd.functional
    with pytest.raises(TypeError, match="the given inputs has type <class 'list'>"):
        f.jacobian(lambda a: a, [x])
    with pytest.raises(RuntimeError, match="v is a tuple of invalid length: should be 2 but got 1"):
        f.jvp(lambda a, b: a * b, (x, x), x)
    with pytest.raises(RuntimeError, match=r"v has invalid size: should be torch.Size\(\[3\]\)"):
        f.vjp(lambda a: a, x, gpugrad.ones(2))
    with pytest.raises(RuntimeError, match="v can only be None if the input to the user-provided"):
        f.jvp(lambda a: a, x)
    with pytest.raises(RuntimeError, match="given to vhp should contain a single element"):
        f.vhp(lambda a: a * 2, x, x)
    with pytest.raises(NotImplementedError, match="only implemented for `vectorize=True`"):
        f.jacobian(lambda a: a, x, strategy="forward-mode")
    rows = f.jacobian(lambda a: a**2, x, strategy="forward-mode", vectorize=True)
    assert rows.diagonal().tolist() == [0.0, 2.0, 4.0]
    product = f.jvp(lambda a: gpugrad.ones(3), x, x)[1]
    assert product.tolist() == [0.0, 0.0, 0.0]
