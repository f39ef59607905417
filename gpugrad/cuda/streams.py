"""Streams and events: work in order, work side by side, and how long it took.

What a thread computes goes to its current stream and is done there in order. Other streams run
beside it; where one needs another's results, it waits for an event. Memory is given back to the
stream that it was taken on: keep a tensor until all streams that use it have done so.
"""

from __future__ import annotations

from typing import Any, Literal

from ..device import device as Device
from .devices import DeviceLike, cupy, existing
from .devices import device as on_device


class Stream:
    """A sequence of work on a device that runs beside other streams.

    Args:
        device: None for the current one.
        priority: a lower number goes first.

    Attributes:
        device: the device.
        cuda_stream: CUDA's handle, an int.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
    """

    def __init__(self, device: DeviceLike = None, priority: int = 0) -> None:
        index = existing(device)
        with on_device(index):
            raw = cupy().cuda.Stream(non_blocking=True, priority=priority)
        self._take(raw, index)

    def _take(self, raw: Any, index: int) -> None:
        self.raw = raw
        self.device = Device("cuda", index)

    @property
    def cuda_stream(self) -> int:
        return int(self.raw.ptr)

    @property
    def priority(self) -> int:
        return int(self.raw.priority)

    def synchronize(self) -> None:
        """Wait until all work given to this stream has been done."""
        self.raw.synchronize()

    def query(self) -> bool:
        """Whether all work given to this stream has been done."""
        return bool(self.raw.done)

    def record_event(self, event: Event | None = None) -> Event:
        """Mark this point of the stream with an event, a new one unless given, and return it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Let later work of this stream wait for an event."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """Let later work of this stream wait for what another has been given so far."""
        self.wait_event(stream.record_event())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stream):
            return False
        return self.cuda_stream == other.cuda_stream and self.device == other.device

    def __hash__(self) -> int:
        return hash((self.cuda_stream, self.device))

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"

    def __cuda_stream__(self) -> tuple[int, int]:
        """The protocol by which CUDA libraries for Python exchange streams."""
        return (0, self.cuda_stream)


class Event:
    """A mark in a stream: to wait for, and to measure time between two of them.

    Args:
        enable_timing: whether :meth:`elapsed_time` can be used.
        blocking: whether :meth:`synchronize` sleeps instead of spinning.
        interprocess: whether other processes can use the event; not together with timing.

    The event is made when first recorded, on the device of that stream.
    """

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        if enable_timing and interprocess:
            raise ValueError("an event for other processes cannot measure time")
        self._enable_timing = enable_timing
        self._blocking = blocking
        self._interprocess = interprocess
        self._raw: Any = None

    @property
    def cuda_event(self) -> int:
        """CUDA's handle, 0 before the event is recorded."""
        return 0 if self._raw is None else int(self._raw.ptr)

    def record(self, stream: Stream | None = None) -> None:
        """Mark where ``stream``, by default the current one, is now."""
        stream = current_stream() if stream is None else stream
        with on_device(stream.device):
            if self._raw is None:
                self._raw = cupy().cuda.Event(
                    block=self._blocking,
                    disable_timing=not self._enable_timing,
                    interprocess=self._interprocess,
                )
            self._raw.record(stream.raw)

    def wait(self, stream: Stream | None = None) -> None:
        """Let later work of ``stream``, by default the current one, wait for this event."""
        if self._raw is not None:
            (current_stream() if stream is None else stream).raw.wait_event(self._raw)

    def query(self) -> bool:
        """Whether all work before the event has been done; True if it was never recorded."""
        return self._raw is None or bool(self._raw.done)

    def synchronize(self) -> None:
        """Wait until all work before the event has been done."""
        if self._raw is not None:
            self._raw.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to ``end_event``.

        Raises:
            ValueError: an event does not measure time, or was never recorded.
            RuntimeError: an event has not been reached yet: synchronize first.
        """
        if not (self._enable_timing and end_event._enable_timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._raw is None or end_event._raw is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        if not (self.query() and end_event.query()):
            raise RuntimeError("Both events must be completed before calculating elapsed time.")
        return float(cupy().cuda.get_elapsed_time(self._raw, end_event._raw))

    def __repr__(self) -> str:
        if self._raw is None:
            return "<torch.cuda.Event uninitialized>"
        return f"<torch.cuda.Event {self.cuda_event:#x}>"


def _wrapped(raw: Any, index: int) -> Stream:
    stream = object.__new__(Stream)
    stream._take(raw, index)
    return stream


def current_stream(device: DeviceLike = None) -> Stream:
    """The stream that this thread's work on a device goes to.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
    """
    index = existing(device)
    return _wrapped(cupy().cuda.get_current_stream(index), index)


def default_stream(device: DeviceLike = None) -> Stream:
    """The stream that work goes to unless another is chosen.

    Raises:
        RuntimeError: CUDA cannot be used, or there is no such device.
    """
    return _wrapped(cupy().cuda.Stream.null, existing(device))


def set_stream(stream: Stream | None) -> None:
    """Make ``stream`` this thread's current one, and its device too; nothing for None.

    :func:`stream` does so for a while only.
    """
    if stream is not None:
        cupy().cuda.Device(stream.device.index).use()
        stream.raw.use()


class StreamContext:
    """A context in which another stream, and its device, are the current ones of this thread.

    Args:
        stream: None changes nothing.
    """

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            self._here = current_stream()
            self._there = current_stream(self.stream.device)
            set_stream(self.stream)

    def __exit__(self, *error: object) -> Literal[False]:
        if self.stream is not None:
            set_stream(self._there)
            set_stream(self._here)
        return False


def stream(stream: Stream | None) -> StreamContext:
    """A context in which ``stream`` is the current one: ``with gpugrad.cuda.stream(s): ...``"""
    return StreamContext(stream)
