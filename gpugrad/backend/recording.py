"""Who notes what backends compute, and what the floors above ask of it; see :mod:`.recorder`."""

from __future__ import annotations

import contextlib
import os
import sys
import types
from typing import TYPE_CHECKING, Any

from .primitives import Array

if TYPE_CHECKING:  # what records is imported with what has it record
    from .recorder import Recorder as Recorder

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

listener: Recorder | None = None
"""Who listens to any thread; see :func:`current`."""


def current() -> Recorder | None:
    """The recorder that listens to this thread."""
    found = listener
    return found if found is not None and found.listening else None


def unnoted() -> contextlib.AbstractContextManager[None]:
    """A context for looking at values without being noted, as checks of arguments do.

    A replay does not look again.
    """
    recorder = current()
    return contextlib.nullcontext() if recorder is None else recorder.paused()


def made_in_python(backend: Any, array: Any, where: Any) -> Array:
    """A NumPy array that nobody else has, on a device."""
    recorder = current()
    if recorder is None or recorder.backend is not backend:
        return backend.from_host(array, where)
    return recorder.constant(array, where)


def user_line() -> str:
    """File and line of the innermost code that is not this package's."""
    frame = frames()[0]
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def frames() -> tuple[types.FrameType, types.FrameType]:
    """The innermost frame that is not this package's, and the outermost one within it."""
    inner = frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(PACKAGE) and frame.f_back is not None:
        inner, frame = frame, frame.f_back
    return frame, inner
