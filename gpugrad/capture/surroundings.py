"""What lies outside of a function and its code mentions, watched for other values."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.engine import TensorBase
from ..backend.guards import Guards, watch_attributes, watch_number


def watch_names(guards: Guards, function: Callable[..., Any], arguments: Iterable[Any]) -> None:
    """Take the function's globals and free variables for granted, and attributes of objects.

    Numbers must stay equal, everything else must stay the same object; of a tensor, its memory
    too. Of those objects and of the function's arguments, the numbers and tensors are watched that
    are attributes of a name that the code mentions. Functions that it calls are not looked into,
    apart from what the recording itself met.
    """
    plain = getattr(function, "__func__", function)
    if not isinstance(plain, types.FunctionType):
        return
    holders = [getattr(function, "__self__", None), *arguments]
    for cell in plain.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:  # a name that has no value so far
            continue
        _watch(guards, "{}.cell_contents", cell, value)
        holders.append(value)
    space = plain.__globals__
    for name in plain.__code__.co_names:
        if name in space and not isinstance(space[name], types.ModuleType):
            _watch(guards, f"{{}}.get({name!r})", space, space[name])
            holders.append(space[name])
    for holder in holders:
        if holder is not None and not isinstance(holder, (TensorBase, type)):
            watch_attributes(guards, holder, plain, _watch_tensor)


def _watch(guards: Guards, place: str, holder: Any, value: Any) -> None:
    if watch_number(guards, place, holder, value):
        return
    guards.require(place + " is {}", holder, value)
    if isinstance(value, TensorBase):
        _watch_tensor(guards, place, holder, value)


def _watch_tensor(guards: Guards, place: str, holder: Any, value: Any) -> None:
    if isinstance(value, TensorBase):
        guards.require(place + " is {}", holder, value)
        guards.require("{}.array is {}", value, value.array)
        guards.require("{}.needs_grad is {}", value, value.needs_grad)
