"""The norm of a list of arrays and their scaling by it, emulated, against NumPy in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gpugrad.backend.kernel_source import ADDRESSES
from tests.kernels.arrays import assert_near, compute, numpy_dtype, ordinary
from tests.kernels.emulation import BACKWARD, FORWARD, SHUFFLED, TYPES, launch
from tests.kernels.lists import addresses, chunks, place

Array = Any

SIZES = (1, 0, 700, 3, 5000, 40)
ORDERS = (2.0, 1.0, math.inf, 3.0, 0.5, -1.0)


def draw(suffix: str, sizes: Any = SIZES) -> list[Array]:
    return [ordinary(suffix, n, i) for i, n in enumerate(sizes)]


def norm_of(
    values: list[Array], suffix: str, p: float, blocks: int = 3, order: int = FORWARD
) -> Array:
    """The kernel's result, a 0-d array."""
    placed = place(values, suffix, [i % 3 for i in range(len(values))])
    table = chunks([v.size for v in values])
    norm = np.full((), 9, numpy_dtype(suffix))
    partial, counter = np.full(blocks, 9, compute(suffix)), np.zeros(1, np.uint32)
    work = (partial, counter) if blocks > 1 else (None, None)
    args = (*addresses(placed), table, len(table), p, norm, *work)
    launch("total_norm", suffix, blocks, args, order)
    assert all(p.unchanged() for p in placed) and not counter.any()
    return norm


def expected(values: list[Array], p: float) -> float:
    together = np.abs(np.concatenate([v.reshape(-1) for v in values]))
    if math.isinf(p):
        return float(together.max())
    with np.errstate(divide="ignore"):
        return float((together**p).sum() ** (1 / p))


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("p", ORDERS)
def test_norm(p: float, suffix: str) -> None:
    values = draw(suffix)
    exact = np.array(expected(values, p))
    for blocks, order in ((3, FORWARD), (1, BACKWARD), (7, SHUFFLED)):
        found = norm_of(values, suffix, p, blocks, order)
        # Powers and roots are rounded, and 1/p is: to the type of the arithmetic.
        assert_near(found, exact, suffix, exact * (1 if p in (1, 2) else 8), 32, where=f"{p}")


def test_norm_is_the_same_in_every_order() -> None:
    values = draw("float32")
    results = {norm_of(values, "float32", 2.0, 5, o).item() for o in (FORWARD, BACKWARD, SHUFFLED)}
    assert len(results) == 1


@pytest.mark.parametrize("p", ORDERS[:4])
@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_norm_of_what_is_not_finite(bad: float, p: float) -> None:
    for place_of_it in ((4, 4999), (0, 0), (2, 100)):
        values = draw("float32")
        values[place_of_it[0]][place_of_it[1]] = bad
        np.testing.assert_array_equal(norm_of(values, "float32", p), np.float32(abs(bad)))


@pytest.mark.parametrize("p", ORDERS[:4])
def test_norm_of_nothing_and_of_zeros(p: float) -> None:
    assert norm_of([], "float32", p, 1) == 0
    assert norm_of([np.zeros(0)], "float32", p, 1) == 0
    assert norm_of([np.zeros(600), np.zeros(0)], "float32", p, 2) == 0


@pytest.mark.parametrize("count", [ADDRESSES, ADDRESSES + 1])
def test_as_many_arrays_as_fit_and_one_more(count: int) -> None:
    values = draw("float32", [i % 4 for i in range(count)])
    found = norm_of(values, "float32", 2.0)
    assert_near(found, np.array(expected(values, 2.0)), "float32", 0, 32)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("norm", [0.0, 0.25, 2.0, 50.0, math.inf, math.nan])
def test_clip(norm: float, suffix: str) -> None:
    values = draw(suffix)
    placed = place(values, suffix, [i % 3 for i in range(len(values))])
    table = chunks(SIZES)
    args = (*addresses(placed), table, len(table), np.array(norm, numpy_dtype(suffix)), 0.25)
    launch("clip_by_norm", suffix, 3, args)
    exact = float(np.array(norm, numpy_dtype(suffix)))
    factor = np.minimum(0.25 / (exact + 1e-6), 1.0)
    for value, p in zip(values, placed, strict=True):
        assert_near(p.array, value * factor, suffix, where=f"norm {norm}")
        assert p.unchanged(outside_only=norm >= 0.25 or norm != norm)
