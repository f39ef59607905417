"""One replay: its memory, its calls, and the node that stands for it in a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..autograd.engine import CONSTANT, Node, TensorBase, _new, _sequence
from ..autograd.saved_values import changed_since_saved
from ..backend.primitive_effects import ONLY_SHAPE
from ..backend.primitives import Array
from .again import Call
from .plan import Plan
from .trace import Slot

if TYPE_CHECKING:
    from .program import Program


class Replay:
    """The memory of a replay, and its calls: the function's, and those of its derivative.

    Attributes:
        plan: the function's calls.
        saved: the leaves that its derivative reads.
    """

    def __init__(self, program: Program) -> None:
        trace = program.trace
        inputs = [trace.inputs[n] for n in program.free]
        early, late = trace.steps[: trace.forward], trace.steps[trace.forward :]
        kept = [slot.ref for slot in trace.slots if slot.ref is not None]
        kept += [entry.made for entry in trace.leaves if entry.made is not None]
        kept += [r for step in late for r in step.refs() if 0 <= r.root.step < trace.forward]
        backend = program.backend
        self._backend = backend
        self.arrays: dict[int, Array] = {}
        returned = [k for k, n in enumerate(program.free) if n in program.returned]
        relaid = [k for k, n in enumerate(program.free) if n in trace.relaid]
        self.plan = Plan(
            backend,
            early,
            inputs,
            kept,
            copy_inputs=bool(trace.sources),
            copied=(*relaid, *returned),
            rewrite=program.rewrite,
        )
        self._returned = returned
        self._trace, self._rewrite = trace, program.rewrite
        read = {
            id(ref.root.owner)
            for step in late
            if step.name not in ONLY_SHAPE
            for ref in step.refs()
            if ref.root.external
        }
        self.saved = [
            entry.leaf
            for entry in trace.leaves
            if entry.number is None and id(backend.memory(entry.leaf.array)[0]) in read
        ]
        self._derivatives: list[Plan | None] = [None] * len(trace.passes)

    def run(self, arrays: Sequence[Array]) -> None:
        """Carry out the function's calls with these inputs, and write into some of them."""
        self.plan.run(arrays)
        for k in self._returned:
            self._backend.copy(self.plan.inputs[k].copy, arrays[k])

    def array(self, slot: Slot) -> Array:
        """Where a result lies in the memory of this replay."""
        found = self.arrays.get(id(slot))
        if found is None:
            assert slot.ref is not None
            found = self.arrays[id(slot)] = self.plan.array(slot.ref)
        return found

    def differentiate(self, grads: Sequence[Array | None]) -> tuple[Array | None, ...]:
        """The gradients of the sources, for these gradients of the results.

        None for a source of which no result depends that has a gradient.
        """
        backend, passes = self._backend, self._trace.passes
        given = [n for n, grad in enumerate(grads) if grad is not None]
        number = given[0] + 1 if len(given) == 1 and len(passes) > 1 else 0
        chosen, plan = passes[number], self._derivative(number)
        if number:
            grads = [grads[given[0]]]
        plan.run(
            [
                backend.zeros_like(seed) if grad is None else grad
                for grad, seed in zip(grads, chosen.seeds, strict=True)
            ]
        )
        found = {
            id(s.leaf): backend.copy(plan.array(s.grad))
            for s in chosen.sources
            if any(one and grad is not None for one, grad in zip(s.depends, grads, strict=True))
        }
        return tuple(found.get(id(s.leaf)) for s in self._trace.sources)

    def _derivative(self, number: int) -> Plan:
        """The plan for one of the backward passes, made when it is first needed."""
        plan = self._derivatives[number]
        if plan is None:
            chosen = self._trace.passes[number]
            plan = self._derivatives[number] = Plan(
                self._backend,
                self._trace.steps[chosen.begin : chosen.end],
                chosen.seeds,
                [s.grad for s in chosen.sources],
                given=self.plan.memory,
                copy_inputs=True,
                rewrite=self._rewrite,
            )
        return plan


class Compiled(Node):
    """The derivative of a compiled function: a replay, too."""

    __slots__ = ("call", "run", "slots", "spare", "stamps")

    saves: ClassVar[dict[str, int]] = {"run": CONSTANT}
    torch_name = "CompiledFunctionBackward"
    run: Replay | None
    spare: list[Replay]
    call: Call | None
    slots: list[Slot]
    stamps: list[int]
    """The versions of the leaves that the derivative reads."""

    @classmethod
    def of(
        cls,
        run: Replay,
        spare: list[Replay],
        edges: tuple[Any, ...],
        call: Call | None,
        slots: list[Slot],
    ) -> Compiled:
        self = _new(cls)
        self.run, self.spare, self.edges, self.call, self.slots = run, spare, edges, call, slots
        self.sequence, self.hooks, self.guards = next(_sequence), None, ()
        self.stamps = [leaf.version[0] for leaf in run.saved]
        return self

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        grads = grad if type(grad) is list else [grad]
        assert self.run is not None
        for leaf, stamp in zip(self.run.saved, self.stamps, strict=True):
            if leaf.version[0] != stamp:
                raise changed_since_saved(leaf.array, leaf, 0, leaf.version[0], stamp, self)
        if any(isinstance(g, TensorBase) for g in grads):
            assert self.call is not None
            return self.call.gradients([self.run.array(slot) for slot in self.slots], grads)
        return self.run.differentiate(grads)

    def lifted(self) -> Compiled:
        """The node itself: a recorded pass goes through the program's ops one by one."""
        return self

    def release(self) -> None:
        self._give_back()
        self.guards = self.call = None

    def _give_back(self) -> None:
        run, self.run = self.run, None
        if run is not None:
            self.spare.append(run)

    def __del__(self) -> None:
        self._give_back()
