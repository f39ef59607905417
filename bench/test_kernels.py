"""pytest-benchmark cases of the CUDA kernels, at a size that fits no cache; needs a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.kernel_cases import CASES
from bench.kernel_cases.work import Work
from bench.suites.kernels import UnavailableError, require

pytest.importorskip("pytest_benchmark")

ELEMENTS = 2**24


@pytest.mark.parametrize("name", CASES)
def test_kernel(benchmark: Any, name: str) -> None:
    try:
        xp = require()
    except UnavailableError as error:
        pytest.skip(str(error))
    case = CASES[name](Work(xp, np.dtype(np.float32), ELEMENTS))
    if case is None:
        pytest.skip("the kernel does not serve this size")
    synchronize = xp.module.cuda.Device().synchronize

    def run() -> None:
        case.ours()
        synchronize()

    benchmark(run)
