"""CUDA graphs of the stand-in: while a stream is captured, work is noted instead of done.

As on a GPU, a graph keeps addresses and the values of numbers, and nothing alive: a launch of a
graph that works on memory which has been freed is an error here (there it is somebody else's data).
Refused while capturing, as by CUDA and CuPy: waiting, copies between host and device, CuPy's own
calls of cuBLAS and cuSOLVER, memory from CuPy's own pool, and code that has not been loaded (which
old drivers refuse).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import runtime as rt

if TYPE_CHECKING:
    from .streams import Stream


class Capture:
    """What has been noted for a graph."""

    def __init__(self) -> None:
        self.work: list[tuple[Callable[[], Any], list[weakref.ref[rt.Memory]]]] = []

    def note(self, action: Callable[[], Any], memories: list[rt.Memory]) -> None:
        self.work.append((action, [weakref.ref(m) for m in memories]))


class Graph:
    """``cupy.cuda.Graph``"""

    def __init__(self, capture: Capture) -> None:
        self._work = capture.work

    def launch(self, stream: Stream | None = None) -> None:
        refuse("launching another graph")
        for action, memories in self._work:
            if any(memory() is None for memory in memories):
                raise rt.CUDARuntimeError("the graph works on memory that has been freed")
            action()


def refuse(what: str) -> None:
    """Raise if the current stream is being captured."""
    if rt.current.capture is not None:
        raise rt.CUDARuntimeError(
            f"cudaErrorStreamCaptureUnsupported: operation not permitted when stream is capturing "
            f"({what})"
        )


def refuse_library(what: str) -> None:
    """What CuPy itself refuses."""
    if rt.current.capture is not None:
        raise NotImplementedError(f"calling {what} API during stream capture is unsupported")


def done(action: Callable[[], Any], *arrays: Any) -> None:
    """Do some work on arrays, or note it if the current stream is being captured.

    The action must refer to the arrays' host memory and not to the arrays: those keep it alive.
    """
    capture = rt.current.capture
    if capture is None:
        action()
    else:
        capture.note(
            action,
            [a.data.mem for a in arrays if isinstance(getattr(a, "data", None), rt.MemoryPointer)],
        )
