"""One call of a function, carried out and written down with what it takes and leaves behind."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from sys import getrefcount
from typing import Any

from .. import dtypes
from ..autograd.engine import Node, TensorBase, wrap
from ..autograd.observers import unwatch, watch
from ..backend.noted_steps import Ref, Step
from ..backend.primitives import Array
from ..backend.recording import Recorder
from .derivative import Pass, Source, differentiate
from .plan import external_written
from .structure import mapped, tensors_in


@dataclass
class LeafGrad:
    """A leaf that took part, with its gradient before and after the call.

    ``made``: where the gradient lies that the call left behind, None if it made none. ``number``:
    which input the leaf is, None if it is none.
    """

    leaf: TensorBase
    before: TensorBase | None
    after: TensorBase | None
    made: Ref | None
    number: int | None


@dataclass
class Slot:
    """A place for a tensor in the structure that the function returned.

    Exactly one of: ``ref``, the memory of a result; ``number``, which input it is; ``same``, a
    tensor that was there before the call.

    ``wants_grad``: whether it belongs to a graph; ``leaf``: whether it requires a gradient, and
    the graph of others only begins with it.
    """

    ref: Ref | None = None
    number: int | None = None
    same: TensorBase | None = None
    wants_grad: bool = False
    leaf: bool = False


@dataclass
class Trace:
    """What one call did.

    Attributes:
        recorder: the steps, and what they take for granted.
        inputs: the arrays of the tensors among the arguments, and those of ``given``.
        given: parameters whose gradients an optimizer took that were there before the call.
        relaid: the numbers of the inputs of which the array here has other strides than the one
            that was given.
        result: what the function returned, with slots in the place of tensors.
        slots: all of them in order.
        leaves: the leaves of its graph.
        forward: how many steps came before those of ``backward``.
        passes: the backward passes: first that from all results that want a gradient, then, where
            there are several, those from each of them alone.
        streams: those of random numbers that replays of results in a graph draw from.
    """

    recorder: Recorder
    inputs: list[Array]
    given: list[TensorBase] = field(default_factory=list)
    relaid: list[int] = field(default_factory=list)
    result: Any = None
    slots: list[Slot] = field(default_factory=list)
    leaves: list[LeafGrad] = field(default_factory=list)
    forward: int = 0
    passes: list[Pass] = field(default_factory=list)
    streams: list[Any] = field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        return self.recorder.steps

    @property
    def sources(self) -> list[Source]:
        """What the results can be differentiated by."""
        return self.passes[0].sources if self.passes else []

    def tensors(self, arguments: list[TensorBase]) -> list[TensorBase]:
        """The tensors that stand for ``inputs`` in another call, None where there is none."""
        return [*arguments, *(leaf.grad for leaf in self.given)] if self.given else arguments

    def leave_out_own_leaves(self) -> None:
        """Forget the leaves that the function made for itself: nobody else holds them."""
        kept = []
        for number in range(len(self.leaves)):
            leaf = self.leaves[number].leaf
            # Held by the entry, by this variable, by getrefcount and by sources.
            mine = 3 + sum(s.leaf is leaf for one in self.passes for s in one.sources)
            if self.leaves[number].number is not None or getrefcount(leaf) > mine:
                kept.append(self.leaves[number])
        self.leaves = kept
        known = {id(entry.leaf) for entry in kept}
        for one in self.passes:
            one.sources = [s for s in one.sources if s.number is not None or id(s.leaf) in known]


def trace(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    recorder: Recorder,
) -> tuple[Trace, Any]:
    """Carry out ``function(*args, **kwargs)`` and write it down; also returns what it returned.

    Arguments that belong to a graph outside are replaced by leaves, so that the graph inside ends
    at them.
    """
    given = list(tensors_in((args, kwargs)))
    own = _memory_of_their_own(given, recorder)
    leaf_of = {id(t): _leaf(t, own.get(id(t), t).array) for t in given if t.node is not None}
    inside = [leaf_of.get(id(t), own.get(id(t), t)) for t in given]
    turn = iter(inside)
    args, kwargs = mapped((args, kwargs), lambda _: next(turn))
    found = Trace(recorder, [t.array for t in inside])
    pairs = zip(given, found.inputs, strict=True)
    found.relaid = [n for n, (t, array) in enumerate(pairs) if t.array.strides != array.strides]
    nodes: list[Node] = []
    with recorder.listen(), _leaves(nodes) as leaves:
        for tensor in inside:
            recorder.ref(tensor.array)
            if tensor.needs_grad and tensor.node is None:
                leaves.setdefault(id(tensor), (tensor, tensor.grad))
        returned = function(*args, **kwargs)
        for check in recorder.at_end:
            check()
        found.forward = len(recorder.steps)
        found.given = _given_gradients(recorder, leaves, inside)
        given += [leaf.grad for leaf in found.given]
        inside += [leaf.grad for leaf in found.given]
        found.inputs += [leaf.grad.array for leaf in found.given]
        results = list(tensors_in(returned))
        found.slots = [_slot(recorder, t, inside) for t in results]
        by_tensor = iter(found.slots)
        found.result = mapped(returned, lambda _: next(by_tensor))
        numbers = {id(t): n for n, t in enumerate(inside)}
        for leaf in leaf_of.values():
            if leaf.grad is not None:
                recorder.fail(
                    "backward() inside of the function would go on outside, through an argument "
                    "that belongs to a graph: pass it as a leaf, or call backward() outside"
                )
            leaves.pop(id(leaf), None)
        found.leaves = [
            _after(recorder, leaf, grad, numbers.get(id(leaf))) for leaf, grad in leaves.values()
        ]
        differentiate(found, results, numbers)
    _refuse_writing_to(own, found)
    _take_modes_for_granted(recorder)
    back = {id(i): g for i, g in zip(inside, given, strict=True)}
    if leaf_of:
        _join(nodes, results, back)
    nodes.clear()
    leaves.clear()
    found.leave_out_own_leaves()
    _take_leaves_for_granted(found)
    return found, mapped(returned, lambda t: back.get(id(t), t))


def _memory_of_their_own(
    tensors: Sequence[TensorBase], recorder: Recorder
) -> dict[int, TensorBase]:
    """Copies of the tensors that are parts of other memory, such as a batch of a data set.

    Another call has another part, so where it lies in the whole must not be written down.
    """
    backend = recorder.backend
    return {
        id(t): wrap(backend.copy(t.array))
        for t in tensors
        if (t.node is not None or not t.needs_grad) and _is_part(backend, t.array)
    }


def _is_part(backend: Any, array: Array) -> bool:
    return array.base is not None and array.nbytes < backend.memory(array)[2]


def _refuse_writing_to(own: dict[int, TensorBase], found: Trace) -> None:
    """What the function writes into a copy, the original does not get."""
    memory = found.recorder.backend.memory
    copies = {id(memory(t.array)[0]) for t in own.values()}
    for root in external_written(found.steps):
        if id(root.owner) in copies:
            found.recorder.fail(
                "the function writes into an argument that is a part of other memory: clone it"
            )


def _given_gradients(
    recorder: Recorder, leaves: dict[int, Any], inputs: Sequence[TensorBase]
) -> list[TensorBase]:
    """The parameters that an optimizer updated by gradients from outside."""
    known = {id(tensor.array) for tensor in inputs}
    found: dict[int, TensorBase] = {}
    for leaf in recorder.updated:
        if id(leaf) in leaves:
            continue
        recorder.require("{}.array is {}", leaf, leaf.array)
        if leaf.grad is None:
            recorder.require("{}.grad is None", leaf)
        elif recorder.ref(leaf.grad.array).root.external and id(leaf.grad.array) not in known:
            found[id(leaf)] = leaf
    return list(found.values())


def _take_leaves_for_granted(found: Trace) -> None:
    """The leaves keep their memory and their hooks, and require gradients."""
    require = found.recorder.require
    for leaf in [entry.leaf for entry in found.leaves if entry.number is None]:
        require("{}.array is {}", leaf, leaf.array)
        require("{}.needs_grad is {}", leaf, True)
        require("{}.hooks is {}", leaf, leaf.hooks)
        if leaf.hooks is not None:
            for table in (leaf.hooks.before, leaf.hooks.after):
                require("tuple({}) == {}", table, tuple(table))


def _take_modes_for_granted(recorder: Recorder) -> None:
    recorder.require("{}._default is {}", dtypes, dtypes.get_default_dtype())
    recorder.host_arrays.guard(recorder.guards)


def _leaf(tensor: TensorBase, array: Array) -> TensorBase:
    leaf: TensorBase = wrap(array)
    leaf.needs_grad = True
    leaf.version = tensor.version
    return leaf


def _join(nodes: list[Node], results: list[TensorBase], given: dict[int, TensorBase]) -> None:
    """Connect a graph that ends at leaves of its own with what they stand for."""
    for node in nodes:
        ends = [given.get(id(edge)) for edge in node.edges]
        node.edges = tuple(
            edge if end is None else end.node or end
            for edge, end in zip(node.edges, ends, strict=True)
        )
    for result in results:
        if result.view_of is not None and id(result.view_of[0]) in given:
            result.view_of = (given[id(result.view_of[0])], *result.view_of[1:])


@contextlib.contextmanager
def _leaves(nodes: list[Node]) -> Iterator[dict[int, tuple[TensorBase, Any]]]:
    """The leaves at which nodes end that are made in this context, with their gradients so far.

    A gradient is looked at when its leaf is first met; what the function did to it before that, it
    did without a graph: it can only have taken it away. The nodes are added to a list.
    """
    found: dict[int, tuple[TensorBase, Any]] = {}
    thread = threading.get_ident()

    def meet(node: Node, result: TensorBase) -> None:
        if threading.get_ident() != thread:
            return
        nodes.append(node)
        for edge in node.edges:
            if isinstance(edge, TensorBase) and id(edge) not in found:
                found[id(edge)] = (edge, edge.grad)

    watch(meet)
    try:
        yield found
    finally:
        unwatch(meet)


def _after(recorder: Recorder, leaf: TensorBase, before: Any, number: int | None) -> LeafGrad:
    after = leaf.grad
    made = None
    if after is not None and after is not before:
        ref = recorder.ref(after.array)
        made = None if ref.root.external else ref
    return LeafGrad(leaf, before, after, made, number)


def _slot(recorder: Recorder, tensor: TensorBase, inputs: Sequence[TensorBase]) -> Slot:
    for number, given in enumerate(inputs):
        if tensor is given:
            return Slot(number=number)
    if not isinstance(tensor.array, recorder.array_type):
        recorder.fail("the function gives a tensor of another device than the one it works on")
    ref = recorder.ref(tensor.array)
    if ref.root.external and tensor.node is None and not _lies_in(recorder, ref, inputs):
        return Slot(same=tensor)
    if tensor.node is None:
        return Slot(ref=ref, leaf=tensor.needs_grad)
    return Slot(ref=ref, wants_grad=tensor.needs_grad)


def _lies_in(recorder: Recorder, ref: Ref, inputs: Sequence[TensorBase]) -> bool:
    """Whether an array is a part of an input."""
    return any(recorder.ref(given.array).root is ref.root for given in inputs)
