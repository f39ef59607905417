"""Trees of tensors: tuples, named tuples, lists and dictionaries, nested as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def flatten(tree: Any) -> list[Any]:
    """The leaves of a tree in order; whatever is no container is a leaf."""
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in flatten(value)]
    if isinstance(tree, (tuple, list)):
        return [leaf for value in tree for leaf in flatten(value)]
    return [tree]


def rebuild(tree: Any, leaves: Iterable[Any]) -> Any:
    """A tree of the form of ``tree`` with these leaves."""
    return _rebuild(tree, iter(leaves))


def _rebuild(tree: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(tree, dict):
        return type(tree)((key, _rebuild(value, leaves)) for key, value in tree.items())
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_rebuild(value, leaves) for value in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(_rebuild(value, leaves) for value in tree)
    return next(leaves)


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """A tree with ``function(leaf)`` in the place of each leaf."""
    return rebuild(tree, [function(leaf) for leaf in flatten(tree)])


def described(tree: Any) -> str:
    """The form of a tree in an error message, with ``*`` for each leaf."""
    return repr(mapped(lambda leaf: _STAR, tree))


class _Star:
    def __repr__(self) -> str:
        return "*"


_STAR = _Star()


def spread(prefix: Any, tree: Any) -> list[Any] | None:
    """One value of ``prefix`` for each leaf of ``tree``, or None where the forms do not fit.

    A value in ``prefix`` stands for the whole part of ``tree`` in its place.
    """
    if isinstance(prefix, dict) and isinstance(tree, dict):
        if list(prefix) != list(tree):
            return None
        return _joined(zip(prefix.values(), tree.values(), strict=True))
    if isinstance(prefix, (tuple, list)):
        if not isinstance(tree, (tuple, list)) or len(prefix) != len(tree):
            return None
        return _joined(zip(prefix, tree, strict=True))
    return [prefix] * len(flatten(tree))


def _joined(pairs: Iterable[tuple[Any, Any]]) -> list[Any] | None:
    parts = [spread(prefix, tree) for prefix, tree in pairs]
    found = [part for part in parts if part is not None]
    return [value for part in found for value in part] if len(found) == len(parts) else None
