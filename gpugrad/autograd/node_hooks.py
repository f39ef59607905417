"""Hooks of graph nodes: before a node goes backward, and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from ..backend import BACKENDS
from .engine import Node, TensorBase, wrap
from .hooks import LeafHooks, RemovableHandle

Hook = Callable[..., Any]


class _HooksOfNode:
    __slots__ = ("after", "before")

    def __init__(self) -> None:
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}


_hooks: WeakKeyDictionary[Any, _HooksOfNode] = WeakKeyDictionary()
_twins: dict[type, type] = {}


class Hooked:
    """Mixed into the class of a node with hooks: nodes without pay nothing for them."""

    __slots__ = ()
    unhooked: type[Node]
    returns_fresh = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        pass  # an op's class sets itself up when it is made: once is enough

    def backward(self: Any, xp: Any, grad: Any) -> Any:
        hooks = _hooks[self]
        several = type(grad) is list
        incoming = _tensors(grad if several else [grad])
        recorded = any(isinstance(g, TensorBase) for g in (grad if several else [grad]))
        for hook in list(hooks.before.values()):
            incoming = _replaced(incoming, hook(incoming))
        given = [g if recorded or g is None else g.array for g in incoming]
        results = self.unhooked.backward(self, xp, given if several else given[0])
        outgoing = _tensors(results)
        for hook in list(hooks.after.values()):
            outgoing = _replaced(outgoing, hook(outgoing, incoming))
        return tuple(g if recorded or g is None else g.array for g in outgoing)

    def lifted(self: Any) -> Any:
        twin = self.unhooked.lifted(self)
        _hooks[twin] = _hooks[self]
        return twin


def _tensors(values: Any) -> tuple[Any, ...]:
    return tuple(
        v if v is None or isinstance(v, TensorBase) else wrap(BACKENDS[type(v)].asarray(v))
        for v in values
    )


def _replaced(before: tuple[Any, ...], returned: Any) -> tuple[Any, ...]:
    """What a hook makes of gradients: it may return others, one for each."""
    if returned is None:
        return before
    after = returned if isinstance(returned, tuple) else (returned,)
    if len(after) != len(before):
        raise RuntimeError(
            f"hook has returned an incorrect number of values (got {len(after)}, but expected "
            f"{len(before)})"
        )
    return after


def hooks_of(node: Any) -> _HooksOfNode:
    """The hooks of a node, which from now on calls them."""
    found = _hooks.get(node)
    if found is None:
        found = _hooks[node] = _HooksOfNode()
        cls = type(node)
        twin = _twins.get(cls)
        if twin is None:
            body = {"__slots__": (), "__module__": cls.__module__, "unhooked": cls}
            twin = _twins[cls] = type(cls.__name__, (Hooked, cls), body)
        node.__class__ = twin
    return found


def _leaf_hooks(leaf: TensorBase) -> LeafHooks:
    if leaf.hooks is None:
        leaf.hooks = LeafHooks()
    return leaf.hooks


def before_accumulation(leaf: TensorBase, hook: Hook) -> RemovableHandle:
    """Call ``hook((grad,))`` before the gradient is added to the leaf's."""

    def before(grad: Any) -> Any:
        return _replaced((grad,), hook((grad,)))[0]

    return RemovableHandle(_leaf_hooks(leaf).before, before)


class _AfterAccumulation(RemovableHandle):
    """Keeps the gradient that comes in until it has been added."""

    def __init__(self, leaf: TensorBase, hook: Hook) -> None:
        hooks = _leaf_hooks(leaf)
        latest: list[Any] = []
        self._incoming = RemovableHandle(hooks.before, latest.append)
        super().__init__(hooks.after, lambda _: hook((), (latest.pop(),)))

    def remove(self) -> None:
        super().remove()
        self._incoming.remove()


def after_accumulation(leaf: TensorBase, hook: Hook) -> RemovableHandle:
    """Call ``hook((), (grad,))`` after the gradient was added to the leaf's."""
    return _AfterAccumulation(leaf, hook)
