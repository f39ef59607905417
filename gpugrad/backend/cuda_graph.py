"""Calls captured once as a CUDA graph, which one launch then carries out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from .noted_steps import CaptureError

Call = tuple[Callable[..., Any], list[Any]]


class _OfThread(threading.local):
    capturing = False


_of_thread = _OfThread()


def capturing() -> bool:
    """Whether this thread is putting its calls into a graph instead of carrying them out."""
    return _of_thread.capturing


class GraphExecutor:
    """Carries calls out on a CUDA device: at the first time one by one, then by a graph.

    The first time loads all code, because a driver may refuse to do that while it captures. The
    graph is captured right after that.

    A graph keeps addresses and the values of numbers, and nothing alive. So what the calls read and
    write must be kept by whoever owns them, and memory that they take in between comes from a pool
    of the graph's own, which nobody else gets a piece of (CuPy's own pool does not know of graphs).

    Args:
        backend: the primitives of the device.
        calls: what to do, in order.
        on: makes the context in which the device of the calls is the current one.
    """

    def __init__(
        self,
        backend: Any,
        calls: Sequence[Call],
        on: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._backend = backend
        self._module = backend.module
        self._calls = calls
        self._on = on
        self._pool = self._module.cuda.MemoryPool()
        self._stream: Any = None
        self._counters: Any = None
        self._graph: Any = None

    def __call__(self) -> None:
        """Do it on the current stream."""
        if not self._calls:
            return
        with self._on():
            stream = self._backend.graph_turns.take(self._module.cuda)
            if self._graph is None:
                for function, args in self._calls:
                    function(*args)
                self._graph = self._captured()
            else:
                self._graph.launch(stream=stream)

    def _captured(self) -> Any:
        cuda = self._module.cuda
        # A stream that does not wait for the default one. It lives as long as the graph, so that no
        # other gets its handle: what is kept for each stream is told apart by that.
        stream = self._stream = cuda.Stream(non_blocking=True)
        function: Any = stream.begin_capture
        own = self._backend.own_counters()
        with cuda.using_allocator(self._pool.malloc), stream, own as self._counters:
            # Relaxed, so that memory may be taken.
            stream.begin_capture(cuda.runtime.streamCaptureModeRelaxed)
            _of_thread.capturing = True
            try:
                for function, args in self._calls:
                    function(*args)
            except BaseException as error:
                _abandon(stream)
                if not isinstance(error, Exception):
                    raise
                name = getattr(getattr(function, "func", function), "__name__", "a call")
                raise CaptureError(f"{name} cannot be part of a CUDA graph: {error}") from error
            finally:
                _of_thread.capturing = False
            return stream.end_capture()


class Turns:
    """Lets graphs run one after the other, on whichever streams they are launched.

    They share the workspace for products of matrices, and a graph that is launched twice shares
    all of its memory with itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[int, Any] = {}

    def take(self, cuda: Any) -> Any:
        """The current stream, which from now on waits for what the last one had to do."""
        stream = cuda.get_current_stream()
        device = cuda.runtime.getDevice()
        with self._lock:
            last = self._last.get(device)
            if last is not stream and last is not None and last.ptr != stream.ptr:
                event = cuda.Event(disable_timing=True)
                event.record(last)
                stream.wait_event(event)
            self._last[device] = stream
        return stream


def _abandon(stream: Any) -> None:
    """End a capture that has failed, which itself may fail."""
    try:
        stream.end_capture()
    except Exception:  # in whatever type CuPy reports that the capture is invalid
        return
