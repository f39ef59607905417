"""Calls captured once as a CUDA graph, which one launch then carries out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .recording import CaptureError

Call = tuple[Callable[..., Any], list[Any]]


class GraphExecutor:
    """Carries calls out on a CUDA device, by a graph that is captured at the first time.

    A graph keeps addresses and the values of numbers, and nothing alive. So what the calls read and
    write must be kept by whoever owns them, and memory that they take in between comes from a pool
    of the graph's own, which nobody else gets a piece of (CuPy's own pool does not know of graphs).

    Args:
        backend: the primitives of the device.
        calls: what to do, in order.
    """

    def __init__(self, backend: Any, calls: Sequence[Call]) -> None:
        self._backend = backend
        self._module = backend.module
        self._calls = calls
        self._pool = self._module.cuda.MemoryPool()
        self._counters: Any = None
        self._graph: Any = None

    def __call__(self) -> None:
        """Do it on the current stream."""
        if self._graph is None:
            self._graph = self._captured()
        self._graph.launch(stream=self._module.cuda.get_current_stream())

    def _captured(self) -> Any:
        cuda = self._module.cuda
        # A stream that does not wait for the default one; relaxed, so that code may be loaded.
        stream = cuda.Stream(non_blocking=True)
        function: Any = stream.begin_capture
        own = self._backend.own_counters()
        with cuda.using_allocator(self._pool.malloc), stream, own as self._counters:
            stream.begin_capture(cuda.runtime.streamCaptureModeRelaxed)
            try:
                for function, args in self._calls:
                    function(*args)
            except Exception as error:
                _abandon(stream)
                name = getattr(getattr(function, "func", function), "__name__", "a call")
                raise CaptureError(f"{name} cannot be part of a CUDA graph: {error}") from error
            return stream.end_capture()


def _abandon(stream: Any) -> None:
    """End a capture that has failed, which itself may fail."""
    try:
        stream.end_capture()
    except Exception:  # in whatever type CuPy reports that the capture is invalid
        return
