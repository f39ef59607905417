"""The squared error's kernels on the host: every reduction, and the same result every time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.arrays import Placed, assert_near, compute, numpy_dtype, ordinary, sample
from tests.kernels.emulation import BACKWARD, FORWARD, SHUFFLED, TYPES, launch

SIZES = (0, 1, 5, 33, 1025, 9000)


def reduce(
    suffix: str, x: Placed, y: Placed, scale: float, blocks: int, order: int = FORWARD
) -> Placed:
    out = Placed(np.full(1, 77.0), numpy_dtype(suffix))
    partial = np.full(blocks, np.nan, compute(suffix))
    counter = np.zeros(1, np.uint32)
    workspace = (partial, counter) if blocks > 1 else (None, None)
    args = (x.array, y.array, out.array, scale, *workspace, x.array.size)
    launch("mse_reduce", suffix, blocks, args, order)
    assert not counter.any()
    assert out.unchanged(outside_only=True)
    return out


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("n", SIZES)
def test_reduce(suffix: str, n: int) -> None:
    a, b = ordinary(suffix, n, 1), ordinary(suffix, n, 2)
    for blocks, offset in ((1, 0), (3, 0), (2, 1)):
        x, y = Placed(a, numpy_dtype(suffix), offset), Placed(b, numpy_dtype(suffix), offset)
        scale = 1 / n if n else float("nan")
        for factor in (1.0, scale):
            found = reduce(suffix, x, y, factor, blocks).array
            expected = np.array([((a - b) ** 2).sum() * factor])
            assert_near(found, expected, suffix, np.abs(expected), where=f"{n}, {blocks} blocks")


@pytest.mark.parametrize("suffix", TYPES)
def test_the_order_in_which_blocks_run_changes_nothing(suffix: str) -> None:
    x, y = (Placed(ordinary(suffix, 9000, k), numpy_dtype(suffix)) for k in (1, 2))
    found = {
        reduce(suffix, x, y, 1.0, 5, order).array.tobytes()
        for order in (FORWARD, BACKWARD, SHUFFLED)
    }
    assert len(found) == 1


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_special_numbers_reach_the_sum(value: float) -> None:
    a = ordinary("float32", 700, 1)
    a[699] = value
    x, y = Placed(a, np.float32), Placed(np.ones(700), np.float32)
    np.testing.assert_array_equal(reduce("float32", x, y, 1.0, 2).array, [value])


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("each", [0, 1])
def test_backward(suffix: str, each: int) -> None:
    for n in SIZES:
        a, b = sample(suffix, n, 1), sample(suffix, n, 2)
        grad = ordinary(suffix, n if each else 1, 3)
        for offset in (0, 1):
            x, y, de, dx = (
                Placed(v, numpy_dtype(suffix), offset) for v in (a, b, grad, np.full(n, 77.0))
            )
            args = (x.array, y.array, de.array, dx.array, 2.0 / max(n, 1), each, n)
            launch("mse_backward", suffix, 2, args)
            with np.errstate(all="ignore"):
                # The difference of two numbers of the type may be beyond it.
                difference = (a - b).astype(compute(suffix)).astype(np.float64)
                expected = difference * (grad * (2.0 / max(n, 1)))
            lost = 1 + np.fmin(np.abs(a), 1e4) + np.fmin(np.abs(b), 1e4)
            assert_near(dx.array, expected, suffix, lost=lost, where=f"{suffix}, n={n}")
            assert x.unchanged() and y.unchanged() and de.unchanged()
            assert dx.unchanged(outside_only=True)
