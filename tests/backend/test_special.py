"""erf and erfc against Python's own, and adding at repeated places against NumPy's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import special
from gpugrad.backend.add_at import WORTHWHILE, add_at

POINTS = np.concatenate(
    [
        np.linspace(-6.0, 6.0, 4001),
        np.linspace(0.8, 0.9, 501),  # where two approximations meet
        np.linspace(0.4, 0.5, 501),
        np.geomspace(1e-300, 1.0, 301),
    ]
)


def ulps(found: Any, expected: Any) -> float:
    """The largest distance in units of the last place of what is expected."""
    wide = np.asarray(expected, np.float64)
    unit = np.spacing(np.abs(wide.astype(found.dtype))).astype(np.float64)
    return float(np.max(np.abs(found.astype(np.float64) - wide) / unit))


def exact(function: Callable[[float], float], x: Any) -> Any:
    return np.array([function(float(v)) for v in x])


# Python's functions are themselves wrong by up to one unit.
@pytest.mark.parametrize(
    "ours, theirs, points, limit",
    [
        (special.erf, math.erf, POINTS, 1.0 + 1.0),
        (special.erfc, math.erfc, np.concatenate([POINTS, np.linspace(6, 26, 2001)]), 3.0 + 1.0),
    ],
)
def test_float64(ours: Any, theirs: Any, points: Any, limit: float) -> None:
    assert ulps(ours(np, points), exact(theirs, points)) <= limit


@pytest.mark.parametrize("ours, theirs", [(special.erf, math.erf), (special.erfc, math.erfc)])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_narrow_types_are_nearly_rounded(ours: Any, theirs: Any, dtype: str) -> None:
    with np.errstate(under="ignore"):
        points = POINTS[np.abs(POINTS) < 4].astype(dtype)
        found = ours(np, points)
        assert found.dtype == dtype
        assert ulps(found, exact(theirs, points)) <= 0.6


def test_ends_and_shapes() -> None:
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e300])
    for dtype in ("float64", "float32"):
        with np.errstate(over="ignore"):
            y = special.erf(np, x.astype(dtype))
        np.testing.assert_array_equal(y, [0.0, -0.0, 1.0, -1.0, math.nan, 1.0])
        assert np.signbit(y[1])
    np.testing.assert_array_equal(special.erfc(np, x), [1.0, 1.0, 0.0, 2.0, math.nan, 0.0])
    assert special.erf(np, np.zeros(())).shape == ()
    assert special.erf(np, np.zeros((0, 3))).shape == (0, 3)
    big = np.linspace(-1, 1, 3 * special.BLOCK + 1).reshape(1, -1).T
    out = np.empty_like(big)
    assert special.erf(np, big, out) is out
    np.testing.assert_array_equal(out[:5], special.erf(np, big[:5]))


# --- adding at repeated places --------------------------------------------------------------------

SIDE = 16


@pytest.mark.parametrize("seed", range(40))
def test_add_at_agrees_with_numpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ndim = int(rng.integers(1, 4))
    shape = (SIDE,) * ndim
    first = int(rng.integers(0, ndim))
    count = int(rng.integers(1, ndim - first + 1))
    size = (WORTHWHILE // 4, 4) if rng.random() < 0.5 else (WORTHWHILE,)
    arrays = [rng.integers(-SIDE, SIDE, size, rng.choice(["i4", "i8"])) for _ in range(count)]
    if count > 1:
        arrays[0] = arrays[0][:1]  # they broadcast
    key: Any = (*(slice(None),) * first, *arrays)
    if rng.random() < 0.5:
        key = (*key, Ellipsis)
    x = rng.standard_normal(shape)
    value = rng.standard_normal(x[key].shape)
    expected = x.copy()
    np.add.at(expected, key, value)
    assert add_at(x, key, value) is x
    np.testing.assert_allclose(x, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("key", [(np.arange(SIDE), slice(0, 2)), (np.full((SIDE, SIDE), True),)])
def test_other_keys_go_to_numpy(key: Any) -> None:
    x = np.zeros((SIDE, SIDE))
    add_at(x, key, np.ones(x[key].shape))
    expected = np.zeros((SIDE, SIDE))
    expected[key] = 1.0
    np.testing.assert_array_equal(x, expected)


def test_add_at_refuses_places_outside() -> None:
    with pytest.raises(IndexError):
        add_at(np.zeros(3), (np.full(WORTHWHILE, 3),), np.ones(WORTHWHILE))
    with pytest.raises(IndexError):
        add_at(np.zeros(3), (np.full(WORTHWHILE, -4),), np.ones(WORTHWHILE))
