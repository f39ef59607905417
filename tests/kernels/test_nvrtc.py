"""All kernels compile with NVRTC, which needs no GPU: no warnings, and everything in registers.

By default for one architecture: each takes some ten seconds. KERNEL_ARCHITECTURES=all takes all of
them, and a list such as "75 120" those.
"""

from __future__ import annotations

import os

import pytest

from gpugrad.backend import kernel_source, nvrtc
from gpugrad.backend.kernel_report import ARCHITECTURES, compile_source, compile_sources, usage

ASKED = os.environ.get("KERNEL_ARCHITECTURES", "90")
TESTED = ARCHITECTURES if ASKED == "all" else tuple(ASKED.split())

try:
    nvrtc.version()
except nvrtc.NvrtcMissingError as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.mark.parametrize("architecture", TESTED)
def test_compiles_without_warnings_or_spills(architecture: str) -> None:
    reports = list(compile_sources(kernel_source.stems(), [architecture]))
    assert [(r.stem, r.log) for r in reports if r.log] == []
    used = {kernel.kernel: kernel for r in reports for kernel in r.kernels}
    assert used.keys() == {
        f"{name}_{suffix}" for name in kernel_source.entries() for suffix in kernel_source.SUFFIXES
    }
    assert [kernel for kernel in used.values() if kernel.stack_bytes] == []


def test_usage_reads_what_the_assembler_reports() -> None:
    code, _ = compile_source("mse", "75")
    by_name = {u.kernel: u for u in usage(code, "75")}
    summing, plain = by_name["mse_reduce_float64"], by_name["mse_none_float64"]
    # Eight sums of the warps, and a flag; architectures from 90 on add 1024 bytes of their own.
    assert 8 * 8 + 1 <= summing.shared_bytes <= 80 and plain.shared_bytes == 0
    assert 16 <= plain.registers <= 255


SPILLS = """
extern "C" __global__ void spills(float* x, int i) {
    float many[100];
    for (int k = 0; k < 100; k++) many[k] = x[k];
    for (int k = 0; k < i; k++) many[(k * i) % 100] += many[k % 77];
    x[0] = many[i % 100];
}
"""


def test_use_of_the_stack_is_seen() -> None:
    code, _ = nvrtc.compile_to_cubin(SPILLS, "spills.cu", ["-arch=sm_75"])
    assert usage(code, "75")[0].stack_bytes >= 400


def test_a_warning_is_told() -> None:
    source = 'extern "C" __global__ void warns(int* x) { int unused; x[0] = 1; }'
    code, log = nvrtc.compile_to_cubin(source, "warns.cu", ["-arch=sm_75"])
    assert code.startswith(b"\x7fELF")
    assert "warns.cu(1): warning" in log and '"unused"' in log


def test_an_error_names_source_and_line() -> None:
    with pytest.raises(RuntimeError, match=r"wrong\.cu\(1\): error.*undefined") as caught:
        nvrtc.compile_to_cubin("__device__ int f() { return y; }", "wrong.cu", ["-arch=sm_75"])
    assert str(caught.value).startswith("wrong.cu: NVRTC_ERROR_COMPILATION\n")


def test_a_wrong_option_is_refused() -> None:
    with pytest.raises(RuntimeError, match="relu.cu for sm_1: NVRTC_ERROR_INVALID_OPTION"):
        compile_source("relu", "1")


def test_all_tested_architectures_are_known() -> None:
    assert set(ARCHITECTURES) <= set(nvrtc.architectures())
