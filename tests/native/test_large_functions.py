"""Functions that NumPy computes slowly, in C, against NumPy's own or the forms without C."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.native import casts, pointwise
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any

KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])
SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40, 1.0, -1.0, 2.5, -2.5, 10.0, 3e30, 1e-30)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def drawn(kind: str, low: float, high: float, count: int = 40_000) -> Array:
    return np.random.default_rng(0).uniform(low, high, count).astype(kind)


def same(found: Array, expected: Array) -> None:
    assert found is not None and found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@KINDS
@pytest.mark.parametrize("name", ["fmod", "remainder", "floor_divide"])
def test_divisions_have_the_same_bits(name: str, kind: str) -> None:
    draw = np.random.default_rng(1)
    x = drawn(kind, -50, 50) * np.exp(draw.uniform(-3, 9, 40_000)).astype(kind)
    whole = np.round(x)
    for y in (drawn(kind, -5, 5)[::-1].copy(), np.round(drawn(kind, 1, 9)), np.full(1, 0.1, kind)):
        for a in (x, whole):
            found: Any = pointwise.two(name, a, y, None)
            expected = getattr(np, name)(a, y)
            ordinary = ~np.isnan(expected)
            same(found[ordinary], expected[ordinary])
            np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))


@KINDS
@pytest.mark.parametrize("name", ["fmod", "remainder", "floor_divide"])
def test_divisions_of_special_numbers(name: str, kind: str) -> None:
    x, y = (a.reshape(-1).copy() for a in np.meshgrid(np.array(SPECIAL, kind), SPECIAL))
    y = y.astype(kind)
    # Whole rows of them, and each beside ordinary numbers, which quick code could do.
    rows = np.full((x.size, 40), 7.5, kind), np.full((x.size, 40), 2, kind)
    rows[0][:, 3], rows[1][:, 3] = x, y
    for a, b in ((x, y), rows, (rows[0], y.reshape(-1, 1))):
        found: Any = pointwise.two(name, a, b, None)
        expected = getattr(np, name)(a, b)
        ordinary = ~np.isnan(expected)
        same(found[ordinary], expected[ordinary])
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))


def test_whole_numbers_refuse_to_be_divided_by_zero() -> None:
    x = gpugrad.arange(4000)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        x % (x - 5)
    assert (x % 7)[13].item() == 6


@KINDS
@pytest.mark.parametrize("name", ["erfc", "lgamma", "digamma", "trigamma"])
def test_special_functions(name: str, kind: str) -> None:
    digits = 1e-6 if kind == "float32" else 1e-12
    parts = drawn(kind, -5.9, 12), drawn(kind, 0, 3), np.exp(drawn(kind, -20, 20))
    x = np.concatenate([*parts, np.array(SPECIAL, kind)])
    near = np.abs(x - np.round(x)) < 1e-3  # where poles magnify what rounding leaves
    x = x[~((x < 0) & near & (x != np.round(x)))]
    found = pointwise.one(name, x, None)
    with switched(on=False):
        wide = x.astype(np.float64)
        plain = cpu.polygamma(wide, 1) if name == "trigamma" else getattr(cpu, name)(wide)
        expected = plain.astype(kind)
    assert found is not None and found.dtype == x.dtype
    np.testing.assert_allclose(found, expected, digits, digits)


@KINDS
def test_methods_use_them(kind: str) -> None:
    x = drawn(kind, 0.5, 9)
    calls: tuple[Callable[[], Array], ...] = (
        lambda: cpu.erfc(x),
        lambda: cpu.lgamma(x),
        lambda: cpu.digamma(x),
        lambda: cpu.polygamma(x, 1),
        lambda: cpu.polygamma(x, 2),
        lambda: cpu.remainder(x, 1.5),
        lambda: cpu.remainder(20.5, x),
        lambda: cpu.large.hypot(x, x),
        lambda: cpu.large.logaddexp(x, x),
        lambda: cpu.large.pow(x, 4),
    )
    for call in calls:
        with switched(on=True):
            found = call()
        with switched(on=False):
            np.testing.assert_allclose(found, call(), 1e-6 if kind == "float32" else 1e-13, 1e-9)
        assert found.dtype == x.dtype


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "maximum", "hypot", "logaddexp"])
def test_either_operand_may_be_the_large_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row, matrix = gpugrad.rand(100) + 1, gpugrad.rand(100, 100) + 1
    asked: list[tuple[int, int]] = []
    in_c = getattr(cpu.large, name)

    def noted(x: Array, y: Array) -> Array:
        asked.append((x.ndim, y.ndim))
        return in_c(x, y)

    monkeypatch.setattr(cpu.large, name, noted)
    for x, y in ((row, matrix), (matrix, row), (row.double(), matrix), (row, row)):
        found = getattr(gpugrad, name)(x, y)
        np.testing.assert_allclose(found.array, getattr(cpu, name)(x.array, y.array), 1e-5)
    assert asked == [(1, 2), (2, 1), (1, 2)]


@KINDS
def test_nan_to_num(kind: str) -> None:
    x = np.resize(np.array(SPECIAL, kind), 5000)
    expected = np.nan_to_num(x, nan=1.5, posinf=9.0, neginf=-8.0)
    same(cpu.nan_to_num(x, 1.5, 9.0, -8.0), expected)
    out = np.empty_like(x)
    assert cpu.nan_to_num(x, 1.5, 9.0, -8.0, out=out) is out
    same(out, expected)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16_384, 50_003])
def test_half_numbers(size: int) -> None:
    x = np.resize(np.array([*SPECIAL, 65519.0, 65520.0, 6e-8, 2e-8], "float32"), size)
    x[size // 2 :] *= drawn("float32", -3, 3, size - size // 2)
    narrow = casts.cast(x, np.float16)
    if narrow is None:
        pytest.skip("this processor has no instruction for them")
    expected = x.astype(np.float16)
    np.testing.assert_array_equal(narrow, expected)
    same(casts.cast(expected, np.float32), expected.astype(np.float32))
    assert casts.cast(x, np.float64) is None


def test_every_half_number() -> None:
    x = np.arange(2**16, dtype=np.uint16).view(np.float16)
    np.testing.assert_array_equal(cpu.cast(x, np.float32), x.astype(np.float32))


@KINDS
@pytest.mark.parametrize("threads", [1, 2])
def test_results_written_past_the_cache(
    kind: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of any alignment; the ends of the memory stay as they were."""
    monkeypatch.setattr(THREADS, "number", threads)
    width = 8 // np.dtype(kind).itemsize
    count = pointwise.PAST_CACHE // np.dtype(kind).itemsize + 1029
    draw = np.random.default_rng(0)
    x, row = draw.standard_normal(count).astype(kind), draw.standard_normal(3001).astype(kind)
    for skipped in (0, 3 * width, 5):
        memory = np.full(count + 40, 7, kind)
        out = memory[skipped : skipped + count]
        assert cpu.relu(x, out=out) is out
        np.testing.assert_array_equal(out, np.maximum(x, 0))
        assert (memory[:skipped] == 7).all() and (memory[skipped + count :] == 7).all()
        assert pointwise.two("sub", x, 0.5, out) is out
        np.testing.assert_array_equal(out, x - np.array(0.5, kind))
        assert (memory[:skipped] == 7).all() and (memory[skipped + count :] == 7).all()
    rows = x[: count // 3001 * 3001].reshape(-1, 3001)
    np.testing.assert_array_equal(pointwise.two("add", rows, row, None), rows + row)
    expected = np.abs(x)
    assert pointwise.one("abs", x, x) is x
    np.testing.assert_array_equal(x, expected)
