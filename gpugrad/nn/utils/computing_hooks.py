"""Hooks that compute a tensor of a module before each of its calls: how they are found again."""

from __future__ import annotations

from ..module import Module


def key_of(module: Module, kind: type, name: str, attribute: str = "name") -> int | None:
    """The key of the hook of a class that computes the tensor ``name`` of the module itself.

    Args:
        attribute: in which of its attributes the hook has that name.

    Returns:
        The key among the hooks before ``forward``; None if there is no such hook.
    """
    for key, hook in module._ensure_hooks().forward_pre.items():
        if isinstance(hook.function, kind) and getattr(hook.function, attribute) == name:
            return key
    return None
