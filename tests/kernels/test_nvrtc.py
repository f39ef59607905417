"""All kernels compile with NVRTC, which needs no GPU: no warnings, and everything in registers.

By default for one architecture: each takes some ten seconds. KERNEL_ARCHITECTURES=all takes all of
them, and a list such as "75 120" those.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from gpugrad.backend import kernel_source
from gpugrad.backend.kernel_report import ARCHITECTURES, compile_source, usage

ASKED = os.environ.get("KERNEL_ARCHITECTURES", "90")
TESTED = ARCHITECTURES if ASKED == "all" else tuple(ASKED.split())

pytest.importorskip("cupy_backends")

try:
    compile_source("relu", "75")
except RuntimeError as missing:
    if "NVRTC" not in str(missing):
        raise
    pytest.skip(str(missing).splitlines()[0], allow_module_level=True)


@pytest.mark.parametrize("architecture", TESTED)
def test_compiles_without_warnings_or_spills(architecture: str) -> None:
    def compiled(stem: str) -> tuple[str, bytes, str]:
        return stem, *compile_source(stem, architecture)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compiled, kernel_source.stems()))
    assert [(stem, log) for stem, _, log in results if log] == []
    used = {u.kernel: u for _, code, _ in results for u in usage(code, architecture)}
    assert used.keys() == {
        f"{name}_{suffix}" for name in kernel_source.entries() for suffix in kernel_source.SUFFIXES
    }
    assert [u for u in used.values() if u.stack_bytes] == []


def test_usage_reads_what_the_assembler_reports() -> None:
    code, _ = compile_source("mse", "75")
    by_name = {u.kernel: u for u in usage(code, "75")}
    summing, plain = by_name["mse_reduce_float64"], by_name["mse_none_float64"]
    # Eight sums of the warps, and a flag; architectures from 90 on add 1024 bytes of their own.
    assert 8 * 8 + 1 <= summing.shared_bytes <= 80 and plain.shared_bytes == 0
    assert 16 <= plain.registers <= 255
