"""The leaves that take part in a traced call, and their gradients before and after it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..autograd.engine import Node, TensorBase
from ..autograd.observers import unwatch, watch
from ..backend.noted_steps import Ref
from ..backend.recorder import Recorder


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


def updated_by_optimizers(
    recorder: Recorder, leaves: dict[int, Any]
) -> dict[int, tuple[TensorBase, Any]]:
    """The parameters outside of the graph that an optimizer had, with their gradients then."""
    found = {id(leaf): (leaf, grad) for leaf, grad in reversed(recorder.updated)}
    return {key: pair for key, pair in found.items() if key not in leaves}


def given_gradients(
    recorder: Recorder,
    updated: dict[int, tuple[TensorBase, Any]],
    inputs: Sequence[TensorBase],
) -> list[tuple[TensorBase, TensorBase]]:
    """The parameters that an optimizer updated by gradients from outside, and those gradients."""
    known = {id(tensor.array) for tensor in inputs}
    found: list[tuple[TensorBase, TensorBase]] = []
    for leaf, grad in updated.values():
        recorder.require("{}.array is {}", leaf, leaf.array)
        if grad is None or id(grad.array) in known:
            continue
        if recorder.ref(grad.array).root.external:
            known.add(id(grad.array))
            found.append((leaf, grad))
    return found


@contextlib.contextmanager
def met(nodes: list[Node]) -> Iterator[dict[int, tuple[TensorBase, Any]]]:
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


def left_with(recorder: Recorder, leaf: TensorBase, before: Any, number: int | None) -> LeafGrad:
    after = leaf.grad
    made = None
    if after is not None and after is not before:
        ref = recorder.ref(after.array)
        made = None if ref.root.external else ref
    return LeafGrad(leaf, before, after, made, number)
