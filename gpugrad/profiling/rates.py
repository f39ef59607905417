"""What a machine can do at best, measured next to what is judged by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .clocks import Clock, fastest

COPIED = {"cpu": 32 * 2**20, "cuda": 512 * 2**20}
"""Bytes of the array that is copied: more than fits into a cache."""

SIDE = {"cpu": 1024, "cuda": 8192}
"""Rows and columns of the matrices that are multiplied."""

MOST_PRODUCTS = 200
"""Keep a device busy at most; a queue of launches has an end."""


@dataclass(frozen=True)
class Rates:
    """What a device does at best.

    Attributes:
        bandwidth: bytes a second, read and written, of a copy.
        arithmetic: operations a second of a product of matrices.
        dtype: of those matrices.
        call: seconds of a call that has next to nothing to do.
    """

    bandwidth: float
    arithmetic: float
    dtype: str
    call: float


def measure(backend: Any, clock: Clock, dtype: str, small: bool = False) -> Rates:
    """Measure a device.

    Args:
        backend: its primitives.
        dtype: of the matrices that are multiplied.
        small: only few and small pieces of work, where computing on the device is but an emulation.
    """
    module, kind = backend.module, backend.device_type
    nbytes = 2**20 if small else COPIED[kind]
    # Ones, since a system may have one page for all zeros that nobody has written.
    source, target = module.ones(nbytes, np.uint8), backend.empty((nbytes,), np.uint8)
    copying = fastest(lambda: backend.copy(source, target), clock, 0.15, 100)
    side = 64 if small else SIDE[kind]
    number = np.dtype(dtype) if dtype in ("float64", "float16") else np.dtype(np.float32)
    if kind == "cpu" and number.itemsize == 2:
        number = np.dtype(np.float32)  # no processor's BLAS has it
    matrix = module.ones((side, side), number)
    product = backend.empty((side, side), number)
    multiplying = fastest(lambda: backend.matmul(matrix, matrix, product), clock, 0.25, 50)
    tiny = module.zeros(4, np.float32)
    call = fastest(lambda: backend.add(tiny, tiny, tiny), clock, 0.01)
    return Rates(2 * nbytes / copying, 2 * side**3 / multiplying, number.name, call)


def keep_busy(backend: Any, rates: Rates, seconds: float, small: bool = False) -> None:
    """Give a CUDA device so much to do that the host gets ahead of it by about ``seconds``.

    Events that wait behind that are then as far apart as the work between them takes, not as the
    host takes to ask for it.
    """
    side = 64 if small else SIDE["cuda"] // 4
    matrix = backend.zeros((side, side), np.dtype(np.float32))
    product = backend.empty((side, side), np.dtype(np.float32))
    for _ in range(min(1 + int(seconds * rates.arithmetic / (2 * side**3)), MOST_PRODUCTS)):
        backend.matmul(matrix, matrix, product)
