"""What a recording takes for granted, and how it is asked for again before each replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class Guards:
    """What a recording takes for granted, asked for again before each replay.

    Attributes:
        before: functions to call before each replay, to bring device memory up to date.
    """

    def __init__(self) -> None:
        self.before: list[Callable[[], None]] = []
        self._terms: dict[tuple[Any, ...], tuple[str, tuple[Any, ...]]] = {}

    def require(self, term: str, *objects: Any) -> None:
        """Take an expression for granted, which has ``{}`` in the places of some objects."""
        self._terms[term, *map(id, objects)] = (term, objects)

    def objects(self) -> Iterator[Any]:
        """The objects in all of it."""
        for _, objects in self._terms.values():
            yield from objects

    def leave_out(self, superfluous: Callable[[str, tuple[Any, ...]], bool]) -> None:
        """Take those expressions for granted no longer of which a function says so."""
        self._terms = {k: pair for k, pair in self._terms.items() if not superfluous(*pair)}

    def test(self) -> Callable[[], bool]:
        """A function that tells whether all of it still holds: one expression, to be quick."""
        space: dict[str, Any] = {}
        terms = []
        for number, (term, objects) in enumerate(self._terms.values()):
            names = [f"o{number}_{k}" for k in range(len(objects))]
            space |= zip(names, objects, strict=True)
            terms.append(term.format(*names))
        found: Callable[[], bool] = eval("lambda: " + (" and ".join(terms) or "True"), space)
        return found


NUMBERS = (bool, int, float, str)


def watch_number(guards: Guards, place: str, holder: Any, value: Any) -> bool:
    """Take a number for granted that stands in some place of ``holder``; whether it is one."""
    if not isinstance(value, NUMBERS):
        return False
    guards.require(place + " == {}", holder, value)
    return True


def watch_attributes(
    guards: Guards,
    holder: Any,
    function: Callable[..., Any],
    otherwise: Callable[[Guards, str, Any, Any], Any] | None = None,
) -> None:
    """Take an object's attributes for granted that are numbers and whose names a function mentions.

    ``otherwise`` is called for the other attributes with those names.
    """
    code = getattr(function, "__code__", None)
    attributes = getattr(holder, "__dict__", None)
    if code is None or not isinstance(attributes, dict):
        return
    for name in code.co_names:
        if name in attributes:
            place = f"{{}}.get({name!r})"
            if not watch_number(guards, place, attributes, attributes[name]) and otherwise:
                otherwise(guards, place, attributes, attributes[name])
