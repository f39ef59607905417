"""Hooks before and after :meth:`Optimizer.step`, of one optimizer or of all."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from itertools import chain
from typing import Any

from ..autograd.hooks import RemovableHandle

Hook = Callable[..., Any]


class HookTables:
    """The hooks before and after one thing, in the order in which they are called."""

    def __init__(self) -> None:
        self.before: OrderedDict[int, Hook] = OrderedDict()
        self.after: OrderedDict[int, Hook] = OrderedDict()


of_all = HookTables()


def add_hook(table: OrderedDict[int, Hook], hook: Hook, prepend: bool = False) -> RemovableHandle:
    """Add ``hook`` to ``table``, last or first, and return the handle that removes it."""
    handle = RemovableHandle(table, hook)
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before every step of every optimizer.

    What it returns, if not None, is a tuple: the arguments with which to step instead.
    """
    return add_hook(of_all.before, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after every step of every optimizer."""
    return add_hook(of_all.after, hook)


class StepHooks:
    """The part of :class:`Optimizer` that keeps and runs step hooks."""

    _step_hooks: HookTables | None = None

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step.

        What it returns, if not None, is a tuple: the arguments with which to step instead.

        Returns:
            A handle; ``handle.remove()`` takes the hook away.
        """
        if self._step_hooks is None:
            self._step_hooks = HookTables()
        return add_hook(self._step_hooks.before, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step; returns a handle."""
        if self._step_hooks is None:
            self._step_hooks = HookTables()
        return add_hook(self._step_hooks.after, hook)

    def _run_step_hooks(
        self, step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        own = self._step_hooks or HookTables()
        args = (self, *args)  # as PyTorch's hooks see them
        for hook in list(chain(of_all.before.values(), own.before.values())):
            changed = hook(self, args, kwargs)
            if changed is None:
                continue
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    f"{step} must return None or a tuple of (new_args, new_kwargs), "
                    f"but got {changed}."
                )
            args, kwargs = changed
            if not (args and args[0] is self):
                args = (self, *args)  # given without it
        result = step(*args, **kwargs)
        for hook in list(chain(own.after.values(), of_all.after.values())):
            hook(self, args, kwargs)
        return result


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """``step`` of an optimizer with the hooks around it that were registered for it or for all."""

    @functools.wraps(step)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True
        if self._step_hooks is None and not of_all.before and not of_all.after:
            return step(self, *args, **kwargs)
        return self._run_step_hooks(step, args, kwargs)

    return wrapper
