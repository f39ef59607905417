"""In-place operations on tensors of a graph: what is refused, and how views carry gradients.

An in-place op on a tensor replaces the tensor's node. On a view it replaces the node of the tensor
that owns the memory by :class:`CopySlices` (PyTorch's name), and all views of that memory find
their new place in the graph when they are next used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from weakref import ref

from ..backend import BACKENDS
from ..backend.primitives import Array
from ..dtypes import from_numpy
from .engine import (
    CONSTANT,
    OUTPUT,
    Node,
    TensorBase,
    _new,
    _sequence,
    wrap,
)
from .expanded import target_of
from .grad_mode import mode
from .hooks import RETAIN
from .views import (
    AMBIGUOUS_VIEW,
    refresh,
)


class CopySlices(Node):
    """The owner of memory of which a part was overwritten by ``node``.

    The gradient of the overwritten part goes through ``node``; the rest passes unchanged.
    """

    __slots__ = ("memory", "node_of_part", "steps")

    torch_name = "CopySlices"
    saves: ClassVar[dict[str, int]] = {"node_of_part": CONSTANT}
    steps: list[tuple[type[Node], tuple[Any, ...], int | None]]
    node_of_part: Node
    memory: Array
    """What the owner holds, of which a part was overwritten."""

    @classmethod
    def of(cls, owner: TensorBase, node: Node, steps: Any) -> CopySlices:
        self = _new(cls)
        self.node_of_part, self.steps, self.memory = node, steps, owner.array
        self.edges = ((owner.node or owner) if owner.needs_grad else None, *node.edges[1:])
        self.sequence, self.guards = next(_sequence), node.guards
        self.hooks = None
        return self

    def _part(self, xp: Any, whole: Any) -> Any:
        for cls, args, number in self.steps:
            whole = _new(cls).forward(xp, whole, *args)
            if number is not None:
                whole = whole[number]
        return whole

    def refuse_stale(self, name: str, version: int, expected: int) -> None:
        self.node_of_part.refuse_stale(name, version, expected)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        whole = xp.copy(grad)
        part = self._part(xp, whole)
        own, *others = self.node_of_part.backward(xp, xp.copy(part))
        if own is None:
            xp.fill(part, 0)
        else:
            xp.copy(own, out=part)
        return (whole, *others)

    def lifted(self) -> Node:
        twin = _new(CopySlices)
        node = self.node_of_part
        twin.node_of_part, twin.steps = node.lifted(), self.steps
        twin.edges, twin.guards = self.edges, self.guards
        for name, source in node.saves.items():
            if source == OUTPUT and getattr(node, name, None) is not None:
                # The part's own node is not in the graph: its result is a part of this one's.
                setattr(twin.node_of_part, name, self._result_of_part())
        return twin

    def _result_of_part(self) -> Any:
        part: Any = wrap(self.memory)
        part.node, part.needs_grad = self, True
        for cls, args, number in self.steps:
            part = cls.apply(part, *args)
            if number is not None:
                part = part[number]
        return part

    def release(self) -> None:
        self.node_of_part.release()
        self.guards = self.node_of_part.guards


def check_inplace(tensor: TensorBase) -> None:
    """Refuse to overwrite leaves that require gradients, as PyTorch does."""
    if not mode.enabled:
        return
    view = tensor.view_of
    if view is not None:
        if tensor.version[1] != tensor.rebased:
            if not view[4]:
                _check_view(tensor, view)
            refresh(tensor)
        if tensor.needs_grad:
            _check_view(tensor, view)
    if tensor.needs_grad and tensor.node is None:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation."
        )


def _check_view(tensor: TensorBase, view: Any) -> None:
    source, _, _, number, recorded = view
    if not recorded:
        raise RuntimeError(
            "A view was created in no_grad mode and is being modified inplace with grad mode "
            "enabled. " + AMBIGUOUS_VIEW
        )
    if recorded is not True:
        raise recorded.refusal("is being")
    if number is not None and tensor.node is not None:
        raise RuntimeError(
            f"Output {number} of {tensor.node.short_name()} is a view and is being modified "
            "inplace. This view is the output of a function that returns multiple views. Such "
            "functions do not allow the output views to be modified inplace. You should replace "
            "the inplace operation by an out-of-place one."
        )
    while source.view_of is not None:
        source = source.view_of[0]
    if source.node is None and source.needs_grad:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation."
        )


def overwrite(tensor: TensorBase, value: Array) -> None:
    """Write a result into ``tensor``'s memory. Raises RuntimeError if it does not fit."""
    target = tensor.array
    if value.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape "
            f"{list(value.shape)}"
        )
    check_castable(value.dtype, target.dtype)
    if not BACKENDS[type(target)].writable(target):
        target = target_of(target)
    BACKENDS[type(target)].copy(value, out=target)


