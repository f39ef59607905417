"""Dropout's kernels on the host, against Philox over NumPy's arrays."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gpugrad.backend.kernels import blocks_for
from gpugrad.backend.philox import philox_words, words_kept
from tests.kernels.arrays import Placed, assert_near, numpy_dtype, sample
from tests.kernels.emulation import BACKWARD, FORWARD, SANITIZED, SHUFFLED, TYPES, launch

Array = Any

ORDERS = itertools.cycle((FORWARD, BACKWARD, SHUFFLED))
SIZES = (0, 1, 3, 8, 257, 3001)
DRAWS = ((0, 0), (2**64 - 1, 2**64 - 1), (0x299F31D0A4093822, 2**40 + 3))
PLACES = tuple(itertools.product((0, 1, 3), (0, 1, 2)))[:: 4 if SANITIZED else 1]


def as_int64(draw: tuple[int, int]) -> Array:
    return np.array(draw, np.uint64).view(np.int64)


def kept(draw: tuple[int, int], n: int, p: float) -> Array:
    """Which elements a draw keeps."""
    return philox_words(*draw, n) < words_kept(p)


def dropped(x: Array, draw: tuple[int, int], p: float) -> Array:
    with np.errstate(all="ignore"):
        return x * np.where(kept(draw, x.size, p), 1 / (1 - p), 0)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("n", SIZES)
def test_both_ways(suffix: str, n: int) -> None:
    for (offset, to), draw, p in zip(
        PLACES, itertools.cycle(DRAWS), itertools.cycle((0.25, 0.5, 0.9)), strict=False
    ):
        x, dtype = sample(suffix, n, 7 + offset), numpy_dtype(suffix)
        source, out = Placed(x, dtype, offset), Placed(np.full(n, 77), dtype, to)
        state, drawn = (Placed(v, np.int64) for v in (as_int64(draw), np.zeros(2)))
        counter = np.zeros(1, np.uint32)
        numbers = (words_kept(p), 1 / (1 - p), n)
        where = f"dropout_{suffix} {n} {draw} {p}"
        for blocks in (blocks_for(n, dtype.itemsize), 3):
            state.array[...] = as_int64(draw)
            arrays = (source.array, out.array, state.array, drawn.array, counter)
            launch("dropout_forward", suffix, blocks, (*arrays, *numbers), next(ORDERS))
            assert_near(out.array, dropped(x, draw, p), suffix, where=where)
            assert drawn.array.tolist() == as_int64(draw).tolist()
            following = (draw[0], (draw[1] + 1) % 2**64)
            assert state.array.tolist() == as_int64(following).tolist()
            assert counter[0] == 0
        out.array[...] = 77
        back = (source.array, out.array, drawn.array, *numbers)
        launch("dropout_backward", suffix, 2, back, next(ORDERS))
        assert_near(out.array, dropped(x, draw, p), suffix, where=where)
        assert source.unchanged() and all(a.unchanged(True) for a in (out, state, drawn))


@pytest.mark.parametrize("suffix", TYPES)
def test_in_place(suffix: str) -> None:
    x, draw = sample(suffix, 1001, 5), (5, 6)
    for offset in (0, 1):
        array = Placed(x, numpy_dtype(suffix), offset)
        args = (array.array, array.array, as_int64(draw), words_kept(0.5), 2.0, 1001)
        launch("dropout_backward", suffix, 1, args)
        assert_near(array.array, dropped(x, draw, 0.5), suffix)
        assert array.unchanged(outside_only=True)


def test_a_mask_belongs_to_places_and_not_to_threads() -> None:
    masks = []
    for suffix, blocks, threads in (("float32", 1, 32), ("float32", 5, 96), ("bfloat16", 2, 256)):
        x = np.ones(777, numpy_dtype(suffix))
        y = np.zeros_like(x)
        args = (x, y, as_int64((1, 2)), words_kept(0.3), 1.0, 777)
        launch("dropout_backward", suffix, blocks, args, threads=threads)
        masks.append(y.astype(np.float64).tolist())
    assert masks[0] == masks[1] == masks[2] == kept((1, 2), 777, 0.3).tolist()


def test_extreme_probabilities() -> None:
    x = np.ones(1000, np.float32)
    for p, least, most in ((1e-12, 999, 1000), (1 - 1e-12, 0, 1)):
        y = np.zeros_like(x)
        args = (x, y, as_int64((3, 4)), words_kept(p), 1.0, 1000)
        launch("dropout_backward", "float32", 1, args)
        assert least <= y.sum() <= most
