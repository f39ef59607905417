"""What hooks on saved tensors do to the graph: nodes whose saved arrays are packed.

A node of which something is packed becomes an instance of a class made for that, which unpacks
before it goes backward: the others, and the backward pass, know nothing of hooks.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..backend import BACKENDS
from .engine import OUTPUT, SHORTCUT, Node, TensorBase, _new, _sequence, wrap
from .function_node import FunctionNode
from .grad_mode import no_grad
from .observers import unwatch, watch

Pack = Callable[[Any], Any]
Unpack = Callable[[Any], Any]


class HookPair(NamedTuple):
    """Hooks on saved tensors.

    ``pack`` gets a tensor outside the graph and returns anything; ``unpack`` makes a tensor of it.
    ``repeatable`` says that what is packed must not be changed in place afterwards: it is going to
    be computed again.
    """

    pack: Pack
    unpack: Unpack
    repeatable: bool = False


class _HooksOfThread(threading.local):
    def __init__(self) -> None:
        self.pairs: list[HookPair] = []
        self.disabled: str | None = None


_active = _HooksOfThread()


def active_hooks() -> HookPair | None:
    """The hooks in force in this thread: those of the innermost context."""
    return _active.pairs[-1] if _active.pairs else None


def enter(pair: HookPair) -> None:
    """Put hooks in force in this thread."""
    if _active.disabled is not None:
        raise RuntimeError(_active.disabled)
    _active.pairs.append(pair)
    watch(pack_saved)


def leave() -> None:
    """End the innermost context of hooks."""
    _active.pairs.pop()
    unwatch(pack_saved)


@contextmanager
def disabled(error_message: str) -> Iterator[None]:
    """Make :func:`enter` an error with this message."""
    if _active.pairs:
        raise RuntimeError(error_message)
    before, _active.disabled = _active.disabled, error_message
    try:
        yield
    finally:
        _active.disabled = before


class Packed:
    """What stands for a saved array: the result of a pack hook, and how to get the array back."""

    __slots__ = ("dtype", "shape", "unpack_hook", "value")

    def __init__(self, array: Any, hooks: HookPair, leaf: Any = None) -> None:
        """``leaf`` is the tensor itself where a leaf is saved: a hook may ask what it is."""
        tensor = wrap(BACKENDS[type(array)].asarray(array)) if leaf is None else leaf
        stamp = tensor.version[0]
        with no_grad():
            self.value = hooks.pack(tensor)
        if tensor.version[0] != stamp:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                "input to pack hook cannot be modified by in-place operations as this can lead to "
                "unexpected side-effects. Please open an issue if you need to perform in-place "
                "operations on the input to a pack hook."
            )
        self.unpack_hook = hooks.unpack
        self.shape, self.dtype = tensor.array.shape, tensor.array.dtype

    def array(self) -> Any:
        """The saved array, through the unpack hook."""
        tensor = self.unpack_hook(self.value)
        if not isinstance(tensor, TensorBase):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                + type(tensor).__name__
            )
        return tensor.array


def pack_saved(node: Node, result: TensorBase) -> None:
    """Observer: hand what ``node`` saved to the thread's hooks, if it has any.

    The node becomes an instance of a class that unpacks before it goes backward, so that the
    backward pass need not ask whether anything is packed.
    """
    hooks = active_hooks()
    if hooks is None or isinstance(node, _Packing):
        return
    if isinstance(node, FunctionNode):
        _pack_function(node, hooks)
        return
    packed = False
    for name, source in node.saves.items():
        value = getattr(node, name, None)
        if type(value) not in BACKENDS:
            continue
        edge = node.edges[source] if source >= 0 else None
        leaf = edge if isinstance(edge, TensorBase) and edge.array is value else None
        setattr(node, name, None if source == SHORTCUT else Packed(value, hooks, leaf))
        packed = True
    if packed:
        node.__class__ = _packing_twin(type(node), _PackingNode)
        if not hooks.repeatable:
            node.guards = ()


class _Packing:
    """Mixed into the class of a node of which something is packed."""

    __slots__ = ()
    plain: type[Node]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        pass  # an op's class sets itself up when it is made: once is enough


class _PackingNode(_Packing):
    __slots__ = ()

    def unpacked(self: Any) -> Any:
        """A twin as the node was before packing."""
        twin = copy.copy(self)
        twin.__class__ = self.plain
        for name in self.saves:
            value = getattr(twin, name, None)
            if type(value) is Packed:
                setattr(twin, name, value.array())
        return twin

    def backward(self: Any, xp: Any, grad: Any) -> Any:
        return self.unpacked().backward(xp, grad)

    def lifted(self: Any) -> Any:
        """As the node's own, with tensors that lead to this node's place in the graph."""
        plain = self.unpacked()
        twin = plain.lifted()
        for name, source in self.saves.items():
            value = getattr(twin, name, None)
            if not isinstance(value, TensorBase):
                continue
            if source == OUTPUT:
                value.node = self
            elif source >= 0 and self.edges[source] is not value:
                _connect(value, self.edges[source])
        return twin


class _PackingFunction(_Packing):
    __slots__ = ()

    def restored(self: Any) -> tuple[Any, ...]:
        saved = self.checked_entries()
        return tuple(None if entry is None else self._tensor(*entry) for entry in saved)

    def _tensor(self: Any, place: _Place, counter: Any, stamp: int, own: int | None) -> Any:
        array = place.packed.array()
        return self._output(array, own) if own is not None else _connect(wrap(array), place.edge)


class _Place(NamedTuple):
    """Stands for a tensor that a :class:`Function` saved: its array, and where it came from."""

    packed: Packed
    edge: Any


def _pack_function(node: Any, hooks: HookPair) -> None:
    saved = getattr(node, "saved", None)
    if not saved or all(entry is None for entry in saved):
        return  # observed once more when its tensors are saved
    entries: list[Any] = []
    for entry in saved:
        if entry is None:
            entries.append(None)
            continue
        tensor, counter, stamp, own = entry
        array = tensor if own is not None else tensor.array
        edge = None if own is not None or not tensor.needs_grad else tensor.node or tensor
        if not hooks.repeatable:
            counter = (stamp,)
        entries.append((_Place(Packed(array, hooks), edge), counter, stamp, own))
    node.saved = tuple(entries)
    node.__class__ = _packing_twin(type(node), _PackingFunction)


class Alias(Node):
    """A leaf's value in an array of its own; the gradient passes to the leaf."""

    __slots__ = ()

    @classmethod
    def of(cls, leaf: TensorBase) -> Alias:
        self = _new(cls)
        self.edges, self.guards, self.hooks = (leaf,), (), None
        self.sequence = next(_sequence)
        return self

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (grad,)


def _connect(tensor: Any, edge: Any) -> Any:
    """``tensor`` as the value that ``edge``, a node or a leaf, stands for in the graph."""
    if edge is not None:
        tensor.node = edge if isinstance(edge, Node) else Alias.of(edge)
        tensor.needs_grad = True
    return tensor


_twins: dict[type, type] = {}


def _packing_twin(cls: type[Node], mixin: type[_Packing]) -> Any:
    """The class for packed nodes of an op: the op's own layout and name, another backward."""
    found = _twins.get(cls)
    if found is None:
        body = {"__slots__": (), "__module__": cls.__module__, "plain": cls}
        found = _twins[cls] = type(cls.__name__, (mixin, cls), body)
    return found
