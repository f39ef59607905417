"""The CPU as a device, under the names that :mod:`gpugrad.cuda` has for the others.

>>> import gpugrad
>>> gpugrad.cpu.is_available(), gpugrad.cpu.device_count()
(True, 1)
"""

from __future__ import annotations

from typing import Any

from . import amp as amp


def is_available() -> bool:
    """True: there always is a CPU."""
    return True


def device_count() -> int:
    """1: all cores are one device."""
    return 1


def current_device() -> str:
    """``"cpu"``."""
    return "cpu"


def set_device(device: Any) -> None:
    """Accepted for PyTorch's sake: there is one CPU to choose."""


def synchronize(device: Any = None) -> None:
    """Accepted for PyTorch's sake: what the CPU was asked for is done when the call returns."""
