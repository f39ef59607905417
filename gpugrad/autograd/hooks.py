"""Handles by which registered hooks are taken away again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

_numbers = itertools.count()

RETAIN = -1
"""The key of a node's hook that keeps the gradient: after all others have changed it."""


class RemovableHandle:
    """What registering a hook returns: ``remove()`` it, or leave a ``with`` block.

    Args:
        hooks: the dictionary that holds the hooks, in order.
        hook: what to add to it.
    """

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
        self.id = next(_numbers)
        hooks[self.id] = hook
        self._hooks = hooks

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class LeafHooks:
    """The hooks of a leaf: ``before`` see its gradient, ``after`` see the leaf and its ``grad``."""

    __slots__ = ("after", "before")

    def __init__(self) -> None:
        self.before: dict[int, Callable[[Any], Any]] = {}
        self.after: dict[int, Callable[[Any], Any]] = {}
