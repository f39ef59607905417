"""Where arrays live. ``backend_of(array)`` finds the primitives for an array by its type."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..device import device
from ..dtypes import when_bfloat16_is_known
from .cpu import CPU
from .cpu_large import LargeCPU
from .primitives import Array, Primitives

cpu = CPU()
cpu.large = LargeCPU()

BACKENDS: dict[type, Any] = dict.fromkeys(
    (
        np.ndarray,
        np.float16,
        np.float32,
        np.float64,
        np.int8,
        np.int16,
        np.int32,
        np.int64,
        np.uint8,
        np.bool_,
    ),
    cpu,
)
"""The primitives by array type. NumPy hands back scalars for 0-d results, so they count too.

Further types are added by :mod:`gpugrad.backend.cuda` when first used, by the namespace of
differentiable tensors, and by capture.
"""


when_bfloat16_is_known.append(lambda scalar: BACKENDS.setdefault(scalar, cpu))


def backend_of(array: Array) -> Any:
    """The primitives that work on ``array``."""
    return BACKENDS[type(array)]


def get_backend(where: device) -> Primitives:
    """The primitives of a device. Raises RuntimeError saying what is missing for ``cuda``."""
    if where.type == "cpu":
        return cpu
    from . import cuda

    found: Primitives = cuda.backend(where)
    return found


def device_of(array: Array) -> device:
    """The device that holds ``array``."""
    found: device = BACKENDS[type(array)].device(array)
    return found
