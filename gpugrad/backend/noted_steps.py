"""What is written down of a call of a primitive: which memory it reads, and which it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .primitives import Array


class CaptureError(RuntimeError):
    """A function cannot be captured; the message names the reason and the line."""


@dataclass(eq=False)
class Root:
    """A piece of memory.

    Attributes:
        owner: what keeps it alive.
        address: of its first byte.
        nbytes: how long it is.
        step: the number of the step that made it; -1 for memory that was there before.
        frozen: whether it has numbers that Python made in the call, and nobody else knows of it.
    """

    owner: Any
    address: int
    nbytes: int
    step: int = -1
    frozen: bool = False

    @property
    def external(self) -> bool:
        return self.step < 0


@dataclass(frozen=True)
class Ref:
    """An array as a view of a root; ``array`` is the one that was met."""

    root: Root
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: Any
    array: Array = field(compare=False, repr=False)


@dataclass(eq=False)
class Step:
    """One noted call.

    Attributes:
        name: the primitive's.
        function: what carries it out.
        args: the positional arguments, with a :class:`Ref` for every array.
        kwargs: the named ones, without those for the results.
        results: where fresh results go, given as ``out``; empty for a step that only writes into
            its arguments.
        several: whether the results are a tuple.
        missing: the places in that tuple where there is None.
        effect: whether the step does something besides its results, such as drawing random numbers.
        place: the line of the user's program.
        also_written: arguments into which the step writes, besides its results. If it has neither,
            it may write into all of them.
    """

    name: str
    function: Callable[..., Any]
    args: list[Any]
    kwargs: dict[str, Any]
    results: list[Ref]
    several: bool
    effect: bool
    place: str
    also_written: list[Ref]
    missing: list[int] = field(default_factory=list)

    def refs(self) -> Iterator[Ref]:
        """All arrays that the step reads or writes."""
        yield from self.results
        yield from refs_in((self.args, self.kwargs))

    def written(self) -> Iterator[Ref]:
        """All arrays that the step may write into."""
        yield from self.results
        yield from self.also_written
        if not self.results and not self.also_written:
            yield from refs_in((self.args, self.kwargs))


def same_kind(value: tuple[Any, ...], items: list[Any]) -> tuple[Any, ...]:
    """A tuple of other items, named if ``value`` is."""
    return type(value)(*items) if hasattr(value, "_fields") else tuple(items)


def refs_in(value: Any) -> Iterator[Ref]:
    """The arrays in nested lists, tuples and dictionaries."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from refs_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from refs_in(item)
