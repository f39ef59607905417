"""Functions of the rows of matrices in C, against NumPy's way in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.native import rows
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any

SHAPES = ((52, 10), (16, 32), (40, 15), (40, 16), (40, 17), (9, 63), (9, 64), (9, 65), (700, 100))
"""Rows shorter and longer than the vectors of a sum, and more rows than a part has."""

LONG = ((3, 5000), (2, 20_000))

KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])


@pytest.fixture(autouse=True)
def in_c(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(THREADS, "number", 1)
    with switched(on=True):
        yield


def draw(*shape: int, kind: str = "float32", seed: int = 0) -> Array:
    return (2 * np.random.default_rng(seed).standard_normal(shape)).astype(kind)


def in_numpy(call: Callable[..., Any], *args: Any) -> Any:
    with switched(on=False), np.errstate(all="ignore"):
        return call(*args)


def close(found: Array, wanted: Array, terms: int = 1) -> None:
    """Up to what so many terms of the wanted numbers' size may lose."""
    eps = float(np.finfo(found.dtype).eps)
    size = float(np.abs(wanted).max(initial=0))
    scale = 8 * eps * math.sqrt(terms)
    np.testing.assert_allclose(found, wanted, rtol=scale, atol=scale * size)


def taken(x: Array) -> bool:
    """Whether the C code does a matrix like this."""
    return rows.of_rows("softmax", x, None) is not None


@KINDS
@pytest.mark.parametrize("shape", SHAPES + LONG)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name: str, shape: tuple[int, int], kind: str) -> None:
    x, grad = draw(*shape, kind=kind), draw(*shape, kind=kind, seed=1)
    wide, wide_grad = x.astype(np.float64), grad.astype(np.float64)
    assert taken(x)
    y = getattr(cpu, name)(x, 1)
    close(y, in_numpy(getattr(cpu, name), wide, -1), shape[1])
    found = getattr(cpu, f"{name}_grad")(y, grad, -1)
    exact = y.astype(np.float64)
    close(found, in_numpy(getattr(cpu, f"{name}_grad"), exact, wide_grad, -1), 4 * shape[1])


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_special_rows(name: str) -> None:
    x = draw(20, 50)
    x[0, 3] = math.nan
    x[1, 49] = math.nan
    x[2, 7] = math.inf
    x[3, 11] = -math.inf
    x[4] = -math.inf
    x[5] = 1e30
    x[6, ::2] = -200
    with np.errstate(all="ignore"):
        found = getattr(cpu, name)(x, 1)
        wanted = in_numpy(getattr(cpu, name), x, 1)
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    assert np.array_equal(np.isinf(found), np.isinf(wanted))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-37)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_where_results_go(name: str) -> None:
    x = draw(40, 30)
    wanted = getattr(cpu, name)(x, 1)
    for out in (np.empty((40, 30), np.float32), np.empty((30, 40), np.float32).T, x):
        assert getattr(cpu, name)(x, 1, out=out) is out
        np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_more_dimensions_and_other_layouts(name: str) -> None:
    x = draw(6, 10, 20)
    np.testing.assert_array_equal(
        getattr(cpu, name)(x, 2).reshape(60, 20), getattr(cpu, name)(x.reshape(60, 20), 1)
    )
    for other, axis in ((x, 0), (x, 1), (x.transpose(2, 1, 0), -1), (x[:, ::2], -1)):
        found = getattr(cpu, name)(other, axis)
        close(found, in_numpy(getattr(cpu, name), other.astype(np.float64), axis), 20)


@KINDS
@pytest.mark.parametrize("ignore_index", [None, -100, 2])
@pytest.mark.parametrize("shape", SHAPES + LONG)
def test_cross_entropy(shape: tuple[int, int], ignore_index: int | None, kind: str) -> None:
    x = draw(*shape, kind=kind)
    target = np.random.default_rng(2).integers(0, shape[1], shape[0])
    if ignore_index is not None:
        target[::3] = ignore_index
    assert rows.cross_entropy(x, target, ignore_index) is not None
    losses, softmax = cpu.cross_entropy(x, target, ignore_index)
    wanted = in_numpy(cpu.cross_entropy, x.astype(np.float64), target, ignore_index)
    close(losses, wanted[0], shape[1])
    close(softmax, wanted[1], shape[1])
    if ignore_index is not None:
        assert not losses[::3].any()


