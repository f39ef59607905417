"""Reductions of large arrays in C, against NumPy with more digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.native import reductions
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler

pytestmark = needs_compiler

SHAPES: tuple[tuple[tuple[int, ...], Any], ...] = (
    ((300, 200), 1),
    ((300, 200), 0),
    ((300, 200), None),
    ((3, 70001), -1),
    ((70001, 3), 0),
    ((20000, 7), 1),
    ((20000, 7), 0),
    ((1, 9000), 0),
    ((9000, 1), 1),
    ((5, 40, 60), (0, 1)),
    ((5, 40, 60), (1, 2)),
    ((5, 40, 600), 1),
    ((2, 1300, 1025), 1),
    ((6, 5, 4, 3, 30), (1, 2)),
    ((131, 129), (0, 1)),
    ((50, 8, 3000), 1),
    ((9, 33, 700), 1),
    ((5, 40, 600), (0, 2)),
    ((6, 4, 5, 70), (0, 2, 3)),
    ((6, 4, 5, 7, 30), (0, 2, -1)),
)
NAMES = ("sum", "squares", "prod", "amax", "amin")
KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])


def by_numpy(name: str, x: Any, axis: Any, keepdims: bool) -> Any:
    wide = x.astype(np.longdouble)
    if name == "squares":
        name, wide = "sum", wide * wide
    return getattr(np, name)(wide, axis=axis, keepdims=keepdims)


@KINDS
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_values(name: str, shape: tuple[int, ...], axis: Any, kind: str) -> None:
    draw = np.random.default_rng(0)
    x = draw.standard_normal(shape).astype(kind)
    if name == "prod":  # that neither overflows nor vanishes
        x = np.exp(x / math.sqrt(x.size)).astype(kind)
    for keepdims in (False, True):
        found = reductions.reduced(name, x, axis, keepdims)
        expected = by_numpy(name, x, axis, keepdims)
        assert found is not None and found.dtype == x.dtype and found.shape == expected.shape
        eps = float(np.finfo(kind).eps)
        if name in ("amax", "amin"):
            np.testing.assert_array_equal(found, expected)
        elif name == "prod":
            np.testing.assert_allclose(found, expected, 100 * eps * math.sqrt(x.size))
        else:
            size = by_numpy("sum", np.abs(x) ** (2 if name == "squares" else 1), axis, keepdims)
            assert np.all(np.abs(found - expected) <= 8 * eps * size)


@KINDS
@pytest.mark.parametrize("name", ["amax", "amin"])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_nan_and_infinities(name: str, shape: tuple[int, ...], axis: Any, kind: str) -> None:
    draw = np.random.default_rng(0)
    for special in ((math.nan,), (math.inf,), (-math.inf,), (math.inf, -math.inf, math.nan)):
        x = draw.standard_normal(shape).astype(kind)
        for place, value in enumerate(special):
            x.reshape(-1)[[place, x.size // 2 + place, x.size - 1 - place]] = value
        found = reductions.reduced(name, x, axis, False)
        np.testing.assert_array_equal(found, getattr(np, name)(x, axis=axis))


def test_sums_are_as_exact_as_pairwise_ones() -> None:
    """Of numbers that do not cancel, along both dimensions."""
    x = np.random.default_rng(0).random((3000, 3000)).astype(np.float32)
    for axis in (0, 1, None):
        exact = x.astype(np.float64).sum(axis)
        found = reductions.reduced("sum", x, axis, False)
        error = np.max(np.abs(found - exact) / exact)
        assert error <= 2e-7


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_threads_change_nothing(
    shape: tuple[int, ...], axis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    for name in NAMES:
        found = []
        for number in (1, 3):
            monkeypatch.setattr(THREADS, "number", number)
            found.append(reductions.reduced(name, x, axis, False))
        np.testing.assert_array_equal(found[0], found[1])


def test_what_is_left_to_numpy() -> None:
    x = np.ones((100, 20, 30), np.float32)
    assert reductions.reduced("sum", x.transpose(2, 1, 0), 0, False) is None
    assert reductions.reduced("sum", x.astype(np.int64), 0, False) is None
    assert reductions.reduced("sum", np.ones((0, 5), np.float32), 0, False) is None
    t = gpugrad.tensor(x)
    assert t.sum((0, 2)).tolist() == [3000.0] * 20
    assert t.transpose(0, 2).mean(0).shape == (20, 100)


def test_gradients_of_large_reductions() -> None:
    x = np.random.default_rng(0).standard_normal((400, 300)).astype(np.float32)
    cases: Any = (
        (lambda t: t.mean(1, keepdim=True).sum(), lambda a: np.full_like(a, 1 / 300)),
        (lambda t: t.norm(), lambda a: a / np.linalg.norm(a.astype(np.float64))),
        (lambda t: t.amax(0).sum(), lambda a: (a == a.max(0)).astype(a.dtype)),
    )
    for function, slope in cases:
        t = gpugrad.tensor(x, requires_grad=True)
        function(t).backward()
        np.testing.assert_allclose(t.grad.numpy(), slope(x), 1e-5, 1e-7)
