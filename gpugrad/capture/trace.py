"""One call of a function, carried out and written down with what it takes and leaves behind."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from sys import getrefcount
from typing import Any

from .. import dtypes
from ..autograd.engine import Node, TensorBase, wrap
from ..backend.constant_values import ConstantValues
from ..backend.noted_steps import Ref, Step
from ..backend.primitives import Array
from ..backend.recorder import Recorder
from .derivative import Pass, Source, differentiate
from .leaves import LeafGrad, given_gradients, left_with, met, updated_by_optimizers
from .parts import memory_of_their_own, written_back
from .plan import Plan
from .structure import mapped, tensors_in
from .versions import tensors_in_memory, versions


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
        parts: the numbers of the inputs that are parts of other memory; here they are copies.
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
    parts: list[int] = field(default_factory=list)
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
        if not self.given:
            return arguments
        return [*arguments, *[leaf.gradient for leaf in self.given]]

    def tensors_then(self, arguments: list[TensorBase]) -> list[TensorBase]:
        """The tensors that stood for ``inputs`` in this call itself."""
        return [*arguments, *map(wrap, self.inputs[len(self.inputs) - len(self.given) :])]

    def leave_out_own_leaves(self) -> None:
        """Forget the leaves that the function made for itself: nobody else holds them."""
        own = set()
        for number in range(len(self.leaves)):
            leaf = self.leaves[number].leaf
            # Held by the entry, by this variable, by getrefcount and by sources.
            mine = 3 + sum(s.leaf is leaf for one in self.passes for s in one.sources)
            if self.leaves[number].number is None and getrefcount(leaf) <= mine:
                own.add(id(leaf))
        known = {id(entry.leaf) for entry in self.leaves}
        own |= {id(s.leaf) for s in self.sources if s.number is None and id(s.leaf) not in known}
        self.leave_out(own)

    def leave_out(self, leaves: set[int]) -> None:
        """Forget leaves with these identities."""
        self.leaves = [entry for entry in self.leaves if id(entry.leaf) not in leaves]
        for one in self.passes:
            one.sources = [s for s in one.sources if id(s.leaf) not in leaves]
        self.recorder.guards.leave_out(
            lambda _, objects: any(id(thing) in leaves for thing in objects)
        )


def leave_out_leaves_of_one_call(first: Trace, second: Trace) -> list[TensorBase]:
    """Forget leaves that each of two calls made for itself, though its graph still holds them.

    Returns:
        Those of the first call.
    """
    theirs = [
        [
            e.leaf
            for e in one.leaves
            if e.number is None and all(e.leaf is not o.leaf for o in other)
        ]
        for one, other in ((first, second.leaves), (second, first.leaves))
    ]
    if [leaf.array.shape for leaf in theirs[0]] != [leaf.array.shape for leaf in theirs[1]]:
        return []
    for found, own in zip((first, second), theirs, strict=True):
        if own:
            found.leave_out({id(leaf) for leaf in own})
    return theirs[0]


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
    own = memory_of_their_own(given, recorder)
    copied = {key: copy for key, (_, copy) in own.items()}
    leaf_of = {id(t): _leaf(t, copied.get(id(t), t).array) for t in given if t.node is not None}
    inside = [leaf_of.get(id(t), copied.get(id(t), t)) for t in given]
    turn = iter(inside)
    args, kwargs = mapped((args, kwargs), lambda _: next(turn))
    found = Trace(recorder, [t.array for t in inside])
    pairs = zip(given, found.inputs, strict=True)
    found.relaid = [n for n, (t, array) in enumerate(pairs) if t.array.strides != array.strides]
    found.parts = [n for n, t in enumerate(given) if id(t) in own]
    nodes: list[Node] = []
    with written_back(own, recorder), recorder.listen(), met(nodes) as leaves:
        asked = (functools.partial(f, recorder.backend) for f in (_versions, _carried_out_again))
        recorder.constants = ConstantValues(recorder, *asked)
        for tensor in inside:
            recorder.constants.varies(tensor.array)
            if tensor.needs_grad and tensor.node is None:
                leaves.setdefault(id(tensor), (tensor, tensor.grad))
        returned = function(*args, **kwargs)
        for check in recorder.at_end:
            check()
        found.forward = len(recorder.steps)
        updated = updated_by_optimizers(recorder, leaves)
        grads = given_gradients(recorder, updated, inside)
        found.given = [leaf for leaf, _ in grads]
        given += [grad for _, grad in grads]
        inside += [grad for _, grad in grads]
        found.inputs += [grad.array for _, grad in grads]
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
            left_with(recorder, leaf, grad, numbers.get(id(leaf))) for leaf, grad in leaves.values()
        ]
        found.leaves += [
            left_with(recorder, leaf, None, numbers.get(id(leaf))) for leaf, _ in updated.values()
        ]
        differentiate(found, results, numbers)
    _take_modes_for_granted(recorder)
    _leave_out_exchanged(recorder)
    back = {id(i): g for i, g in zip(inside, given, strict=True)}
    if leaf_of:
        _join(nodes, results, back)
    nodes.clear()
    leaves.clear()
    found.leave_out_own_leaves()
    _take_leaves_for_granted(found)
    return found, mapped(returned, lambda t: back.get(id(t), t))


def _versions(backend: Any, owner: Any) -> list[list[int]] | None:
    """Who counts the writes into memory from outside; None for parameters, which are trained."""
    tensors = list(tensors_in_memory(backend, [owner]))
    if not tensors or any(tensor.needs_grad and tensor.node is None for tensor in tensors):
        return None
    return versions(tensors)


def _take_leaves_for_granted(found: Trace) -> None:
    """The leaves keep their memory and their hooks, and require gradients."""
    require = found.recorder.require
    for leaf in [entry.leaf for entry in found.leaves if entry.number is None]:
        require("{}.array is {}", leaf, leaf.array)
        require("{}.needs_grad is {}", leaf, leaf.needs_grad)
        require("{}.hooks is {}", leaf, leaf.hooks)
        if leaf.hooks is not None:
            for table in (leaf.hooks.before, leaf.hooks.after):
                require("tuple({}) == {}", table, tuple(table))


def _take_modes_for_granted(recorder: Recorder) -> None:
    recorder.require("{}._default is {}", dtypes, dtypes.get_default_dtype())
    recorder.host_arrays.guard(recorder.guards)


def _carried_out_again(backend: Any, steps: Sequence[Step], ref: Ref) -> Array:
    plan = Plan(backend, steps, [], [ref], rewrite=False)
    for function, args in plan.calls:
        function(*args)
    return plan.array(ref)


def _leave_out_exchanged(recorder: Recorder) -> None:
    """Do not expect to find the tensors that stood in others' places during the call only.

    So it is with parameters in ``functional_call``, and with attributes that the call assigns: of
    these, another call has another tensor, and what it reads there is compared.
    """
    guards = recorder.guards

    def is_gone(term: str, objects: tuple[Any, ...]) -> bool:
        tensor = objects[-1]
        if not (isinstance(tensor, TensorBase) and term.startswith("{}.get(")):
            return False
        names = [f"o{k}" for k in range(len(objects))]
        return not eval(term.format(*names), dict(zip(names, objects, strict=True)))

    gone: set[int] = set()

    def is_of_gone(term: str, objects: tuple[Any, ...]) -> bool:
        if is_gone(term, objects):
            gone.add(id(objects[-1]))
            return True
        return False

    guards.leave_out(is_of_gone)
    guards.leave_out(lambda _, objects: id(objects[0]) in gone)


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
