"""Streams and events that are only pretended: work is done at once."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

from .runtime import CUDARuntimeError, current


class PinnedMemoryPointer(bytearray):
    """Memory of the host that the system does not move."""


class Stream:
    """Work is done at once, so a stream is only a number."""

    null: Stream
    done = True
    _handles = itertools.count(0x1000)

    def __init__(
        self, null: bool = False, non_blocking: bool = False, priority: int | None = None
    ) -> None:
        self.ptr = 0 if null else next(self._handles)
        self.device_id = -1 if null else current.device
        self.priority = priority or 0
        self.waited_for: list[Event] = []
        self._former: list[Stream] = []

    def use(self) -> Stream:
        if self.device_id not in (-1, current.device):
            raise RuntimeError(
                f"The device that the stream is created on ({self.device_id}) does not match with "
                f"the current device ({current.device})"
            )
        current.streams[current.device] = self
        return self

    def __enter__(self) -> Stream:
        self._former.append(get_current_stream())
        return self.use()

    def __exit__(self, *error: object) -> None:
        self._former.pop().use()

    def begin_capture(self, mode: int = 0) -> None:
        if self.ptr == 0:
            raise CUDARuntimeError("cudaErrorStreamCaptureImplicit: not on the default stream")
        from .graphs import Capture

        current.capture = Capture()

    def end_capture(self) -> Any:
        from .graphs import Graph

        capture, current.capture = current.capture, None
        return Graph(capture)

    def synchronize(self) -> None:
        if current.capture is not None:
            raise CUDARuntimeError("cudaErrorStreamCaptureUnsupported: waiting in a capture")

    def wait_event(self, event: Event) -> None:
        self.waited_for.append(event)


Stream.null = Stream(null=True)


class Event:
    done = True
    _handles = itertools.count(0x2000)

    def __init__(
        self, block: bool = False, disable_timing: bool = False, interprocess: bool = False
    ) -> None:
        self.ptr = next(self._handles)
        self.stream: Stream | None = None
        self.time = math.nan

    def record(self, stream: Stream | None = None) -> None:
        self.stream = get_current_stream() if stream is None else stream
        self.time = time.perf_counter()

    def synchronize(self) -> None:
        pass


def get_elapsed_time(start: Event, end: Event) -> float:
    return (end.time - start.time) * 1e3


def get_current_stream(device_id: int = -1) -> Stream:
    index = current.device if device_id == -1 else device_id
    found: Stream = current.streams.get(index, Stream.null)
    return found
