"""The names outside of a function that its code mentions, watched for other values."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ..autograd.engine import TensorBase
from ..backend.recording import Guards

NUMBERS = (bool, int, float, str)


def watch_names(guards: Guards, function: Callable[..., Any]) -> None:
    """Take the function's globals and free variables for granted.

    Numbers must stay equal, everything else must stay the same object; of a tensor, its memory
    too. What those objects refer to is not looked at, apart from what the recording itself met.
    """
    plain = getattr(function, "__func__", function)
    if not isinstance(plain, types.FunctionType):
        return
    for cell in plain.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:  # a name that has no value so far
            continue
        _watch(guards, "{}.cell_contents", cell, value)
    space = plain.__globals__
    for name in plain.__code__.co_names:
        if name in space and not isinstance(space[name], types.ModuleType):
            _watch(guards, f"{{}}.get({name!r})", space, space[name])


def _watch(guards: Guards, place: str, holder: Any, value: Any) -> None:
    if isinstance(value, NUMBERS):
        guards.require(place + " == {}", holder, value)
        return
    guards.require(place + " is {}", holder, value)
    if isinstance(value, TensorBase):
        guards.require("{}.array is {}", value, value.array)
