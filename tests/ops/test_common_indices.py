"""The short way for common indices finds what the long way finds."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest

import gpugrad
from gpugrad.ops.native_index import _any_index, _common_index

SHAPE = (3, 4, 5)
MASKS = (gpugrad.tensor([True, False, True]), gpugrad.ones(3, 4).bool(), gpugrad.tensor(True))
ITEMS = (
    *(0, 2, -1, -3, 4, 7, True, np.int64(1), None, ..., ...),
    *(slice(None), slice(1, 3), slice(-2, 9), slice(None, None, 2), slice(gpugrad.tensor(1), 3)),
    *(gpugrad.tensor(1), gpugrad.tensor(-4), gpugrad.tensor([0, 2]), gpugrad.tensor([[1], [0]])),
    *(gpugrad.tensor([1, 0]).int(), gpugrad.tensor([1, 0, 1]).byte(), [0, 1], range(2)),
    *(*MASKS, "a", 1.5, gpugrad.tensor([0.5])),
)


def test_the_short_way_and_the_long_way_agree() -> None:
    chosen, x = random.Random(0), gpugrad.zeros(*SHAPE)
    taken = 0
    for _ in range(3000):
        index = tuple(chosen.choice(ITEMS) for _ in range(chosen.randrange(5)))
        short = _common_index(x.array, index)
        if short is None:
            continue
        taken += 1
        long = _any_index(x, index)
        assert len(short) == len(long), index
        for mine, other in zip(short, long, strict=True):
            assert type(mine) is type(other), index
            assert mine is other or np.array_equal(mine, other), index
    assert taken > 500


@pytest.mark.parametrize(
    "index",
    [
        3,
        (0, slice(1, 3)),
        (..., -1),
        (None, 1),
        (slice(None), gpugrad.tensor([0, 2])),
        (gpugrad.tensor(1), ..., gpugrad.tensor([0, 1])),
        MASKS[:1],
        MASKS[1:2],
    ],
)
def test_common_indices_go_the_short_way(index: object) -> None:
    items = index if isinstance(index, tuple) else (index,)
    assert _common_index(np.zeros((4, 4, 5) if index == 3 else SHAPE), items) is not None


def test_the_warning_of_byte_masks_names_the_line_of_the_user() -> None:
    x, mask = gpugrad.zeros(3), gpugrad.tensor([1, 0, 1]).byte()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert x[mask].shape == (2,)
    assert [w.filename for w in caught] == [__file__]
