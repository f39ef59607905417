"""A traced call made ready to be replayed: its inputs, results, gradients and guards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import is_
from sys import getrefcount
from typing import Any

from ..autograd.engine import Node, Output, TensorBase, wrap
from ..autograd.grad_mode import mode
from ..backend.primitives import Array
from .again import Call
from .effects import streams
from .leaves import LeafGrad
from .plan import Plan, external_written
from .replay import Compiled, Replay
from .structure import PLAIN, fields_of, with_fields, with_items
from .trace import Slot, Trace
from .versions import tensors_in_memory, versions

Arguments = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function and what it is called with."""


class Program:
    """Replays one traced call.

    Args:
        trace: the call.
        rewrite: whether the backend may put others in the place of steps.
        varying: the numbers of inputs that are written into, and are other arrays in each call.

    Attributes:
        written: memory from outside that a replay changes.
        free: the numbers of the inputs that may be other arrays in each replay.
        bound: those of the others.
        returned: those of the free ones into which a replay writes, by way of copies.
        holds: tells whether all that the trace took for granted outside is as it was.
        before: what to do before each replay.
        made: the leaves for which a replay makes a gradient.
        holders: how many hold each of these, besides its leaf and this program.
        left: leaves and the gradients with which a replay leaves them.
        left_to_inputs: the same for inputs, by their numbers.
        changed: counts of writes into what a replay changes, besides inputs.
        changed_inputs: the numbers of such inputs.
        references: tells how many hold each gradient that was made.
        attached: how often the gradients have moved to other memory.
    """

    def __init__(self, trace: Trace, rewrite: bool = True, varying: Collection[int] = ()) -> None:
        self.trace = trace
        self.rewrite = rewrite
        self.varying = varying
        if trace.sources:
            trace.streams = streams(trace)
        self.backend = trace.recorder.backend
        self.written = external_written(trace.steps)
        written = {id(root.owner) for root in self.written}
        memory = self.backend.memory
        owners = [id(memory(array)[0]) for array in trace.inputs]
        known = {
            id(memory(thing)[0])
            for thing in trace.recorder.guards.objects()
            if type(thing) in {type(array) for array in trace.inputs}
        }
        # These must be the very same arrays in every replay: written to, sharing their memory, or
        # used by the function under another name, too.
        alone = [n for n, o in enumerate(owners) if o not in known and owners.count(o) == 1]
        self._written_alone = [n for n in alone if owners[n] in written]
        self.returned = [n for n in self._written_alone if n in varying or n in trace.parts]
        self.bound = [
            n
            for n, owner in enumerate(owners)
            if n not in self.returned and (n not in alone or owner in written)
        ]
        self.free = [n for n in range(len(owners)) if n not in self.bound]
        outside = [r.owner for r in self.written if id(r.owner) not in owners]
        changed = list(tensors_in_memory(self.backend, outside)) if outside else []
        self.changed = versions(changed)
        self.changed_inputs = [n for n, owner in enumerate(owners) if owner in written]
        self.made = [entry for entry in trace.leaves if entry.made is not None]
        self._differentiable = [slot for slot in trace.slots if slot.wants_grad]
        self.before = trace.recorder.guards.before
        self._all_free = not self.bound
        self._given = self._accepted = trace.inputs[len(trace.inputs) - len(trace.given) :]
        self.holds = self._take_for_granted()
        self.attached = 0
        self._first = Replay(self)
        self._spare = [self._first]
        self._attach()

    def _take_for_granted(self) -> Callable[[], bool]:
        guards = self.trace.recorder.guards
        roots = {ref.root for step in self.trace.steps for ref in step.refs()}
        owners = {id(root.owner) for root in roots}

        def used(array: Array) -> bool:
            return id(self.backend.memory(array)[0]) in owners

        for entry in self.trace.leaves:
            if entry.before is not None and used(entry.before.array):
                guards.require("{}.grad is {}", entry.leaf, entry.before)
                guards.require("{}.array is {}", entry.before, entry.before.array)
        return guards.test()

    def plans(self) -> list[Plan]:
        """The calls of replays, of each piece of memory that they take turns in."""
        return [run.plan for run in {id(r): r for r in (self._first, *self._spare)}.values()]

    def fits(self, tensors: Sequence[TensorBase]) -> bool:
        """Whether all that the trace took for granted is as it was."""
        inputs = self.trace.inputs
        return self._holds_for(tensors) and (
            self._all_free or all(tensors[n].array is inputs[n] for n in self.bound)
        )

    def fitting(self, tensors: Sequence[TensorBase]) -> Program | None:
        """A program for other arrays into which replays write, if nothing else differs."""
        if self._all_free or not self._holds_for(tensors):
            return None
        inputs = self.trace.inputs
        others = {n for n in self.bound if tensors[n].array is not inputs[n]}
        if not others.issubset(self._written_alone):
            return None
        return Program(self.trace, self.rewrite, others.union(self.varying))

    def _holds_for(self, tensors: Sequence[TensorBase]) -> bool:
        """Whether all is as it was besides which arrays are given."""
        if not self.holds():
            return False
        if not self._given:
            return True
        grads = tensors[-len(self._given) :]
        arrays = [grad.array for grad in grads if grad is not None]
        if len(arrays) < len(grads):
            return False
        if not all(map(is_, arrays, self._accepted)):
            if any(a.strides != b.strides for a, b in zip(arrays, self._given, strict=True)):
                return False
            self._accepted = arrays
        return True

    def replay(self, tensors: Sequence[TensorBase], call: Arguments | None = None) -> Any:
        """Carry the call out again with other tensors of the same kind.

        ``call`` says how to make it in eager mode, for second derivatives.
        """
        arrays = [tensors[n].array for n in self.free]
        for action in self.before:
            action()
        if self.trace.sources:
            return self._replay_in_graph(tensors, arrays, call)
        self._leave_to_holders()
        self._first.run(arrays)
        self._leave(tensors, self.left, self.left_to_inputs)
        return self._returned(self._first, tensors, None)

    def _leave(
        self,
        tensors: Sequence[TensorBase],
        leaves: list[tuple[TensorBase, Any]],
        inputs: list[tuple[int, Any]],
    ) -> None:
        """Leave gradients behind, and count what has been written to."""
        for leaf, grad in leaves:
            leaf.gradient = grad
        for number, grad in inputs:
            tensors[number].gradient = grad
        for count in self.changed:
            count[0] += 1
        for number in self.changed_inputs:
            tensors[number].version[0] += 1

    def _returned(self, run: Replay, tensors: Sequence[TensorBase], node: Node | None) -> Any:
        """What the function returns: copies, which later replays do not change."""
        several = len(self._differentiable)

        def fill(slot: Slot) -> Any:
            if slot.ref is None:
                return slot.same if slot.number is None else tensors[slot.number]
            result = wrap(self.backend.copy(run.array(slot)))
            if slot.leaf:
                result.needs_grad = True
            if node is not None and slot.wants_grad:
                result.needs_grad = True
                number = self._differentiable.index(slot)
                result.node = node if several == 1 else Output.of(node, number, several)
            return result

        result = self.trace.result
        return fill(result) if type(result) is Slot else _filled(result, fill)

    def first_run(self) -> Replay:
        """The memory of replays whose results belong to no graph."""
        return self._first

    # --- gradients that stay with their leaves ----------------------------------------------------

    def _attach(self) -> None:
        """Make the tensors that replays leave behind as gradients."""
        array = self._first.plan.array
        self._grads = [wrap(array(entry.made)) for entry in self.made if entry.made is not None]
        taken = [entry for entry in self.trace.leaves if entry.after is None]
        self._leaves_left = [*self.made, *taken]
        grads = [*self._grads, *[None] * len(taken)]
        self.left, self.left_to_inputs = _by_number(zip(self._leaves_left, grads, strict=True))
        del grads  # it holds them, too
        self.references = self._counter()
        self.holders = self.references()
        self.attached += 1

    def _counter(self) -> Callable[[], list[int]]:
        """Tells how many hold each gradient, its array or its memory, besides its leaf."""
        memory = self._first.plan.memory
        space: dict[str, Any] = {"count": getrefcount}
        terms = []
        for n, (entry, grad) in enumerate(zip(self.made, self._grads, strict=True)):
            assert entry.made is not None
            space |= {f"g{n}": grad, f"m{n}": memory[entry.made.root], f"l{n}": entry.leaf}
            terms.append(f"count(g{n}) + count(g{n}.array) + count(m{n}) - (l{n}.gradient is g{n})")
        found: Callable[[], list[int]] = eval(f"lambda: [{', '.join(terms)}]", space)
        return found

    def let_hold(self, before: list[int]) -> None:
        """Whoever has begun to hold gradients since ``before`` may see them change."""
        now = self.references()
        self.holders = [
            own + after - then for own, after, then in zip(self.holders, now, before, strict=True)
        ]

    def _leave_to_holders(self) -> None:
        """Leave gradients of the last replay to whoever else holds them, and use other memory."""
        if not self.made:
            return
        now = self.references()
        if now == self.holders:
            return
        for entry, count, own in zip(self.made, now, self.holders, strict=True):
            if count != own and entry.made is not None:
                self._first.plan.renew(entry.made.root)
        self._first.arrays.clear()
        self._attach()

    # --- results that belong to a graph -----------------------------------------------------------

    def _replay_in_graph(
        self, tensors: Sequence[TensorBase], arrays: Sequence[Array], arguments: Arguments | None
    ) -> Any:
        """A replay whose memory is needed until its results have been differentiated."""
        trace = self.trace
        ends = [s.leaf if s.number is None else tensors[s.number] for s in trace.sources]
        call = Call(trace, *arguments, ends) if arguments is not None and mode.enabled else None
        run = self._spare.pop() if self._spare else Replay(self)
        run.run(arrays)
        # The memory of this replay has other numbers when the next one takes it over.
        made = [
            None if e.made is None else wrap(self.backend.copy(run.plan.array(e.made)))
            for e in self._leaves_left
        ]
        self._leave(tensors, *_by_number(zip(self._leaves_left, made, strict=True)))
        node = None
        if mode.enabled:
            slots = self._differentiable
            node = Compiled.of(run, self._spare, tuple(t.node or t for t in ends), call, slots)
        else:
            self._spare.append(run)
        return self._returned(run, tensors, node)


def _by_number(
    left: Iterable[tuple[LeafGrad, Any]],
) -> tuple[list[tuple[TensorBase, Any]], list[tuple[int, Any]]]:
    """Gradients to be left with leaves, and with inputs, which have numbers."""
    leaves: list[tuple[TensorBase, Any]] = []
    inputs: list[tuple[int, Any]] = []
    for entry, grad in left:
        if entry.number is None:
            leaves.append((entry.leaf, grad))
        else:
            inputs.append((entry.number, grad))
    return leaves, inputs


def _filled(value: Any, fill: Callable[[Slot], Any]) -> Any:
    """The structure with tensors in the place of slots."""
    if type(value) is Slot:
        return fill(value)
    if isinstance(value, tuple):
        items = [_filled(item, fill) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, list):
        return [_filled(item, fill) for item in value]
    if isinstance(value, dict):
        return with_items(value, {key: _filled(item, fill) for key, item in value.items()})
    if type(value) not in PLAIN and (fields := fields_of(value)) is not None:
        return with_fields(value, {name: _filled(item, fill) for name, item in fields.items()})
    return value
