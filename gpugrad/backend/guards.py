"""What a recording takes for granted, and how it is asked for again before each replay."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


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

DEPTH = 3
"""So many steps away from a function, objects are looked into, as in ``self.options.rates``."""

LONGEST = 64
"""Of longer lists, the numbers are not watched."""


MOST_BYTES = 4096
"""Of larger NumPy arrays, the numbers are not watched."""


class Mentioned:
    """What the code of functions mentions: names of attributes and globals, and keys.

    Args:
        functions: with those that are defined inside of them.
    """

    def __init__(self, *functions: Any) -> None:
        self.names: dict[str, None] = {}
        self.keys: dict[Any, None] = {}
        for function in functions:
            code = getattr(function, "__code__", None)
            if code is not None:
                self._add(code)

    def _add(self, code: types.CodeType) -> None:
        self.names |= dict.fromkeys(code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._add(constant)
            elif isinstance(constant, (str, int)):
                self.keys[constant] = None

    def add_methods(self, kind: type) -> None:
        """Add what methods and properties of a class mention, of those that are mentioned."""
        waiting = list(self.names)
        while waiting:
            found = getattr(kind, waiting.pop(), None)
            function = found.fget if isinstance(found, property) else found
            code = getattr(function, "__code__", None)
            if code is not None and not of_this_package(function):
                known = set(self.names)
                self._add(code)
                waiting += self.names.keys() - known


def of_this_package(thing: Any) -> bool:
    """Whether a function or class belongs to this package, and not to the program that uses it."""
    return str(getattr(thing, "__module__", "")).split(".")[0] == __name__.split(".")[0]


def watch_number(guards: Guards, place: str, holder: Any, value: Any) -> bool:
    """Take a number for granted that stands in some place of ``holder``; whether it is one."""
    if not isinstance(value, NUMBERS):
        return False
    if value != value:  # nan, which no number is equal to
        guards.require(f"{place} != {place}", holder, holder)
    else:
        guards.require(place + " == {}", holder, value)
    return True


def watch_attributes(
    guards: Guards,
    holder: Any,
    function: Callable[..., Any],
    otherwise: Callable[[Guards, str, Any, Any], Any] | None = None,
) -> None:
    """Take an object's attributes for granted that are numbers and whose names a function mentions.

    So it is with what methods of the object mention that the function does, with the items of
    dictionaries and lists, and with attributes of other objects that are attributes. ``otherwise``
    is called for attributes that are none of these.
    """
    mentioned = Mentioned(function)
    mentioned.add_methods(type(holder))
    watch_parts(guards, holder, mentioned, otherwise)


def watch_parts(
    guards: Guards,
    holder: Any,
    mentioned: Mentioned,
    otherwise: Callable[[Guards, str, Any, Any], Any] | None = None,
    depth: int = DEPTH,
) -> None:
    """Take the numbers for granted that are mentioned parts of an object; see above."""
    if isinstance(holder, np.ndarray):
        if holder.nbytes <= MOST_BYTES and not holder.dtype.hasobject:
            guards.require("{}.tobytes() == {}", holder, holder.tobytes())
        return
    if isinstance(holder, (set, frozenset)):
        if len(holder) <= LONGEST and all(isinstance(item, NUMBERS) for item in holder):
            guards.require("{} == {}", holder, set(holder))
        return
    if isinstance(holder, (list, tuple)):
        numbers = holder and all(isinstance(item, NUMBERS) for item in holder)
        if numbers and len(holder) <= LONGEST and isinstance(holder, list):
            guards.require("{} == {}", holder, list(holder))
        elif len(holder) <= LONGEST and depth > 1:
            for item in filter(_has_parts, holder):
                watch_parts(guards, item, mentioned, otherwise, depth - 1)
        return
    is_table = type(holder) is dict
    items = holder if is_table else getattr(holder, "__dict__", None)
    if not isinstance(items, dict):
        return
    for key in mentioned.keys if is_table else mentioned.names:
        if key not in items:
            continue
        value = items[key]
        place = f"{{}}.get({_literal(key)})"
        if watch_number(guards, place, items, value):
            continue
        if not _has_parts(value):
            if otherwise is not None:
                otherwise(guards, place, items, value)
        elif depth > 1:
            guards.require(place + " is {}", items, value)
            watch_parts(guards, value, mentioned, otherwise, depth - 1)


def _literal(key: Any) -> str:
    """A key as it is written in an expression that has ``{}`` in the places of objects."""
    return repr(key).replace("{", "{{").replace("}", "}}")


def _has_parts(value: Any) -> bool:
    """Whether numbers may lie in it that a program changes: in a list, dictionary or object."""
    if isinstance(value, (list, tuple, dict, set, np.ndarray)):
        return True
    if isinstance(value, (type, types.ModuleType, types.FunctionType, types.MethodType)):
        return False
    return isinstance(getattr(value, "__dict__", None), dict) and not of_this_package(type(value))
