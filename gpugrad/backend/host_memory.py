"""How the C library keeps the memory of arrays that are gone.

NumPy takes the memory of every result from ``malloc`` and soon frees it. Blocks above 128 KB glibc
gives back to the system, which hands them out again as pages full of zeros: a training step over
arrays of some megabytes spends a third of its time on that. So glibc is told to keep what was
freed, for whoever asks next in this process.
"""

from __future__ import annotations

import ctypes
import os
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""The names of the options in ``malloc.h``."""

LARGEST = 32 * 2**20
"""Larger blocks still go back to the system at once; glibc takes no higher value."""
KEPT = 256 * 2**20
"""The most that is kept at the end of the heap."""

SWITCH = "GPUGRAD_KEEP_MEMORY"
"""Set to 0 in the environment, it leaves the C library's ways as they are."""

USERS_CHOICE = ("GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
"""Who sets one of these knows what is wanted."""


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed memory; whether that was done."""
    if not sys.platform.startswith("linux") or os.environ.get(SWITCH) == "0":
        return False
    if any(name in os.environ for name in USERS_CHOICE):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST) and mallopt(TRIM_THRESHOLD, KEPT))
