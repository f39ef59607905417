"""The folder of compiled code kept to a size: what was used last stays.

>>> import pathlib, tempfile
>>> from gpugrad.native.pruning import prune
>>> with tempfile.TemporaryDirectory() as folder:
...     written = pathlib.Path(folder, "library.so").write_bytes(b"code")
...     prune(pathlib.Path(folder), most=3)
1
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

MOST = 256 * 2**20
"""Bytes that all libraries together may take: some thousand compiled steps."""

KEPT = 0.75
"""The share of that to which they are brought back, so that this happens seldom."""

ABANDONED = 24 * 3600
"""Seconds after which a file that is being written belongs to a process that has ended."""


def mark_used(path: Path) -> None:
    """Note that a library is in use: the time of reading is not kept by many file systems."""
    with contextlib.suppress(OSError):  # somebody else's, or gone
        os.utime(path)


def prune(folder: Path, most: int = MOST) -> int:
    """Delete the libraries that were not used for longest, if all are larger than ``most`` bytes.

    Other processes may do the same, and go on with libraries that they have loaded: their memory
    stays when the name is gone.

    Returns:
        How many files it has deleted.
    """
    found: list[tuple[float, int, str]] = []
    deleted = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # deleted by another process
                state = entry.stat()
                if entry.name.endswith(".so"):
                    found.append((state.st_mtime, state.st_size, entry.path))
                elif entry.name.startswith(".gpugrad-") and _is_old(state.st_mtime):
                    deleted += _delete(entry.path)
    total = sum(size for _, size, _ in found)
    if total <= most:
        return deleted
    for _, size, path in sorted(found):
        if total <= most * KEPT:
            break
        deleted += _delete(path)
        total -= size
    return deleted


def _is_old(written: float) -> bool:
    return written < time.time() - ABANDONED


def _delete(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True
