"""Memory of arrays that are gone is used again, not fetched from the system each time."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import resource
import numpy as np
import gpugrad

x = gpugrad.ones(2_000_000)
for _ in range(3):
    results = [x * 2 for _ in range(6)]
    del results
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    results = [x * 2 for _ in range(6)]
    del results
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

ONCE = 6 * 8_000_000 // 4096
"""The pages of the arrays of a round."""


def page_faults(**environment: str) -> int:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    found: Any = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**clean, "NUMPY_MADVISE_HUGEPAGE": "0", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(found.stdout)


needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc has the options"
)


@needs_glibc
def test_results_take_the_memory_of_results_before() -> None:
    assert page_faults() < ONCE


@needs_glibc
def test_users_may_keep_the_old_ways() -> None:
    assert page_faults(GPUGRAD_KEEP_MEMORY="0") > 10 * ONCE
    assert page_faults(MALLOC_TRIM_THRESHOLD_=str(128 * 1024)) > 10 * ONCE
