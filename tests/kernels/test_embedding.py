"""Rows picked by index and their sums, on the host, against loops over NumPy's arrays."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gpugrad.backend.kernels import blocks_for
from tests.kernels.arrays import Placed, assert_near, numpy_dtype, ordinary
from tests.kernels.emulation import BACKWARD, FORWARD, SANITIZED, SHUFFLED, TYPES, launch

Array = Any

ORDERS = itertools.cycle((FORWARD, BACKWARD, SHUFFLED))
# places, rows, columns
SHAPES = ((0, 3, 5), (1, 1, 1), (5, 3, 8), (40, 7, 33), (300, 4, 264), (3, 2, 1030), (7, 40, 0))[
    : 5 if SANITIZED else None
]
NONE, WARP, BLOCK = -1, 0, 1


def indices(n: int, rows: int, wrong: bool = False) -> Array:
    """Some come often, some never; with ``wrong``, some are no row."""
    random = np.random.default_rng(n + rows)
    index = random.integers(0, rows, n) * random.integers(0, 2, n)
    if wrong and n > 3:
        index[[0, n // 2, n - 1]] = -1, rows, -(2**62)
    return index.astype(np.int64)


def sums(grad: Array, index: Array, rows: int, padding: int, by_frequency: bool) -> Array:
    out = np.zeros((rows, grad.shape[1]))
    for r in range(rows):
        mine = index == r
        if r != padding and mine.any():
            out[r] = grad[mine].sum(0) / (mine.sum() if by_frequency else 1)
    return out


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_forward(suffix: str, shape: tuple[int, int, int]) -> None:
    n, rows, cols = shape
    weight, index = ordinary(suffix, (rows, cols), 1), indices(n, rows, wrong=True)
    expected = np.full((n, cols), np.nan)
    there = (index >= 0) & (index < rows)
    expected[there] = weight[index[there]]
    dtype = numpy_dtype(suffix)
    for offset, to, threads in ((0, 0, 256), (1, 0, 96), (1, 1, 256), (2, 3, 64)):
        table, out = Placed(weight, dtype, offset), Placed(np.full((n, cols), 77), dtype, to)
        where = Placed(index, np.int64, offset % 2)
        args = (table.array, where.array, out.array, n, rows, cols)
        blocks = blocks_for(n * cols, dtype.itemsize)
        launch("embedding_forward", suffix, blocks, args, next(ORDERS), threads)
        np.testing.assert_array_equal(out.array.astype(np.float64), expected)
        assert table.unchanged() and where.unchanged() and out.unchanged(outside_only=True)


def check_backward(
    suffix: str, shape: tuple[int, int, int], how: tuple[int, int, int], is_sorted: bool
) -> None:
    n, rows, cols = shape
    padding, by_frequency, _ = how
    grad, index = ordinary(suffix, (n, cols), 2), indices(n, rows, wrong=True)
    expected = sums(grad, index, rows, padding, bool(by_frequency))
    size = sums(np.abs(grad), index, rows, padding, bool(by_frequency))
    dtype = numpy_dtype(suffix)
    order = np.argsort(index, kind="stable")
    starts = np.searchsorted(index[order], np.arange(rows + 1))
    found = []
    for offset, to in ((0, 0), (1, 0), (3, 3)):
        dy, dw = Placed(grad, dtype, offset), Placed(np.full((rows, cols), 77), dtype, to)
        lists = [Placed(v, np.int64) for v in ((order, starts) if is_sorted else (index,))]
        sizes = (rows, cols) if is_sorted else (n, rows, cols)
        args = (dy.array, *(v.array for v in lists), dw.array, *how, *sizes)
        name = "embedding_backward_sorted" if is_sorted else "embedding_backward"
        launch(name, suffix, 3, args, next(ORDERS))
        assert_near(
            dw.array, expected, suffix, size, roundings=n + 8, where=f"{name} {suffix} {shape}"
        )
        assert dy.unchanged() and dw.unchanged(outside_only=True)
        assert all(v.unchanged() for v in lists)
        found.append(dw.array.tobytes())
    # The order of the sum depends neither on the order of threads nor on addresses.
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_sorted", [False, True])
def test_backward(suffix: str, shape: tuple[int, int, int], is_sorted: bool) -> None:
    for how in ((NONE, 0, WARP), (0, 1, BLOCK)):
        check_backward(suffix, shape, how, is_sorted)


@pytest.mark.parametrize("how", list(itertools.product((NONE, 1), (0, 1), (WARP, BLOCK))))
def test_every_way(how: tuple[int, int, int]) -> None:
    for is_sorted in (False, True):
        check_backward("float32", (60, 5, 12), how, is_sorted)


def test_fewer_threads() -> None:
    grad, index = ordinary("float32", (50, 20), 2), indices(50, 6)
    dw = np.zeros((6, 20), np.float32)
    args = (grad.astype(np.float32), index, dw, NONE, 0, BLOCK, 50, 6, 20)
    launch("embedding_backward", "float32", 2, args, threads=96)
    np.testing.assert_allclose(dw, sums(grad, index, 6, NONE, False), rtol=1e-4, atol=1e-5)
