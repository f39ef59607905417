"""What the processor can do, by PyTorch's name."""

from __future__ import annotations

import functools
import pathlib
import platform

_ORDER = (("AVX512", "avx512f"), ("AVX2", "avx2"))


@functools.cache
def get_cpu_capability() -> str:
    """The widest vectors of the processor that is used: ``"AVX512"``, ``"AVX2"`` or
    ``"DEFAULT"``.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return "DEFAULT"
    try:
        words = set(pathlib.Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return "DEFAULT"
    return next((name for name, flag in _ORDER if flag in words), "DEFAULT")
