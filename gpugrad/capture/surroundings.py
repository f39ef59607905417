"""What lies outside of a function and its code mentions, watched for other values."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..autograd.engine import TensorBase
from ..backend.guards import Guards, Mentioned, of_this_package, watch_number, watch_parts
from .structure import tensors_in


def watch_names(guards: Guards, function: Callable[..., Any], arguments: Iterable[Any]) -> None:
    """Take the function's globals and free variables for granted, and parts of objects.

    Numbers must stay equal, everything else must stay the same object; of a tensor, its memory
    too. Of those objects and of the function's arguments, the numbers and tensors are watched that
    are attributes or items with names that the code mentions. So are the numbers that functions
    mention which this one does, of the same module or among its free variables; functions of other
    modules are not looked into, apart from what the recording itself met.
    """
    while isinstance(function, functools.partial):
        arguments = [*arguments, *function.args, *function.keywords.values()]
        function = function.func
    plain = getattr(function, "__func__", function)
    if not isinstance(plain, types.FunctionType):
        return
    called: dict[types.FunctionType, None] = {plain: None}
    holders = [getattr(function, "__self__", None)]
    # Tensors among arguments are others in each call.
    holders += [given for given in arguments if next(tensors_in(given), None) is None]
    for one in _functions(called, plain.__globals__):
        for holder, place, value in _surroundings(one):
            if holder is one:  # a default: itself it stays, but not what lies in it
                pass
            elif one is plain:
                _watch(guards, place, holder, value)
            elif not watch_number(guards, place, holder, value):
                _watch_tensor(guards, place, holder, value)
            holders.append(value)
    for holder in {id(h): h for h in holders}.values():
        if holder is None or isinstance(holder, (TensorBase, type, types.FunctionType)):
            continue
        mentioned = Mentioned(*called)
        if not of_this_package(type(holder)):
            mentioned.add_methods(type(holder))
        watch_parts(guards, holder, mentioned, _watch_tensor)


def _surroundings(function: types.FunctionType) -> Iterator[tuple[Any, str, Any]]:
    """What a function has around it: each with the object that holds it, and where."""
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # a name that has no value so far
            yield cell, "{}.cell_contents", cell.cell_contents
    space = function.__globals__
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield function, "{}", value
    for name in _globals(function.__code__):
        if name in space and not isinstance(space[name], types.ModuleType):
            yield space, f"{{}}.get({name!r})", space[name]


def _globals(code: types.CodeType) -> dict[str, None]:
    """The globals that code reads, that of functions within it included."""
    import dis  # which takes its time, and is needed while tracing only

    read = (i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL")
    found: dict[str, None] = dict.fromkeys(read)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            found |= _globals(inner)
    return found


def _functions(
    found: dict[types.FunctionType, None], space: dict[str, Any]
) -> Iterator[types.FunctionType]:
    """The functions that functions mention, and so on; ``found`` has them afterwards."""
    waiting = list(found)
    while waiting:
        one = waiting.pop()
        yield one
        cells = {id(cell) for cell in one.__closure__ or ()}
        for holder, _, value in _surroundings(one):
            other = getattr(value, "__func__", value)
            if not isinstance(other, types.FunctionType) or other in found:
                continue
            if other.__globals__ is space or (id(holder) in cells and not of_this_package(other)):
                found[other] = None
                waiting.append(other)


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
