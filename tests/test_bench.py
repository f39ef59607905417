"""The benchmarks measure what they say; their figures are nobody's concern here."""

from __future__ import annotations

from typing import Any

import pytest

from bench.device_clock import DeviceClock
from bench.kernel_cases import CASES, missing
from bench.suites import kernels
from gpugrad.backend import get_backend
from gpugrad.device import device as Device

Array = Any


def test_every_kernel_has_a_case() -> None:
    assert missing() == []


@pytest.mark.parametrize("name", CASES)
def test_kernels_on_the_stand_in(name: str, host: Any) -> None:
    xp: Any = get_backend(Device("cuda"))
    clock = DeviceClock(xp.module, flush_bytes=1024)
    row = kernels.measure(name, xp, clock, (2**10, 2**13), runs=1)
    assert row["bytes"] == [2**10, 2**13]
    assert row["moved"][1] > row["moved"][0] > 0
    assert all(t > 0 for t in row["ours_us"])
