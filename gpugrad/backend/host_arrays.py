"""Arrays on the host that a recorded call copies to a device, and that may change afterwards."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from .guards import Guards


class HostArrays:
    """What a recording has read of NumPy arrays, which its replays do not read again.

    Most of these arrays are made in the call and gone with it. Those that are still there
    afterwards belong to the program, and replays stand only as long as they have the same values.
    """

    def __init__(self) -> None:
        self._found: list[tuple[weakref.ref[Any], tuple[Any, ...], Any]] = []

    def as_now(self, array: Any) -> Any:
        """A copy of an array, as it is at this moment."""
        copied = array.copy()
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        place = (array.shape, array.dtype, start, array.strides)
        self._found.append((weakref.ref(owner), place, copied))
        return copied

    def guard(self, guards: Guards) -> None:
        """Take for granted the values of those arrays that are still there."""
        for reference, (shape, dtype, start, strides), copied in self._found:
            owner = reference()
            if owner is not None:
                there: Any = np.ndarray(shape, dtype, owner, start, strides)
                guards.require("{}.tobytes() == {}", there, copied.tobytes())
