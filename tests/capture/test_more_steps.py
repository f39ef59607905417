"""Training steps as tutorials have them, each for its own kind of model: compiled as in eager mode.

Every step runs on the CPU and on the stand-in for CuPy, with other data in every turn.
"""

from __future__ import annotations

import numpy as np
import pytest

from gpugrad.native import toolchain
from tests.capture.jobs import batches, models, practice, techniques  # noqa: F401  # fill the registry
from tests.capture.jobs.registry import JOBS, PLANS, TURNS
from tests.capture.training import histories, programs


@pytest.mark.parametrize("device", ["cpu", "host"], indirect=True)
@pytest.mark.parametrize("name", JOBS)
def test_compiled_equals_eager(name: str, device: str) -> None:
    """To the last bit on the CPU, unless loops in C or CUDA add up in another order."""
    exact = device == "cpu" and not toolchain.available()
    tolerance = 0.0 if exact else 2e-5
    eager, compiled, function = histories(lambda: JOBS[name](device), TURNS * PLANS[name])
    for turn, (a, b) in enumerate(zip(eager, compiled, strict=True)):
        assert len(a) == len(b)
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            np.testing.assert_allclose(
                other, one, tolerance, tolerance / 10, err_msg=f"step {turn}, tensor {place}"
            )
    assert programs(function) == PLANS[name]
