"""Elementwise functions and sums of large arrays in C, against NumPy's way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.native import maps
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any

PART = 16384
"""The elements of a part in ``native_work.h``."""

SIZES = (maps.LARGE, maps.SIMPLE, PART - 1, PART, PART + 1, 3 * PART + 77)

FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "sigmoid": (),
    "relu": (),
    "clamp": (-0.5, 1.5),
    "leaky_relu": (0.1,),
    "elu": (1.5,),
    "silu": (),
    "softplus": (2.0, 20.0),
    "gelu": ("none",),
}
GRADIENTS: dict[str, tuple[Any, ...]] = {
    "sigmoid_grad": (),
    "tanh_grad": (),
    "relu_grad": (),
    "hardtanh_grad": (-0.5, 1.5),
    "leaky_relu_grad": (0.1,),
    "silu_grad": (),
    "softplus_grad": (2.0, 20.0),
    "gelu_grad": ("none",),
}
CASES = [
    *((name, 1, numbers) for name, numbers in FUNCTIONS.items()),
    ("gelu", 1, ("tanh",)),
    *((name, 2, numbers) for name, numbers in GRADIENTS.items()),
    ("gelu_grad", 2, ("tanh",)),
]
CALLS = pytest.mark.parametrize(
    ("name", "count", "numbers"), CASES, ids=["-".join(map(str, (c[0], *c[2]))) for c in CASES]
)
KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])

EXACT = (
    *("relu", "relu_grad", "sigmoid_grad", "tanh_grad", "leaky_relu", "leaky_relu_grad"),
    *("clamp", "hardtanh_grad"),
)
"""The same operations in the same order: the same bits."""

SPECIAL = (
    0.0,
    -0.0,
    math.inf,
    -math.inf,
    math.nan,
    1e-40,
    -1e-40,
    88.8,
    -88.8,
    100.0,
    -104.0,
    1e30,
)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(THREADS, "number", 1)


@pytest.fixture(autouse=True)
def used(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The C functions that were called and did something."""
    names: list[str] = []
    apply = maps.apply

    def noted(name: str, *args: Any) -> Array | None:
        found = apply(name, *args)
        if found is not None:
            names.append(name)
        return found

    with switched(on=True):
        monkeypatch.setattr(maps, "apply", noted)
        yield names


def draw(*shape: int, kind: str = "float32", seed: int = 0) -> Array:
    values = 4 * np.random.default_rng(seed).standard_normal(shape)
    return values.astype(kind)


def operands_of(name: str, count: int, *shape: int, kind: str = "float32") -> list[Array]:
    operands = [draw(*shape, kind=kind, seed=n) for n in range(count)]
    if name == "relu_grad":  # it takes what relu has made
        operands[0] = np.maximum(operands[0], 0)
    return operands


def both(name: str, operands: list[Array], numbers: tuple[Any, ...]) -> tuple[Array, Array]:
    """A primitive's result in C, and NumPy's."""
    with np.errstate(all="ignore"):
        found = getattr(cpu, name)(*operands, *numbers)
        with switched(on=False):
            wanted = getattr(cpu, name)(*operands, *numbers)
    return found, wanted


def agree(name: str, found: Array, wanted: Array, scale: float = 8.0) -> None:
    if "gelu" in name:  # NumPy's way loses digits where tanh is close to -1
        scale = 256
    assert found.dtype == wanted.dtype
    if name in EXACT:
        np.testing.assert_array_equal(found, wanted)
        return
    # Of a few units of the last place, also of the numbers that a difference is made of.
    eps = float(np.finfo(found.dtype).eps)
    np.testing.assert_allclose(found, wanted, rtol=scale * eps, atol=scale * eps)


@KINDS
@CALLS
def test_sizes_around_the_borders(
    name: str, count: int, numbers: tuple[Any, ...], kind: str, used: list[str]
) -> None:
    for size in SIZES:
        operands = operands_of(name, count, size, kind=kind)
        before = [x.copy() for x in operands]
        agree(name, *both(name, operands, numbers))
        assert all(np.array_equal(x, y) for x, y in zip(operands, before, strict=True))
    assert len(used) >= 4


@KINDS
@CALLS
def test_special_values(name: str, count: int, numbers: tuple[Any, ...], kind: str) -> None:
    operands = operands_of(name, count, 3000, kind=kind)
    special = [abs(x) for x in SPECIAL] if name == "relu_grad" else SPECIAL
    operands[0][: len(special)] = special
    operands[0][-len(special) :] = special
    if count == 2:  # a gradient that is not finite
        operands[1][100:103] = math.inf, -math.inf, math.nan
    found, wanted = both(name, operands, numbers)
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    finite = np.isfinite(wanted)
    assert np.array_equal(found[~finite & ~np.isnan(wanted)], wanted[~finite & ~np.isnan(wanted)])
    huge = np.abs(wanted) > 1e30
    agree(name, found[finite & ~huge], wanted[finite & ~huge])
    np.testing.assert_allclose(found[finite & huge], wanted[finite & huge], rtol=1e-6)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in EXACT])
def test_floats_against_doubles(name: str) -> None:
    x = np.linspace(-5, 5, 40_001).astype(np.float32)
    found = getattr(cpu, name)(x, *FUNCTIONS[name])
    with switched(on=False):
        wanted = getattr(cpu, name)(x.astype(np.float64), *FUNCTIONS[name])
    np.testing.assert_allclose(found, wanted, rtol=10 * 2.0**-23)


