"""The state of all default generators at once, to repeat random numbers later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import generator
from .generator import Generator

State = list[tuple[Generator, Any]]
"""Each default generator with its state."""


def snapshot() -> State:
    """The states of the default generators: the CPU's, and those of the CUDA devices in use."""
    used = (generator.default_generator, *generator._cuda_generators.values())
    return [(each, each.get_state()) for each in used]


def restore(state: State) -> None:
    """Put the generators into the states that :func:`snapshot` found."""
    for each, former in state:
        each.set_state(former)


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
    return all(
        bool((now == then).all()) for (_, now), (_, then) in zip(snapshot(), state, strict=False)
    )