@KINDS
@pytest.mark.parametrize("ignore_index", [-100, 2])
@pytest.mark.parametrize("shape", [(32, 1), (40, 3), (70, 100), (3000, 7)])
def test_mean_and_gradient_of_cross_entropy(
    shape: tuple[int, int], ignore_index: int, kind: str
) -> None:
    x = draw(*shape, kind=kind)
    target = np.random.default_rng(2).integers(0, shape[1], shape[0])
    target[::3] = ignore_index if ignore_index < shape[1] else 0
    losses, softmax = cpu.cross_entropy(x, target, ignore_index)
    grad = np.asarray(1.5, kind)
    assert rows.cross_entropy_mean(losses, target, ignore_index) is not None
    mean, count = cpu.cross_entropy_mean(losses, target, ignore_index)
    assert rows.cross_entropy_grad(softmax, target, grad, count, ignore_index) is not None
    wide, exact = losses.astype(np.float64), softmax.astype(np.float64)
    wanted, number = in_numpy(cpu.cross_entropy_mean, wide, target, ignore_index)
    close(mean, wanted, 50)
    assert count == number == np.count_nonzero(target != ignore_index)
    each = draw(shape[0], kind=kind)
    for given, divisor in ((grad, count), (grad, None), (each, None), (each, count)):
        found = cpu.cross_entropy_grad(softmax, target, given, divisor, ignore_index)
        by = None if divisor is None else divisor.astype(np.float64)
        arguments = exact, target, given.astype(np.float64), by, ignore_index
        close(found, in_numpy(cpu.cross_entropy_grad, *arguments), 4)
        assert not found[target == ignore_index].any()


def test_gradient_of_cross_entropy_of_targets_that_have_changed() -> None:
    softmax, target = np.full((40, 5), 0.2, np.float32), np.zeros(40, np.int64)
    target[7] = 5
    assert rows.cross_entropy_grad(softmax, target, np.ones((), np.float32), None, None) is None
    with pytest.raises(IndexError):
        cpu.cross_entropy_grad(softmax, target, np.ones((), np.float32), None, None)


@pytest.mark.parametrize("wrong", [-1, 10, 1000])
def test_cross_entropy_of_a_class_that_is_none(wrong: int) -> None:
    target = np.zeros(100, np.int64)
    target[57] = wrong
    with pytest.raises(IndexError):
        gpugrad.nn.functional.cross_entropy(gpugrad.randn(100, 10), gpugrad.tensor(target))


@pytest.mark.parametrize("kind", ["int32", "uint8"])
def test_cross_entropy_of_other_targets(kind: str) -> None:
    x, target = draw(100, 10), np.arange(100) % 10
    found = cpu.cross_entropy(x, target.astype(kind), None)
    for a, b in zip(found, cpu.cross_entropy(x, target, None), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6)


