"""The backward pass of what a traced function returned, written down behind its other steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..autograd.engine import Node, TensorBase, differentiable
from ..autograd.grad_mode import mode
from ..autograd.propagation import Leaves, run
from ..backend.noted_steps import CaptureError, Ref
from ..backend.noted_streams import repeat_draws, without_states
from ..backend.primitives import Array
from ..backend.recorder import Recorder

if TYPE_CHECKING:
    from .trace import Slot, Trace


SEVERAL = 4
"""Of more results than that, no passes from each alone are written down."""


@dataclass
class Source:
    """What results can be differentiated by.

    Attributes:
        leaf, number: a leaf, and which input it is, or None.
        grad: where its gradient lies after a backward pass.
        depends: of each result that wants a gradient, whether it depends on the leaf.
    """

    leaf: TensorBase
    number: int | None
    grad: Ref
    depends: list[bool]


@dataclass
class Pass:
    """A backward pass from some results.

    Attributes:
        seeds: the gradients of these results, as arrays to be given to replays.
        begin, end: its steps are those of the trace from one to before the other.
        sources: where the pass ends.
    """

    seeds: list[Array]
    begin: int
    end: int
    sources: list[Source]


def differentiate(found: Trace, results: Sequence[TensorBase], numbers: dict[int, int]) -> None:
    """Note the backward passes of those results that the function did not differentiate itself.

    That from one result alone is more than a part of the one from all with zeros for the others'
    gradients: zeros make nan of infinities, and steps are needed for them.
    """
    ends = {id(t): _ends(t.node) for t in results if t.node is not None}
    wanted: list[tuple[Slot, TensorBase]] = []
    for slot, t in zip(found.slots, results, strict=True):
        if slot.ref is not None and ends.get(id(t)) is not None and differentiable(t.array):
            wanted.append((slot, t))
        else:
            slot.wants_grad = False
    if not wanted:
        return

    def passed(tensors: Sequence[TensorBase]) -> Pass:
        seeds, begin, leaves = _passed(found, tensors)
        sources = [
            Source(
                leaf,
                numbers.get(id(leaf)),
                found.recorder.ref(grad),
                [id(leaf) in (ends[id(t)] or ()) for t in tensors],
            )
            for leaf, (grad, _) in leaves.items()
        ]
        return Pass(seeds, begin, len(found.steps), sources)

    try:
        found.passes = [passed([t for _, t in wanted])]
    except CaptureError:
        raise
    except RuntimeError:  # some have no derivative, or what it needs has been changed
        wanted = [pair for pair in wanted if _can_pass(found, *pair)]
        if not wanted:
            return
        found.passes = [passed([t for _, t in wanted])]
    if 1 < len(wanted) <= SEVERAL:
        found.passes += [passed([t]) for _, t in wanted]


def _passed(found: Trace, tensors: Sequence[TensorBase]) -> tuple[list[Array], int, Leaves]:
    """A backward pass from some results: its seeds, its first step, and what it gave."""
    recorder = found.recorder
    with recorder.paused():
        seeds = [recorder.backend.ones_like(t.array) for t in tensors]
    for seed in seeds:
        recorder.ref(seed)
    begin = len(recorder.steps)
    before, mode.enabled = mode.enabled, False
    try:
        leaves = run(tensors, seeds, retain_graph=True, create_graph=False)
        _leave_out_states(recorder, begin)
        return seeds, begin, leaves
    except RuntimeError:
        del recorder.steps[begin:]
        raise
    finally:
        mode.enabled = before


def _leave_out_states(recorder: Recorder, begin: int) -> None:
    """Take away what keeps random numbers as they were, if a backward pass draws none."""
    steps = recorder.steps[begin:]
    if repeat_draws(steps):
        recorder.fail(
            "its backward pass draws random numbers again, as checkpoints do, and takes place "
            "outside of the function: call backward() inside of it"
        )
    recorder.steps[begin:] = without_states(steps)


def _can_pass(found: Trace, slot: Slot, tensor: TensorBase) -> bool:
    """Whether a result can be differentiated."""
    begin = len(found.steps)
    try:
        _passed(found, [tensor])
    except CaptureError:
        raise
    except RuntimeError:
        slot.wants_grad = False
    del found.steps[begin:]
    return slot.wants_grad


def _ends(node: Node) -> set[int] | None:
    """The identities of the leaves of a graph; None if a backward pass has been through it."""
    waiting: list[Any] = [node]
    seen: set[int] = set()
    found: set[int] = set()
    while waiting:
        edge = waiting.pop()
        if id(edge) in seen:
            continue
        seen.add(id(edge))
        if not isinstance(edge, Node):
            found.add(id(edge))
            continue
        if edge.guards is None:
            return None
        waiting.extend(edge.edges)
    return found
