"""Random streams while a program is recorded: their draws, and states that it goes back to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import recording
from .primitive_effects import DRAWS
from .stream import Stream

if TYPE_CHECKING:
    from .noted_steps import Step

TAKE, GO_BACK = "take_state", "go_back_to_state"
"""The names of the steps, which have no arguments and no results."""


class _NotedStream:
    """A stream of random numbers of which the draws are noted."""

    def __init__(self, recorder: recording.Recorder, stream: Stream) -> None:
        self._recorder = recorder
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        if name not in DRAWS:
            return found
        return lambda *args, **kwargs: self._recorder.run(name, found, args, kwargs, effect=True)


def noted_stream(stream: Stream) -> Any:
    """The stream itself, or while recording one whose draws are noted."""
    recorder = recording.current()
    return stream if recorder is None else _NotedStream(recorder, stream)


class Place:
    """Where recorded steps keep a state of a stream: every replay takes its own one.

    Args:
        stream: of the random numbers.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.mark: Any = None

    def take(self) -> None:
        """Keep the present state."""
        self.mark = self.stream.mark_again(self.mark)

    def go_back(self) -> None:
        """Continue from the state that is kept."""
        self.stream.go_back(self.mark)


def mark(stream: Stream) -> Any:
    """The state of a stream, for :func:`go_back`; while recording, what takes it is noted."""
    recorder = recording.current()
    if recorder is None or recorder.backend.device_type != stream.device_type:
        return stream.mark()
    place = Place(stream)
    recorder.run(TAKE, place.take, (), {}, effect=True)
    return place


def go_back(stream: Stream, state: Any) -> None:
    """Continue from a state that :func:`mark` gave."""
    if not isinstance(state, Place):
        stream.go_back(state)
        return
    recorder = recording.current()
    if recorder is None:
        state.go_back()
    else:
        recorder.run(GO_BACK, state.go_back, (), {}, effect=True)


def is_at(stream: Stream, state: Any) -> bool:
    """Whether nothing was drawn since :func:`mark` gave a state."""
    return stream.is_at(state.mark if isinstance(state, Place) else state)


def repeat_draws(steps: Iterable[Step]) -> bool:
    """Whether steps go back to a state, and draw."""
    names = {step.name for step in steps}
    return GO_BACK in names and bool(names & {*DRAWS, "draw_dropout"})


def without_states(steps: Iterable[Step]) -> list[Step]:
    """The steps without those that take states or go back to them."""
    return [step for step in steps if step.name not in (TAKE, GO_BACK)]