@KINDS
@pytest.mark.parametrize("affine", ["weight and bias", "weight", "bias", "none"])
@pytest.mark.parametrize("shape", SHAPES + LONG)
def test_layer_norm(shape: tuple[int, int], affine: str, kind: str) -> None:
    x, grad = draw(*shape, kind=kind) + 3, draw(*shape, kind=kind, seed=1)
    weight = draw(shape[1], kind=kind, seed=2) if "weight" in affine else None
    bias = draw(shape[1], kind=kind, seed=3) if "bias" in affine else None
    wide = [a if a is None else a.astype(np.float64) for a in (x, weight, bias)]
    assert rows.layer_norm(x, weight, bias, 1e-5) is not None
    found = cpu.layer_norm(x, weight, bias, 1e-5)
    for a, b in zip(found, in_numpy(cpu.layer_norm, *wide, 1e-5), strict=True):
        close(a, b, shape[1])
    _, mean, rstd = found
    for wanted in ((True, True, True), (True, False, False), (False, True, False)):
        grads = cpu.layer_norm_grad(grad, x, weight, mean, rstd, wanted)
        operands = grad.astype(np.float64), *wide[:2], *(a.astype(np.float64) for a in (mean, rstd))
        plain = in_numpy(cpu.layer_norm_grad, *operands, wanted)
        for a, b in zip(grads, plain, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                close(a, b, 4 * max(shape))


def test_a_row_with_nan_spoils_no_other() -> None:
    x = draw(30, 40)
    y = cpu.layer_norm(x, None, None, 1e-5)[0]
    x[4, 5] = math.nan
    spoilt = cpu.layer_norm(x, None, None, 1e-5)[0]
    assert np.isnan(spoilt[4]).all()
    np.testing.assert_array_equal(np.delete(spoilt, 4, 0), np.delete(y, 4, 0))


@KINDS
@pytest.mark.parametrize("shape", [(300, 120), (4, 10_000), (5000, 7)])
def test_the_largest_and_the_sum_of_each_row(shape: tuple[int, int], kind: str) -> None:
    x = draw(*shape, kind=kind)
    x[1, 0] = x[2, -1] = math.nan
    x[3, 2:4] = math.inf, -math.inf
    for keepdims in (False, True):
        np.testing.assert_array_equal(cpu.amax(x, 1, keepdims), x.max(1, keepdims=keepdims))
    with np.errstate(invalid="ignore"):
        found, wanted = cpu.sum(x, 1), x.astype(np.float64).sum(1)
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    finite = np.isfinite(wanted)
    close(found[finite], wanted[finite], shape[1])


@KINDS
def test_rows_added_to_rows(kind: str) -> None:
    x, v = draw(300, 120, kind=kind), draw(120, kind=kind, seed=1)
    np.testing.assert_array_equal(rows.add_row(x, v, None), x + v)
    assert rows.add_row(x, v[:1], None) is None
    assert rows.add_row(x, x, None) is None
    index = np.random.default_rng(0).integers(-50, 50, 300)
    wanted = draw(50, 120, kind=kind, seed=2)
    found = wanted.copy()
    np.add.at(wanted, index, x)
    assert rows.add_at(x, index, found)
    np.testing.assert_array_equal(found, wanted)
    for wrong in (50, -51):
        index[200] = wrong
        assert not rows.add_at(x, index, found)
    np.testing.assert_array_equal(found, wanted)


def test_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    x, grad, weight = draw(12_000, 50), draw(12_000, 50, seed=1), draw(50, seed=2)
    target = np.arange(12_000) % 50

    def everything() -> list[Array]:
        y, mean, rstd = cpu.layer_norm(x, weight, weight, 1e-5)
        softmax, logs = cpu.softmax(x, 1), cpu.log_softmax(x, 1)
        return [
            *(y, mean, rstd, softmax, logs, cpu.amax(x, 1), cpu.sum(x, 1)),
            *cpu.layer_norm_grad(grad, x, weight, mean, rstd, (True, True, True)),
            *cpu.cross_entropy(x, target, None),
            cpu.softmax_grad(softmax, grad, 1),
            cpu.log_softmax_grad(logs, grad, 1),
        ]

    alone = everything()
    for threads in (2, 5):
        monkeypatch.setattr(THREADS, "number", threads)
        for a, b in zip(everything(), alone, strict=True):
            np.testing.assert_array_equal(a, b)


def test_gradients() -> None:
    """By differences in float64."""
    functional = gpugrad.nn.functional
    x = gpugrad.tensor(draw(40, 30, kind="float64"), requires_grad=True)
    target = gpugrad.arange(40) % 30
    along = gpugrad.tensor(draw(40, 30, kind="float64", seed=1))
    weight, bias = (gpugrad.tensor(draw(30, kind="float64", seed=n)) for n in (2, 3))
    functions = (
        lambda x: (functional.softmax(x, -1) * along).sum(),
        lambda x: (functional.log_softmax(x, -1) * along).sum(),
        lambda x: (functional.layer_norm(x, (30,), weight, bias) * along).sum(),
        lambda x: functional.cross_entropy(x, target),
    )
    way = gpugrad.tensor(draw(40, 30, kind="float64", seed=4))
    for function in functions:
        (grad,) = gpugrad.autograd.grad(function(x), x)
        with gpugrad.no_grad():
            ahead, behind = (function(x + s * 1e-6 * way) for s in (1, -1))
        np.testing.assert_allclose(
            (grad * way).sum().item(), (ahead - behind).item() / 2e-6, rtol=1e-6, atol=1e-7
        )
