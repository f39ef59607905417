"""What is imported when first asked for: ``import gpugrad`` loads what a first step needs.

A table says where a name is at home. A module's names are then found by its ``__getattr__``, with
:func:`found`, and a class's attributes by :class:`Later` objects in their places. Either way what
was found takes its place for good: only the first look-up costs anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]

Make = Callable[[str, Any], Any]
"""Makes the value of a name of what a module has."""

Places = dict[str, tuple[Make, str, str]]
"""For a name, what makes its value, and of which module's which attribute."""


def homes(names: Mapping[str, str]) -> dict[str, str]:
    """The module of each name, of lists of the names by module."""
    return {name: home for home, listed in names.items() for name in listed.split()}


_OF_ANY_FILE = {"TYPE_CHECKING", "Any", "annotations"}
"""What ``from package import *`` leaves out."""


def found(module: str, home_of: Mapping[str, str], name: str) -> Any:
    """An attribute of a package, from its home in it, or a home itself.

    Raises:
        AttributeError: the name has no home.
    """
    if name == "__all__":
        names = {*vars(sys.modules[module]), *home_of} - _OF_ANY_FILE
        return [name for name in names if not name.startswith("_")]
    home = home_of.get(name)
    if home is None:
        if name not in home_of.values():
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home = name
    value = import_module(f"{module}.{home}")
    if home != name:
        value = getattr(value, name)
    vars(sys.modules[module])[name] = value
    return value


def places(make: Make, names: Mapping[str, str]) -> Places:
    """Where names are whose values are ``make(name, x)`` of what modules of this package have.

    Args:
        names: lists of names by module. What the module calls ``x`` and the table ``name`` is
            listed as ``name=x``.
    """
    found: Places = {}
    for home, listed in names.items():
        for item in listed.split():
            name, _, attribute = item.partition("=")
            found[name] = make, home, attribute or name
    return found


def as_it_is(name: str, value: Any) -> Any:
    """For :func:`places`: what the module has."""
    return value


class Table(Mapping[str, Any]):
    """Values by name, each made when first asked for, and once."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            make, home, attribute = self._places[name]
            module = import_module(f"{_PACKAGE}.{home}")
            self._made[name] = make(name, getattr(module, attribute))
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Later:
    """An attribute of a class that is made when first asked for, and then is in its own place."""

    __slots__ = ("name", "owner", "table")

    def __init__(self, owner: type, name: str, table: Mapping[str, Any]) -> None:
        self.owner, self.name, self.table = owner, name, table

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        value = self.table[self.name]
        if vars(self.owner).get(self.name) is self:
            setattr(self.owner, self.name, value)
        bind = getattr(type(value), "__get__", None)
        return value if bind is None else bind(value, instance, cls)


def put(owner: type, table: Mapping[str, Any]) -> None:
    """Give a class the values of a table as attributes."""
    for name in table:
        setattr(owner, name, Later(owner, name, table))


class _Member:
    """A member of a base class of :func:`part`, which brings that class in."""

    __slots__ = ("name", "stub")

    def __init__(self, stub: Any, name: str) -> None:
        self.stub, self.name = stub, name

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        stub = self.stub
        real: type = getattr(import_module(stub.__module__), stub.__name__)
        value = _attributes(real)[self.name]
        if any(map(_calls_super, vars(real).values())):  # so it must be a base class itself
            for cls in reversed(real.__mro__):  # its own come behind whatever derives from them
                _put_in_place(cls)
        else:  # which takes a tenth of the time, as no order of base classes changes
            for name, found in _attributes(real).items():
                setattr(stub, name, found)
        bind = getattr(type(value), "__get__", None)
        return value if bind is None else bind(value, instance, cls)


_stubs: dict[tuple[str, str], Any] = {}


def _put_in_place(real: type) -> None:
    """Make a class a base where its stub was one."""
    stub = _stubs.get((real.__module__, real.__name__))
    if stub is not None:
        for heir in stub.__subclasses__():
            heir.__bases__ = tuple(real if base is stub else base for base in heir.__bases__)


def _attributes(cls: type) -> dict[str, Any]:
    """The attributes of a class and its bases, without those that every class has."""
    return {
        name: value
        for base in reversed(cls.__mro__)
        for name, value in vars(base).items()
        if not name.startswith("__")
    }


def _calls_super(function: Any) -> bool:
    return "__class__" in getattr(getattr(function, "__code__", None), "co_freevars", ())


def part(home: str, name: str, members: str) -> Any:
    """A base class that is imported when one of some members is first asked for.

    Until then this one, which has but their names, is among the bases in its place.
    """
    stub = type(name, (), {"__module__": f"{_PACKAGE}.{home}"})
    _stubs[stub.__module__, name] = stub
    for member in members.split():
        setattr(stub, member, _Member(stub, member))
    return stub


class Unmade:
    """An object of a class that is imported when it is first asked for something.

    It becomes one: neither its class nor the object knows of this one any more.
    """

    def __init__(self, home: str, name: str) -> None:
        self._class = home, name

    def __getattr__(self, name: str) -> Any:
        home, cls = self._class
        self.__class__ = getattr(import_module(f"{_PACKAGE}.{home}"), cls)
        self.__init__()  # type: ignore[misc]
        return getattr(self, name)
