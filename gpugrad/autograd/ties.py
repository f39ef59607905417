"""Second derivatives that are zero, but there.

The gradient of relu depends on relu's input, though its derivative by it is zero everywhere: it is
a step. PyTorch then gives zeros where there would be None, or no graph at all. Here a recorded pass
ties such a gradient to the node's input: a :class:`Tie` passes gradients on to what it ties, and
when a pass is over, what lies behind the other end and has no gradient gets zeros. No zeros are
pushed through the graph.
"""

from __future__ import annotations

from typing import Any

from ..backend import BACKENDS
from .engine import Node, Output, TensorBase, _new, _sequence, wrap


class Tie(Node):
    """The parent of the :class:`~gpugrad.autograd.engine.Output` that is the tied gradient.

    It never goes backward itself: the pass asks :func:`untied` for what goes on.
    """

    __slots__ = ("called",)

    called: str

    def name(self) -> str:
        return self.called


class Tying:
    """What goes backward in the place of a node whose gradient is to be tied to its input."""

    __slots__ = ("node", "worker")

    def __init__(self, node: Node, worker: Any) -> None:
        self.node, self.worker = node, worker

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        first, *others = self.worker.backward(xp, grad)
        edge = self.node.edges[0]
        if first is not None and edge is not None:
            first = tied(first, edge, _name_of_tie(self.node))
        return (first, *others)


def _name_of_tie(node: Node) -> str:
    name = node.name()
    if name == "ReluBackward0":
        return "ThresholdBackwardBackward0"
    return name.rstrip("0123456789") + "Backward0"


def tied(value: Any, edge: Node | TensorBase, name: str) -> Any:
    """``value`` as a tensor that depends on ``edge`` too, with the derivative zero."""
    tie = _new(Tie)
    tie.called = name
    tie.edges = ((value.node or value) if value.needs_grad else None, edge)
    tie.sequence, tie.guards, tie.hooks = next(_sequence), (), None
    result: Any = wrap(value.array)
    result.node, result.needs_grad = Output.of(tie, -1, 1), True
    return result


def fill_with_zeros(edges: list[Any], leaves: Any, targets: Any, needed: Any) -> None:
    """Give zeros to what lies behind ``edges`` and has no gradient after a pass.

    Of targets only this function's :data:`ZEROS` is appended: their shapes are not known here.
    """
    seen: set[Any] = set()
    stack = list(edges)
    while stack:
        edge = stack.pop()
        if edge is None or edge in seen or (needed is not None and edge not in needed):
            continue
        seen.add(edge)
        if isinstance(edge, Node):
            stack.extend(edge.edges)
            if targets is not None and edge in targets and not targets[edge]:
                targets[edge].append(ZEROS)
        elif edge not in leaves:
            leaves[edge] = [ZEROS, None]


class _Zeros:
    """Stands for a gradient of zeros."""


ZEROS = _Zeros()


def zeros_for(tensor: Any, recorded: bool) -> Any:
    """A gradient of zeros for a tensor: an array, or a tensor in a recorded pass."""
    zeros = BACKENDS[type(tensor.array)].zeros_like(tensor.array)
    return wrap(zeros) if recorded else zeros
