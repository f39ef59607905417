"""Trees of containers, as programs take them apart and put them together again.

A tree is a tuple, a named tuple, a list or a dictionary of trees; whatever else is a leaf.

>>> from gpugrad.func.pytree import tree_flatten, tree_map, tree_unflatten
>>> tree_map(lambda x: x * 2, {"a": [1, 2], "b": 3})
{'a': [2, 4], 'b': 6}
>>> leaves, spec = tree_flatten((1, [2, 3]))
>>> leaves
[1, 2, 3]
>>> tree_unflatten([4, 5, 6], spec)
(4, [5, 6])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import tree as trees

PyTree = Any


class TreeSpec:
    """The form of a tree, without its leaves."""

    def __init__(self, tree: PyTree) -> None:
        self._form = trees.mapped(lambda leaf: None, tree)
        self.num_leaves = len(trees.flatten(tree))

    def unflatten(self, leaves: Iterable[Any]) -> PyTree:
        """A tree of this form with these leaves.

        Raises:
            ValueError: there are too many of them, or too few.
        """
        given = list(leaves)
        if len(given) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(given)} but the spec refers "
                f"to a pytree that holds {self.num_leaves} items ({self})."
            )
        return trees.rebuild(self._form, given)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TreeSpec) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return _described(self._form, 0)


def _described(form: Any, indent: int) -> str:
    """A form in PyTorch's notation: parts after the first on lines of their own."""
    if isinstance(form, dict):
        kind, context, parts = "dict", str(list(form)), list(form.values())
    elif isinstance(form, (tuple, list)):
        kind, context, parts = type(form).__name__, "None", list(form)
    else:
        return "*"
    indent += 2
    lines = (",\n" + " " * indent).join(_described(part, indent) for part in parts)
    return f"TreeSpec({kind}, {context}, [{lines}])"


def tree_flatten(tree: PyTree) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree in order, and its form."""
    return trees.flatten(tree), TreeSpec(tree)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> PyTree:
    """A tree of that form with these leaves."""
    return treespec.unflatten(leaves)


def tree_leaves(tree: PyTree) -> list[Any]:
    """The leaves of a tree in order."""
    return trees.flatten(tree)


def tree_structure(tree: PyTree) -> TreeSpec:
    """The form of a tree."""
    return TreeSpec(tree)


def tree_map(func: Callable[..., Any], tree: PyTree, *rests: PyTree) -> PyTree:
    """A tree with ``func(leaf, ...)`` of the leaves at the same place in all the trees.

    Raises:
        ValueError: the trees are not of the same form.
    """
    spec = TreeSpec(tree)
    for rest in rests:
        if TreeSpec(rest) != spec:
            raise ValueError(f"Node mismatch; expected {spec}, but got {TreeSpec(rest)}.")
    columns = [trees.flatten(t) for t in (tree, *rests)]
    return spec.unflatten([func(*leaves) for leaves in zip(*columns, strict=True)])


def tree_map_(func: Callable[..., Any], tree: PyTree, *rests: PyTree) -> PyTree:
    """Call ``func`` as :func:`tree_map` does, and return ``tree``."""
    tree_map(func, tree, *rests)
    return tree


def tree_map_only(kind: Any, func: Callable[[Any], Any], tree: PyTree) -> PyTree:
    """A tree with ``func(leaf)`` for leaves of a class, or of one of several, others as they are.

    ``kind`` may be a condition instead: a function of a leaf.
    """
    is_class = isinstance(kind, (type, tuple))
    applies = (lambda leaf: isinstance(leaf, kind)) if is_class else kind
    return tree_map(lambda leaf: func(leaf) if applies(leaf) else leaf, tree)


def tree_all(pred: Callable[[Any], bool], tree: PyTree) -> bool:
    """Whether the condition holds for all leaves."""
    return all(map(pred, trees.flatten(tree)))


def tree_any(pred: Callable[[Any], bool], tree: PyTree) -> bool:
    """Whether the condition holds for a leaf."""
    return any(map(pred, trees.flatten(tree)))
