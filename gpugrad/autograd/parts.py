"""Nodes of PyTorch's graph that a node here includes, as walks through the graph find them.

They lie only in what ``next_functions`` shows; backward passes know nothing of them.
"""

from __future__ import annotations

from typing import Any

Edge = tuple[Any, int]

_classes: dict[str, Any] = {}


class NamedLikePyTorch(type):
    """Prints a class of nodes as PyTorch does: ``<class 'MulBackward0'>``."""

    def __repr__(cls) -> str:
        return f"<class '{getattr(cls, 'shown_in', '')}{cls.__name__}'>"


class Part(metaclass=NamedLikePyTorch):
    """One step of what ``whole``, a node, does at once; found by its name and place there."""

    __slots__ = ("next_functions", "place", "whole")

    def __init__(self, whole: Any, place: str, next_functions: tuple[Edge, ...]) -> None:
        self.whole, self.place, self.next_functions = whole, place, next_functions

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for whatever the user wants to note on this step."""
        notes: dict[Any, Any] = self.whole.metadata.setdefault(("part", self.place), {})
        return notes

    @property
    def requires_grad(self) -> bool:
        return True

    def name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self.whole) + len(self.place):#x}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and other.whole is self.whole and other.place == self.place

    def __hash__(self) -> int:
        return hash((id(self.whole), self.place))


def part(name: str, whole: Any, place: str, *next_functions: Edge) -> Edge:
    """An edge to a step with that name, or to nothing where none of its inputs has a gradient."""
    if all(function is None for function, _ in next_functions):
        return None, 0
    if name not in _classes:
        _classes[name] = NamedLikePyTorch(name, (Part,), {"__slots__": ()})
    return _classes[name](whole, place, next_functions), 0