@CALLS
def test_threads_do_not_matter(
    name: str, count: int, numbers: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    operands = operands_of(name, count, 14 * PART + 3)
    alone = getattr(cpu, name)(*operands, *numbers)
    for threads in (2, 7):
        monkeypatch.setattr(THREADS, "number", threads)
        np.testing.assert_array_equal(getattr(cpu, name)(*operands, *numbers), alone)


@CALLS
def test_where_results_go(name: str, count: int, numbers: tuple[Any, ...]) -> None:
    operands = operands_of(name, count, 60, 50)
    wanted = getattr(cpu, name)(*operands, *numbers)
    places = {
        "new": np.empty((60, 50), np.float32),
        "strided": np.empty((60, 100), np.float32)[:, ::2],
        "turned": np.empty((50, 60), np.float32).T,
        "wider": np.empty((60, 50), np.float64),
    }
    for out in places.values():
        assert getattr(cpu, name)(*operands, *numbers, out=out) is out
        np.testing.assert_array_equal(out, wanted)
    # In place of an operand, and half over one.
    for n in range(count):
        given = [x.copy() for x in operands]
        assert getattr(cpu, name)(*given, *numbers, out=given[n]) is given[n]
        np.testing.assert_array_equal(given[n], wanted)
    memory = np.empty(6000, np.float32)
    memory[:3000] = operands[0].reshape(-1)
    shifted = memory[1000:4000].reshape(60, 50)
    getattr(cpu, name)(memory[:3000].reshape(60, 50), *operands[1:], *numbers, out=shifted)
    np.testing.assert_array_equal(shifted, wanted)


@KINDS
@CALLS
def test_other_layouts(
    name: str, count: int, numbers: tuple[Any, ...], kind: str, used: list[str]
) -> None:
    """What the C code does not take: NumPy's way."""
    whole = operands_of(name, count, 60, 100, kind=kind)
    aside = np.zeros(6000 * whole[0].itemsize + 1, np.uint8)[1:].view(kind).reshape(60, 100)
    aside[...] = whole[0]
    for index in ((slice(None), slice(None, None, 2)), slice(None, None, -1), slice(0)):
        agree(name, *both(name, [x[index] for x in whole], numbers))
    agree(name, *both(name, [x.T for x in whole], numbers))
    used.clear()
    agree(name, *both(name, [aside, *whole[1:]], numbers))
    assert not used


@KINDS
def test_sums(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (*SIZES, 40 * PART + 5):
        x, y = draw(size, kind=kind) + 1, draw(size, kind=kind, seed=1)
        exact = x.astype(np.longdouble)
        squares = (exact - y) ** 2
        for threads in (1, 2, 3):
            monkeypatch.setattr(THREADS, "number", threads)
            found = [cpu.sum(x), cpu.mean(x), cpu.mse(x, y, "mean"), cpu.mse(x, y, "sum")]
            wanted = [exact.sum(), exact.mean(), squares.mean(), squares.sum()]
            eps = float(np.finfo(kind).eps)
            np.testing.assert_allclose(
                np.array(found, np.longdouble), np.array(wanted), rtol=16 * eps
            )
            if threads == 1:
                alone = found
            assert found == alone


def test_sums_of_what_is_not_finite() -> None:
    x = draw(5000)
    x[4000] = math.inf
    assert cpu.sum(x) == math.inf
    x[17] = -math.inf
    assert math.isnan(cpu.sum(x))
    assert cpu.mse(x, draw(5000), "mean") == math.inf
    x[18] = math.nan
    assert math.isnan(cpu.mse(x, draw(5000), "mean"))


@KINDS
@pytest.mark.parametrize("of_output", [False, True])
@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True)])
def test_sigmoid_mse(kind: str, of_output: bool, wanted: tuple[bool, bool]) -> None:
    x, y = draw(PART + 100, kind=kind), draw(PART + 100, kind=kind, seed=1)
    grad = np.asarray(3, kind)
    for reduction in ("mean", "sum"):
        loss, p = cpu.sigmoid_mse(x, y, reduction, keep=of_output)
        given = p if of_output else x
        found = cpu.sigmoid_mse_grad(given, y, grad, 0.5, wanted, of_output)
        with switched(on=False):
            plain_loss, plain = cpu.sigmoid_mse(x, y, reduction, keep=of_output)
            plain_found = cpu.sigmoid_mse_grad(given, y, grad, 0.5, wanted, of_output)
        np.testing.assert_allclose(loss, plain_loss, rtol=2e-6)
        assert (p is None) == (plain is None)
        for a, b in zip(found, plain_found, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                agree("sigmoid_mse_grad", a, b, scale=32)


def test_gradients_of_the_functions() -> None:
    """By differences in float64, of arrays that are large."""
    x = gpugrad.tensor(draw(maps.SIMPLE, kind="float64") / 2)
    x.requires_grad_(True)
    functional = gpugrad.nn.functional
    functions = (
        gpugrad.sigmoid,
        functional.silu,
        functional.elu,
        functional.softplus,
        functional.gelu,
        lambda x: functional.gelu(x, approximate="tanh"),
    )
    along = gpugrad.tensor(draw(maps.SIMPLE, kind="float64", seed=3))
    for function in functions:
        (grad,) = gpugrad.autograd.grad((function(x) * along).sum(), x)
        with gpugrad.no_grad():
            ahead, behind = ((function(x + s * 1e-6) * along).sum() for s in (1, -1))
        np.testing.assert_allclose(
            grad.sum().item(), (ahead - behind).item() / 2e-6, rtol=1e-6, atol=1e-5
        )
