"""Hooks around the calls of all modules, for debugging and measuring.

Modules pay nothing for them: the call of ``Module`` is another one while there are such hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.hooks import RemovableHandle
from ..backend import recording
from .error_path import note_module
from .hooks import ForwardHook, Hooks, add_hook, call_with_hooks
from .module import Module

_hooks = Hooks()
_plain_call = Module.__call__


class _GlobalHandle(RemovableHandle):
    """Removes a hook, with the last one the other call of modules too."""

    def remove(self) -> None:
        super().remove()
        if not any(_hooks.tables()):
            Module.__call__ = _plain_call  # type: ignore[method-assign]


def _add(table: Any, hook: Any) -> RemovableHandle:
    handle = add_hook(table, hook)
    handle.__class__ = _GlobalHandle
    Module.__call__ = _hooked_call  # type: ignore[method-assign]
    return handle


def _hooked_call(self: Module, *args: Any, **kwargs: Any) -> Any:
    own = self._ensure_hooks()
    both = Hooks()
    for table, of_all, of_one in zip(both.tables(), _hooks.tables(), own.tables(), strict=True):
        table.update(of_all)
        table.update(of_one)
    if recording.listener is not None:
        self._take_for_granted()
    try:
        return call_with_hooks(self, both, args, kwargs)
    except Exception as error:
        note_module(error, self, args)
        raise


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before ``forward`` of every module, before its own hooks.

    What it returns, unless ``None``, replaces ``args``. The handle's ``remove()`` takes it off.
    """
    return _add(_hooks.forward_pre, ForwardHook(hook, False))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after ``forward`` of every module, before its own hooks.

    What it returns, unless ``None``, replaces the output.

    Args:
        with_kwargs: call ``hook(module, args, kwargs, output)``.
        always_call: call the hook even if ``forward`` raises.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> handle = nn.modules.module.register_module_forward_hook(
    ...     lambda module, args, output: print(type(module).__name__)
    ... )
    >>> _ = nn.Sequential(nn.Identity())(gpugrad.ones(1))
    Identity
    Sequential
    >>> handle.remove()
    """
    return _add(_hooks.forward, ForwardHook(hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` when the gradients of the outputs of a module are known;
    what it returns, unless ``None``, replaces them."""
    return _add(_hooks.backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs of a module
    are known; what it returns, unless ``None``, replaces ``grad_input``."""
    return _add(_hooks.backward, hook)
