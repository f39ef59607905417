"""Unscaling with a look for infinities, and the scale's own update, emulated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpugrad.backend.kernel_source import ADDRESSES
from tests.kernels.arrays import Placed, assert_near, compute, numpy_dtype, ordinary
from tests.kernels.emulation import BACKWARD, FORWARD, TYPES, launch
from tests.kernels.lists import addresses, chunks, place

Array = Any

SIZES = (1, 0, 700, 3, 5000, 40)


def unscale(
    values: list[Array], suffix: str, inverse: float | None, found: float = 0.0
) -> tuple[list[Placed], float]:
    """The arrays after the kernel, and the flag."""
    placed = place(values, suffix, [i % 3 for i in range(len(values))])
    table = chunks([v.size for v in values])
    flag = np.array(found, np.float32)
    factor = None if inverse is None else np.array(inverse, np.float32)
    order = BACKWARD if inverse else FORWARD
    launch("unscale", suffix, 3, (*addresses(placed), table, len(table), flag, factor), order)
    return placed, flag.item()


@pytest.mark.parametrize("suffix", TYPES)
def test_finite_gradients(suffix: str) -> None:
    values = [ordinary(suffix, n, i) for i, n in enumerate(SIZES)]
    inverse = float(np.float32(0.3))
    placed, found = unscale(values, suffix, inverse)
    assert found == 0
    for value, p in zip(values, placed, strict=True):
        assert_near(p.array, value * inverse, suffix)
        assert p.unchanged(outside_only=True)
    for only_looked_at in (None, 1.0):
        placed, found = unscale(values, suffix, only_looked_at, 1.0)
        assert found == 1  # of an earlier list
        assert all(p.unchanged() for p in placed)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_an_infinite_gradient_is_found_wherever_it_is(bad: float, suffix: str) -> None:
    for array, at in ((0, 0), (2, 0), (2, 699), (4, 2300), (4, 2000), (4, 4999), (3, 2)):
        values = [ordinary(suffix, n, i) for i, n in enumerate(SIZES)]
        values[array][at] = bad
        assert unscale(values, suffix, 0.5)[1] == 1, (array, at)
        assert unscale(values, suffix, None)[1] == 1, (array, at)


@pytest.mark.parametrize("suffix", TYPES)
def test_the_largest_number_is_finite(suffix: str) -> None:
    most = 2.0**127 if suffix == "bfloat16" else float(np.finfo(suffix).max)
    assert unscale([np.full(70, most)], suffix, 2.0)[1] == 0  # what comes out is not


@pytest.mark.parametrize("count", [ADDRESSES, ADDRESSES + 1])
def test_as_many_arrays_as_fit_and_one_more(count: int) -> None:
    values = [ordinary("float32", i % 4, i) for i in range(count)]
    placed, found = unscale(values, "float32", 0.5)
    assert found == 0
    for value, p in zip(values, placed, strict=True):
        np.testing.assert_array_equal(p.array, value * 0.5)
    values[-1] = np.array([np.nan])
    assert unscale(values, "float32", 0.5)[1] == 1


@pytest.mark.parametrize("suffix", TYPES)
def test_update_of_the_scale(suffix: str) -> None:
    dtype = numpy_dtype(compute(suffix))
    most = float(np.finfo(dtype).max)
    for scale, tracker, found, expected in (
        (8.0, 0, 0.0, (8.0, 1)),
        (8.0, 1, 0.0, (8.0, 2)),
        (8.0, 2, 0.0, (32.0, 0)),
        (8.0, 2, 1.0, (2.0, 0)),
        (8.0, 0, 2.0, (2.0, 0)),
        (most / 2, 2, 0.0, (most / 2, 0)),  # more would be infinite
    ):
        at, count = np.array(scale, dtype), np.array(tracker, np.int32)
        launch("update_scale", suffix, 2, (at, count, np.array(found, np.float32), 4.0, 0.25, 3))
        assert (at.item(), count.item()) == expected