def check_castable(result: Any, target: Any) -> None:
    """An in-place result may be narrowed, but not lose its kind (float into an integer)."""
    if result is target or result == target:
        return
    found, wanted = from_numpy(result), from_numpy(target)
    if found.kind > wanted.kind:
        raise RuntimeError(
            f"result type {found.word} can't be cast to the desired output type {wanted.word}"
        )


def mark_changed(
    tensor: TensorBase, node: Node | None = None, inputs: Sequence[TensorBase] = ()
) -> None:
    """Raise the version and, if ``inputs`` need gradients, put ``node`` into the graph.

    ``inputs[0]`` is ``tensor`` itself: the gradient that ``node`` sends there is its old value's.
    """
    version = tensor.version
    recorded = False
    if node is not None and mode.enabled:
        result = wrap(tensor.array)
        result.version = version
        recorded = node._record(inputs, result, inplace=True)
    version[0] += 1
    if not recorded:
        return
    assert node is not None
    _put_into_graph(tensor, node)


def replace_node(tensor: TensorBase, node: Node, position: int) -> None:
    """Make ``node`` the maker of ``tensor``, its input ``position`` that was changed in place."""
    tensor.version[0] += 1
    if tensor.view_of is not None:
        node = Reordered.of(node, position)
    _put_into_graph(tensor, node)


class Reordered(Node):
    """A node with one of its inputs first: that which is a part of a tensor's memory."""

    __slots__ = ("node", "order")

    saves: ClassVar[dict[str, int]] = {"node": CONSTANT}
    returns_fresh = False
    node: Node
    order: list[int]

    @classmethod
    def of(cls, node: Node, first: int) -> Reordered:
        self = _new(cls)
        others = [i for i in range(len(node.edges)) if i != first]
        self.node, self.order = node, [first, *others]
        self.edges = tuple(node.edges[i] for i in self.order)
        self.sequence, self.guards, self.hooks = node.sequence, node.guards, None
        return self

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        results = self.node.backward(xp, grad)
        return tuple(results[i] for i in self.order)

    def lifted(self) -> Node:
        return self

    def release(self) -> None:
        self.node.release()


def _move_retained(former: Node | None, node: Node) -> None:
    """Keep the gradient of a tensor's new value where that of the former one was kept."""
    if former is not None and former.hooks is not None and RETAIN in former.hooks:
        if node.hooks is None:
            node.hooks = {}
        node.hooks[RETAIN] = former.hooks.pop(RETAIN)


def _put_into_graph(tensor: TensorBase, node: Node) -> None:
    """Make ``node``, which changed ``tensor`` in place, its maker; of a view, that of a part."""
    version = tensor.version
    view = tensor.view_of
    if view is not None and not view[4]:
        _check_view(tensor, view)
    version[1] += 1
    if view is None:
        _move_retained(tensor.node, node)
        tensor.node, tensor.needs_grad, tensor.rebased = node, True, version[1]
        version[2:] = [ref(node)]
        return
    owner, steps = tensor, []
    while owner.view_of is not None:
        source, cls, args, number, _ = owner.view_of
        steps.append((cls, args, number))
        owner = source
    former = owner.node
    owner.node = CopySlices.of(owner, node, steps[::-1])
    version[2:] = [ref(owner.node)]
    _move_retained(former, owner.node)
    owner.needs_grad = True
    owner.rebased = version[1]
    refresh(tensor)


def apply_inplace(cls: type[Node], tensor: Any, *rest: Any) -> Any:
    """Apply an op and store its result in its first input."""
    check_inplace(tensor)
    array = tensor.array
    xp = BACKENDS[type(array)]
    node = _new(cls)
    keeps_input = 0 in cls.saves.values() and mode.enabled
    original = xp.copy(array) if keeps_input else array
    out = node.forward(xp, original, *(r.array if isinstance(r, TensorBase) else r for r in rest))
    overwrite(tensor, out)
    for name, source in cls.saves.items():
        if source == -1:
            setattr(node, name, array)
    others = [r for r in rest if isinstance(r, TensorBase)]
    mark_changed(tensor, node, (tensor, *others))
    return tensor
