"""Functions along a dimension of large arrays in C, against NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.native import along
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any

SHAPES = ((1000, 37), (20, 50, 30), (7, 130), (1, 2000), (2000, 1), (5, 4, 3, 60))
KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])
EVERYWHERE = pytest.mark.parametrize("shape", SHAPES)


def drawn(shape: tuple[int, ...], kind: str) -> Array:
    return np.random.default_rng(0).standard_normal(shape).astype(kind)


@KINDS
@EVERYWHERE
def test_running_results_have_the_same_bits(shape: tuple[int, ...], kind: str) -> None:
    x = drawn(shape, kind)
    for axis in range(-1, len(shape)):
        for name, function in (("cumsum", np.cumsum), ("cumprod", np.cumprod)):
            found = along.running(name, x, axis)
            np.testing.assert_array_equal(found, function(x, axis))
            found = along.running(name, x, axis, True)
            np.testing.assert_array_equal(found, np.flip(function(np.flip(x, axis), axis), axis))


@KINDS
@EVERYWHERE
def test_elements_by_index(shape: tuple[int, ...], kind: str) -> None:
    x, draw = drawn(shape, kind), np.random.default_rng(1)
    for axis in range(-1, len(shape)):
        for length in (1, 3, 50):
            few = list(shape)
            few[axis] = length
            index = draw.integers(0, shape[axis], few)
            found = along.take(x, index, axis)
            np.testing.assert_array_equal(found, np.take_along_axis(x, index, axis))
            back: Any = along.put(x.take(np.arange(length) % shape[axis], axis), index, axis, shape)
            with switched(False):
                wanted = cpu.scatter_along_axis(
                    x.take(np.arange(length) % shape[axis], axis), index, axis, shape
                )
            np.testing.assert_allclose(back, wanted, 1e-6, 1e-6)


def test_indices_that_are_numpys_to_wrap_or_refuse() -> None:
    x = drawn((40, 50), "float32")
    for wrong in (-1, 50, 2**40):
        index = np.zeros((40, 3), np.int64)
        index[39, 2] = wrong
        assert along.take(x, index, 1) is None
        assert along.put(x[:, :3].copy(), index, 1, (40, 50)) is None
    assert along.take(x, np.zeros((40, 3), np.int32), 1) is None
    assert along.take(x, np.zeros((30, 3), np.int64), 1) is None
    assert along.take(x.T, np.zeros((50, 3), np.int64), 1) is None
    with pytest.raises(RuntimeError):
        gpugrad.tensor(x).gather(1, gpugrad.full((40, 3), 50, dtype=gpugrad.int64))


@KINDS
@EVERYWHERE
def test_triangles(shape: tuple[int, ...], kind: str) -> None:
    x = drawn(shape, kind)
    for diagonal in (-3, -1, 0, 2, 5000, -5000):
        np.testing.assert_array_equal(along.triangle(x, diagonal, True), np.tril(x, diagonal))
        np.testing.assert_array_equal(along.triangle(x, diagonal, False), np.triu(x, diagonal))


@EVERYWHERE
def test_threads_change_nothing(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.tile(drawn(shape, "float32"), (30, *(1,) * (len(shape) - 1)))
    index = np.random.default_rng(1).integers(0, x.shape[-1], x.shape)
    found = []
    for number in (1, 3):
        monkeypatch.setattr(THREADS, "number", number)
        found.append(
            (
                along.running("cumsum", x, -1),
                along.put(x, index, -1, x.shape),
                along.take(x, index, -1),
            )
        )
    for one, several in zip(*found, strict=True):
        np.testing.assert_array_equal(one, several)


@pytest.mark.parametrize("zeros", [0, 1, 7])
def test_gradients_of_products(zeros: int) -> None:
    """Against the products of all others, also where there are zeros."""
    x = np.exp(drawn((30, 40), "float64") / 10)
    x.reshape(-1)[np.random.default_rng(2).integers(0, x.size, 30 * zeros)] = 0
    weight = drawn((30, 40), "float64")
    t = gpugrad.tensor(x, requires_grad=True)
    (t.cumprod(1) * gpugrad.tensor(weight)).sum().backward()
    found = t.grad.numpy()
    wanted = np.zeros_like(x)
    for i in range(40):
        others = x.copy()
        others[:, i] = 1
        wanted[:, i] = (np.cumprod(others, 1) * weight)[:, i:].sum(1)
    np.testing.assert_allclose(found, wanted, 1e-10, 1e-12)
    t = gpugrad.tensor(x, requires_grad=True)
    t.prod(0).sum().backward()
    others = np.stack([np.delete(x, i, 0).prod(0) for i in range(30)])
    np.testing.assert_allclose(t.grad.numpy(), others, 1e-10, 1e-12)


@KINDS
@pytest.mark.parametrize("shape", [(7, 300), (3, 5, 129), (1, 5000), (2000, 64), (4, 1)])
def test_first_few_of_each_row(shape: tuple[int, ...], kind: str) -> None:
    """By a stable sort, in which nan is largest and both zeros are equal."""
    draw = np.random.default_rng(2)
    x = drawn(shape, kind)
    x[draw.random(shape) < 0.1] = np.nan
    turned = draw.random(shape) < 0.5
    x[turned] = -x[turned]  # nan's sign too
    x[0] = np.round(x[0])
    x[..., -1] = -0.0
    for count in {1, min(2, shape[-1]), min(5, shape[-1]), min(64, shape[-1])}:
        for largest in (False, True):
            order = np.where(np.isnan(x), np.inf, x) * (-1 if largest else 1)
            expected = np.argsort(order, -1, kind="stable")[..., :count]
            found = along.first_few(x, count, largest)
            np.testing.assert_array_equal(found, expected)
    assert along.first_few(x, 65, True) is None or shape[-1] > 64


def test_topk_uses_it() -> None:
    x = drawn((50, 600), "float32")
    results = []
    for on in (True, False):
        with switched(on=on):
            results.append(gpugrad.tensor(x).topk(7))
    np.testing.assert_array_equal(results[0].values.numpy(), results[1].values.numpy())
    np.testing.assert_array_equal(results[0].indices.numpy(), results[1].indices.numpy())


@KINDS
def test_elements_added_at_places(kind: str) -> None:
    x, draw = drawn((60, 50), kind), np.random.default_rng(3)
    index = np.arange(60).reshape(-1, 1), draw.integers(-50, 50, (60, 70))
    value = draw.standard_normal((60, 70)).astype(kind)
    expected = x.copy()
    np.add.at(expected, index, value)
    np.testing.assert_array_equal(cpu.index_add(x, index, value), expected)


@KINDS
def test_columns_by_index(kind: str) -> None:
    x, places = drawn((6, 7, 40), kind), np.array([5, -1, 0, 5])
    every = slice(None)
    for index in ((every, places), (every, places, ...), (every, every, places), (..., places)):
        np.testing.assert_array_equal(cpu.getitem(x, index), x[index])
    for index in ((slice(2), places), (every, slice(2), places)):
        np.testing.assert_array_equal(cpu.getitem(x, index), x[index])
    with pytest.raises(IndexError):
        cpu.getitem(x, (every, places + 3))
