"""What a graph node shows to users: its inputs, what it saved, and its hooks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from ..backend import BACKENDS
from .hooks import RETAIN, RemovableHandle
from .parts import NamedLikePyTorch, Part

_metadata: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()

SAVED_AS = {"self": "x", "input": "x", "other": "y", "exponent": "y", "result": "out"}
"""PyTorch's names of what ops save, and ours where they differ."""

OF_THE_ENGINE = frozenset(["CopyBackwards", "CopySlices", "NotImplemented"])
"""Nodes whose names PyTorch gives with the namespace of its engine."""


def _shown(key: str, node: Any) -> Any:
    if key not in node.saves:
        raise AttributeError(f"'{type(node).__name__}' object has no attribute '_saved_{key}'")
    return node._saved(key)


class Inspected(metaclass=NamedLikePyTorch):
    """The part of :class:`~gpugrad.autograd.engine.Node` that looks at a node from outside.

    ``node._saved_self``, ``_saved_other``, ``_saved_result`` and so on are what it saved for its
    backward pass: tensors with their place in the graph, or numbers.
    """

    __slots__ = ()

    shown_in: ClassVar[str] = ""
    """The module in which PyTorch prints the class, with a point."""

    if TYPE_CHECKING:
        hooks: dict[int, Callable[[Any], Any]] | None
        guards: Any
        sequence: int
        saves: ClassVar[dict[str, int]]

        def lifted(self) -> Any: ...

    @classmethod
    def _show_saved(cls) -> None:
        """Give the class a property for each thing that its nodes save."""
        names = {key: key for key in cls.saves}
        names |= {theirs: key for theirs, key in SAVED_AS.items() if key in cls.saves}
        for name, key in names.items():
            setattr(cls, "_saved_" + name, property(functools.partial(_shown, key)))

    def _saved(self, key: str) -> Any:
        if self.guards is None:
            from .propagation import FREED

            raise RuntimeError(FREED)
        value = getattr(self, key, None)
        return getattr(self.lifted(), key) if type(value) in BACKENDS else value

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for whatever the user wants to note on this node."""
        return _metadata.setdefault(self, {})

    def name(self) -> str:
        name = type(self).__name__
        return "torch::autograd::" + name if name in OF_THE_ENGINE else name

    def short_name(self) -> str:
        """The name as errors give it: ``Mul`` for ``MulBackward0``, ``Fill2`` for
        ``FillBackward2``."""
        name, _, number = self.name().rpartition("Backward")
        return name + number.removeprefix("0")

    def __repr__(self) -> str:
        return f"<{self.shown_in}{self.name().rpartition(':')[2]} object at {id(self):#x}>"

    @property
    def requires_grad(self) -> bool:
        return True

    def _sequence_nr(self) -> int:
        return self.sequence

    def hook_gradient(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` with the gradient of this node's result, which it may replace."""
        node: Any = self  # ``hooks`` is a slot of Node
        if node.hooks is None:
            node.hooks = {}
        handle = RemovableHandle(node.hooks, hook)
        if RETAIN in node.hooks:
            node.hooks[RETAIN] = node.hooks.pop(RETAIN)  # last again
        return handle

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after this node went backward.

        Both are tuples: what the node passes on, one for each input, and what it was given. A
        tuple that the hook returns takes the place of ``grad_inputs``.

        >>> import gpugrad
        >>> y = gpugrad.ones(2, requires_grad=True) * 3
        >>> handle = y.grad_fn.register_hook(lambda passed, given: print(passed[0]))
        >>> y.sum().backward()
        tensor([3., 3.])
        """
        from .node_hooks import hooks_of

        return RemovableHandle(hooks_of(self).after, hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)`` before this node goes backward; it may return others."""
        from .node_hooks import hooks_of

        return RemovableHandle(hooks_of(self).before, hook)


class AccumulateGrad(metaclass=NamedLikePyTorch):
    """What ``next_functions`` shows in the place of a leaf."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.next_functions = ()

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for whatever the user wants to note on this leaf's place."""
        notes: dict[Any, Any] = self.variable.__dict__.setdefault("_metadata", {})
        return notes

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self.variable):#x}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook((), (grad,))`` after a gradient was added to the leaf's."""
        from .node_hooks import after_accumulation

        return after_accumulation(self.variable, hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook((grad,))`` before a gradient is added to the leaf's."""
        from .node_hooks import before_accumulation

        return before_accumulation(self.variable, hook)


class _AnyNode(type):
    """Takes the nodes of ops and the places of leaves as instances."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, (Inspected, AccumulateGrad, Part))

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, (Inspected, AccumulateGrad, Part))


class Node(metaclass=_AnyNode):
    """What all places of the graph are to ``isinstance``: ops' nodes, and those of leaves.

    >>> import gpugrad
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> isinstance((x * 2).grad_fn, gpugrad.autograd.graph.Node)
    True
    """

    if TYPE_CHECKING:
        metadata: dict[Any, Any]
        next_functions: tuple[tuple[Any, int], ...]

        def name(self) -> str: ...
