"""The state of all default generators at once, to repeat random numbers later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..backend import noted_streams
from . import generator
from .generator import Generator

State = list[tuple[Generator, Any]]
"""Each default generator with its state."""


def snapshot() -> State:
    """The states of the default generators: the CPU's, and those of the CUDA devices in use."""
    return [(each, noted_streams.mark(each.stream)) for each in _used()]


def _used() -> tuple[Generator, ...]:
    return (generator.default_generator, *generator._cuda_generators.values())


def restore(state: State) -> None:
    """Put the generators into the states that :func:`snapshot` found.

    Those that it did not find, because nothing had been drawn on their device, start again.
    """
    for each, former in state:
        noted_streams.go_back(each.stream, former)
    found = [each for each, _ in state]
    for each in _used():
        if each not in found:
            each.manual_seed(each.initial_seed())


@contextmanager
def repeated(state: State | None) -> Iterator[None]:
    """Draw from ``state`` on inside the context, and then go on as if nothing had been drawn.

    With None, nothing is done.
    """
    if state is None:
        yield
        return
    before = snapshot()
    restore(state)
    try:
        yield
    finally:
        restore(before)


def unchanged(state: State) -> bool:
    """Whether nothing was drawn since ``state`` was taken."""
    return all(noted_streams.is_at(each.stream, then) for each, then in state)
