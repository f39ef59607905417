"""Functions composed of several ops that PyTorch prints as one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from .engine import Output, TensorBase

_P = ParamSpec("_P")
_T = TypeVar("_T", bound=TensorBase)


_renamed: dict[tuple[type, str], Any] = {}


def _called(cls: type, name: str, is_flat: bool = False) -> Any:
    """The class of an op's nodes that print as ``name``: same layout, same rules."""
    found = _renamed.get((cls, name))
    if found is None:
        body: dict[str, Any] = {"__slots__": (), "__module__": cls.__module__}
        if is_flat:
            body["is_flat"] = True
        found = _renamed[cls, name] = type(name, (cls,), body)
    return found


def show_as(result: _T, name: str) -> _T:
    """Let a result of a composition print as that of the op ``name``. Returns the result."""
    node = result.node
    if node is not None and not isinstance(node, Output):
        node.__class__ = _called(type(node), name)
    return result


def inplace_shown_as(name: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """A decorator for in-place methods: the tensor's own new node prints as ``name``.

    A view's node is not renamed: it shows what took the view.
    """

    def decorate(method: Callable[_P, _T]) -> Callable[_P, _T]:
        @functools.wraps(method)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            before: Any = getattr(args[0], "node", None)
            result = method(*args, **kwargs)
            node = result.node
            if node is not None and node is not before and result.view_of is None:
                node.__class__ = _called(type(node), name)
            return result

        return call

    return decorate


def shown_as(name: str, *, is_flat: bool = False) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """A decorator: what the function returns prints as the result of the op ``name``.

    Only the last node of the composition is renamed; a function that hands back one of its
    arguments leaves that as it is. ``is_flat``: see the engine's ``Node.is_flat``.
    """

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            result = function(*args, **kwargs)
            node = result.node
            if (
                node is not None
                and not isinstance(node, Output)
                and not any(result is value for value in args)
            ):
                node.__class__ = _called(type(node), name, is_flat)
            return result

        return call

    return decorate
