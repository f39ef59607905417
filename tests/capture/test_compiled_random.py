"""Random training programs, compiled: results, leaves and gradients as in eager mode."""

from __future__ import annotations

import numpy as np
import pytest

import gpugrad
from tests.capture.random_programs import Writer, eager


def check(seed: int) -> None:
    """Without the comparison at the first replay, which would leave mistakes to NumPy."""
    writer = Writer(seed)
    expected = writer.played(eager)
    found = writer.played(lambda step: gpugrad.compile(step, verify=False))
    assert len(expected) == len(found)
    for one, other in zip(expected, found, strict=True):
        scale = np.abs(one[np.isfinite(one)]).max(initial=0.1)
        np.testing.assert_allclose(other, one, rtol=2e-4, atol=2e-5 * scale, err_msg=str(seed))


@pytest.mark.parametrize("seed", range(0, 80, 10))
def test_replayed_by_numpy(seed: int) -> None:
    for number in range(seed, seed + 10):
        check(number)


@pytest.mark.usefixtures("generated")
@pytest.mark.parametrize("seed", range(10))
def test_replayed_by_generated_code(seed: int) -> None:
    check(1000 + seed)
