"""Hooks around ``Module.__call__``: forward pre-hooks, forward hooks and full backward hooks.

A module without hooks holds ``None`` instead of a ``Hooks`` and calls ``forward`` directly.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..autograd.hooks import RemovableHandle
from .backward_hooks import ModuleBackward

if TYPE_CHECKING:
    from .module import Module


class ForwardHook(NamedTuple):
    """A forward hook or pre-hook with the options it was registered with."""

    function: Callable[..., Any]
    with_kwargs: bool
    always_call: bool = False

    def __repr__(self) -> str:
        return repr(self.function)


class Hooks:
    """The hooks of one module, each table in the order in which it is called."""

    __slots__ = ("backward", "backward_pre", "forward", "forward_pre")

    def __init__(self) -> None:
        self.forward_pre: OrderedDict[int, ForwardHook] = OrderedDict()
        self.forward: OrderedDict[int, ForwardHook] = OrderedDict()
        self.backward_pre: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self.backward: OrderedDict[int, Callable[..., Any]] = OrderedDict()

    def tables(self) -> list[OrderedDict[int, Any]]:
        """All of them."""
        return [self.forward_pre, self.forward, self.backward_pre, self.backward]


def add_hook(table: OrderedDict[int, Any], hook: Any, prepend: bool = False) -> RemovableHandle:
    """Add ``hook`` to ``table``, first or last, and return the handle that removes it."""
    handle = RemovableHandle(table, hook)
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def call_with_hooks(
    module: Module, hooks: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What ``Module.__call__`` does where there are hooks; the result of ``forward``, as hooked."""
    called: set[int] = set()
    result: Any = None
    try:
        for pre_hook in list(hooks.forward_pre.values()):
            args, kwargs = _run_pre_hook(module, pre_hook, args, kwargs)
        backward = None
        if hooks.backward or hooks.backward_pre:
            backward = ModuleBackward(
                module, list(hooks.backward.values()), list(hooks.backward_pre.values())
            )
            args = backward.wrap_inputs(args)
        result = module.forward(*args, **kwargs)
        for key, hook in list(hooks.forward.items()):
            called.add(key)
            changed = _run_hook(module, hook, args, kwargs, result)
            if changed is not None:
                result = changed
        return result if backward is None else backward.wrap_outputs(result)
    except Exception:
        # Hooks that must see every call get what there is; their own errors are not the cause.
        for key, hook in list(hooks.forward.items()):
            if hook.always_call and key not in called:
                try:
                    changed = _run_hook(module, hook, args, kwargs, result)
                    if changed is not None:
                        result = changed
                except Exception as error:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception that "
                        f"was silenced as another error was raised in forward: {error!s}",
                        stacklevel=3,
                    )
        raise


def _run_pre_hook(
    module: Module, hook: ForwardHook, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not hook.with_kwargs:
        changed = hook.function(module, args)
        if changed is None:
            return args, kwargs
        return (changed if isinstance(changed, tuple) else (changed,)), kwargs
    changed = hook.function(module, args, kwargs)
    if changed is None:
        return args, kwargs
    if isinstance(changed, tuple) and len(changed) == 2:
        return changed
    raise RuntimeError(
        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got "
        f"{changed}."
    )


def _run_hook(
    module: Module,
    hook: ForwardHook,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    result: Any,
) -> Any:
    if hook.with_kwargs:
        return hook.function(module, args, kwargs, result)
    return hook.function(module, args, result)
