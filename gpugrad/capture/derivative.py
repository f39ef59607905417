"""The backward pass of what a traced function returned, written down behind its other steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..autograd.engine import Node, TensorBase, differentiable
from ..autograd.grad_mode import mode
from ..autograd.propagation import Leaves, run
from ..backend.noted_steps import CaptureError

if TYPE_CHECKING:
    from .trace import Slot, Trace


def differentiate(found: Trace, results: Sequence[TensorBase], numbers: dict[int, int]) -> None:
    """Note the backward pass of those results that the function did not differentiate itself."""
    ends = {id(t): _ends(t.node) for t in results if t.node is not None}
    wanted = []
    for slot, t in zip(found.slots, results, strict=True):
        if slot.ref is not None and ends.get(id(t)) is not None and differentiable(t.array):
            wanted.append((slot, t))
        else:
            slot.wants_grad = False
    try:
        leaves = _passed(found, wanted)
    except CaptureError:
        raise
    except RuntimeError:  # some have no derivative, or what it needs has been changed
        wanted = [pair for pair in wanted if _can_pass(found, pair)]
        leaves = _passed(found, wanted)
    for leaf, (grad, _) in leaves.items():
        depends = [id(leaf) in (ends[id(t)] or ()) for _, t in wanted]
        place = found.recorder.ref(grad)
        found.sources.append((leaf, numbers.get(id(leaf)), place, depends))


def _passed(found: Trace, wanted: Sequence[tuple[Slot, TensorBase]]) -> Leaves:
    """A backward pass from some results, and the seeds for it."""
    recorder = found.recorder
    with recorder.paused():
        found.seeds = [recorder.backend.ones_like(t.array) for _, t in wanted]
    for seed in found.seeds:
        recorder.ref(seed)
    before, mode.enabled = mode.enabled, False
    try:
        return run([t for _, t in wanted], found.seeds, retain_graph=True, create_graph=False)
    except RuntimeError:
        del recorder.steps[found.forward :]
        raise
    finally:
        mode.enabled = before


def _can_pass(found: Trace, pair: tuple[Slot, TensorBase]) -> bool:
    """Whether a result can be differentiated."""
    slot, _ = pair
    try:
        _passed(found, [pair])
    except CaptureError:
        raise
    except RuntimeError:
        slot.wants_grad = False
    del found.steps[found.forward :]
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
