"""Functions in whose code the name of a primitive is put: Python then finds it the quick way."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


def look_up(function: Function, primitive: str) -> Function:
    """The function, which reads the attribute ``primitive`` where its source has ``PRIMITIVE``.

    The interpreter remembers where it found an attribute, but not what ``getattr`` was asked for.
    """
    code = function.__code__
    names = tuple(primitive if name == "PRIMITIVE" else name for name in code.co_names)
    made = FunctionType(
        code.replace(co_names=names),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__qualname__, made.__doc__ = function.__qualname__, function.__doc__
    made.__kwdefaults__, made.__annotations__ = function.__kwdefaults__, function.__annotations__
    return cast(Function, made)
