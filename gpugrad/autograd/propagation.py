"""Gradients pushed through the graph, from roots to leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any

from ..backend import BACKENDS
from ..backend.primitives import Array
from ..dtypes import from_numpy
from . import anomaly
from .engine import Node, Output, TensorBase, wrap
from .multi_grad_hook import WATCHED, announce
from .ties import Tying, fill_with_zeros

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward."
)

Leaves = dict[TensorBase, list[Any]]
"""Leaf -> [its gradient so far, the node that made it; None if that only passed it on]."""


def run(
    roots: Sequence[Any],
    grads: Sequence[Any],
    retain_graph: bool,
    create_graph: bool,
    targets: dict[Node, list[Any]] | None = None,
    needed: set[Any] | None = None,
    worker_of: Callable[[Node], Any] | None = None,
) -> Leaves:
    """Push gradients from ``roots`` to the leaves and return the leaves' gradients.

    Args:
        roots: tensors that require gradients.
        grads: one gradient for each: an array, or a tensor under ``create_graph``.
        targets: nodes whose own incoming gradient is wanted; it is appended to their lists.
        needed: the nodes and leaves worth visiting, None for all.
        worker_of: gives what goes backward in the place of a node.
    """
    pending: dict[Node, Any] = {}
    owned: set[Node] = set()
    leaves: Leaves = {}
    heap: list[tuple[int, Node]] = []
    # The next node and its gradient, where no other waits: a chain needs neither heap nor pending.
    ahead: tuple[Node, Any] | None = None
    prepare: Callable[[Node], Any] | None = _lifted if create_graph else worker_of
    if anomaly.state.enabled:
        prepare = _checked_lifted if create_graph else anomaly.checked
    elif needed is not None:
        prepare = partial(_for_needed, {None, *needed}, prepare)

    # As if there were a node before all others, with edges to the roots.
    edges: Sequence[Any] = [root.node or root for root in roots]
    if WATCHED:
        announce(edges, needed)
    node: Any = None
    grad: Any = None
    results = grads
    while True:
        for edge, result in zip(edges, results):  # noqa: B905  # strict= costs a dictionary
            if edge is None or result is None or (needed is not None and edge not in needed):
                continue
            if isinstance(edge, TensorBase):
                if edge in leaves:
                    leaves[edge] = _sum_at_leaf(leaves[edge], result, node, create_graph)
                else:
                    leaves[edge] = [result, None if result is grad else node]
            elif ahead is None and not heap:
                ahead = edge, result
            else:
                if ahead is not None:
                    pending[ahead[0]] = ahead[1]
                    heappush(heap, (-ahead[0].sequence, ahead[0]))
                    ahead = None
                if edge in pending:
                    _add_to_pending(pending, owned, edge, result, create_graph)
                else:
                    pending[edge] = result
                    heappush(heap, (-edge.sequence, edge))
        if ahead is not None:
            node, grad = ahead
            ahead = None
        elif heap:
            node = heappop(heap)[1]
            grad = pending.pop(node)
        else:
            if pending:
                fill_with_zeros(pending.pop(_BEHIND_TIES), leaves, targets, needed)
            return leaves
        edges = node.edges
        if node.hooks is not None:
            grad = call_hooks(node.hooks, grad)
        if targets is not None and node in targets:
            targets[node].append(grad)
            if needed is not None and needed.isdisjoint(edges):
                edges = ()  # the pass ends here: what lies behind is neither computed nor freed
                continue
        guards = node.guards
        if guards:
            for name, counter, stamp in guards:
                if counter[0] != stamp:
                    node.refuse_stale(name, counter[0], stamp)
        elif guards is None:
            raise _freed(node)
        elif type(node) is Output:  # which saves nothing
            edges = _collect(node, grad, pending, heap, needed)
            results = (grad,)
            continue
        try:
            xp = BACKENDS[type(grad)]
        except KeyError:  # a list with the gradients of several results
            xp = BACKENDS[type(next(g for g in grad if g is not None))]
        results = (node if prepare is None else prepare(node)).backward(xp, grad)
        if not retain_graph and node.saves:
            node.release()


def _sum_at_leaf(entry: list[Any], grad: Any, maker: Any, create_graph: bool) -> list[Any]:
    """What a leaf has got so far, and one more gradient."""
    so_far, first_maker = entry
    xp = BACKENDS[type(grad)]
    if not create_graph and is_ours(so_far, first_maker):
        xp.add(so_far, grad, out=so_far)
        return entry
    return [xp.add(so_far, grad), maker]


def _add_to_pending(
    pending: dict[Node, Any], owned: set[Node], node: Node, grad: Any, create_graph: bool
) -> None:
    """One more gradient for a node that has got one; ``owned`` are those whose sum is ours."""
    xp = BACKENDS[type(grad)]
    if node in owned:
        xp.add(pending[node], grad, out=pending[node])
        return
    total = pending[node] = xp.add(pending[node], grad)
    if not create_graph and type(total).__name__ == "ndarray":
        owned.add(node)


def _freed(node: Node) -> RuntimeError:
    """The error for a node that went backward before, with a note on where to look."""
    origin = anomaly.origin_of(node)
    error = RuntimeError(FREED + origin)
    if not origin:
        error.add_note(
            f"The pass came to {node.name()}, which has gone backward before. With "
            "autograd.set_detect_anomaly(True) around the forward pass this names its line."
        )
    return error


def _lifted(node: Node) -> Any:
    return Tying(node, node.lifted()) if node.is_flat else node.lifted()


def _checked_lifted(node: Node) -> Any:
    return anomaly.Checked(node, _lifted(node))


def _for_needed(needed: set[Any], prepare: Callable[[Node], Any] | None, node: Node) -> Any:
    """What goes backward without computing gradients that lead to nothing wanted.

    It is a twin of the node with fewer edges. Where the pass is recorded there is one anyway; else
    making it has to be worth it.
    """
    twin: Any = node if prepare is None else prepare(node)
    if (
        needed.issuperset(node.edges)
        or type(node).lifted is not Node.lifted
        or type(twin) is not type(node)
    ):
        return twin
    if twin is node:
        if not any(_is_large(getattr(node, name, None)) for name in node.saves):
            return node
        twin = copy(node)
    twin.edges = tuple([edge if edge in needed else None for edge in node.edges])
    return twin


def _is_large(value: Any) -> bool:
    """Whether half an op's backward over this array takes longer than a copy of a node."""
    return getattr(value, "nbytes", 0) >= 1 << 14


_BEHIND_TIES: Any = "behind ties"
"""The key of the pending gradients under which the other ends of ties wait for zeros."""


def _collect(node: Output, grad: Any, pending: Any, heap: Any, needed: Any) -> Sequence[Any]:
    """Put one result's gradient in its place among those of the node that has several.

    Returns the edges that the gradient goes on to as it is: none but for a tie.
    """
    parent = node.parent
    if needed is not None and parent not in needed:
        return ()
    if node.number < 0:
        pending.setdefault(_BEHIND_TIES, []).append(parent.edges[1])
        onward: Sequence[Any] = parent.edges[:1]
        return onward
    slots = pending.get(parent)
    if slots is None:
        slots = pending[parent] = [None] * node.count
        heappush(heap, (-parent.sequence, parent))
    slots[node.number] = grad
    return ()


def is_ours(grad: Any, maker: Node | None) -> bool:
    """Whether nobody else holds this gradient: made by its node, and not a view of something."""
    return (
        maker is not None
        and maker.returns_fresh
        and type(grad).__name__ == "ndarray"
        and grad.base is None
    )


def call_hooks(hooks: dict[int, Any], grad: Any) -> Any:
    """Hooks see tensors, may replace the gradient, and run in the order of registration."""
    is_tensor = isinstance(grad, TensorBase)
    value = grad if is_tensor else wrap(BACKENDS[type(grad)].asarray(grad))
    for hook in list(hooks.values()):
        replaced = hook(value)
        if replaced is not None:
            if not isinstance(replaced, TensorBase):
                raise TypeError(f"expected Variable, but hook returned '{type(replaced).__name__}'")
            _check_replaced(hook, value.array, replaced.array)
            value = replaced
    return value if is_tensor else value.array


def _check_replaced(hook: Any, given: Array, returned: Array) -> None:
    """Raise RuntimeError unless a hook has kept the gradient's type, device and shape."""
    name = getattr(hook, "__name__", type(hook).__name__)
    if given.dtype != returned.dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was "
            f"torch.{from_numpy(given.dtype).tensor_type} got "
            f"torch.{from_numpy(returned.dtype).tensor_type})"
        )
    if type(given) is not type(returned):
        raise RuntimeError(f"hook '{name}' has changed the device of value")
    if given.shape != returned.shape:
        raise RuntimeError(f"hook '{name}' has changed the size of value")


def reaching(starts: list[Any], goals: set[Any]) -> set[Any]:
    """The nodes between ``starts`` and ``goals``, both included."""
    seen: set[Any] = set()
    nodes: list[Node] = []
    stack = list(starts)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if isinstance(node, Node):
                nodes.append(node)
                stack.extend(node.edges)
    needed = seen & goals
    nodes.sort(key=_by_sequence)
    for node in nodes:
        if not needed.isdisjoint(node.edges):
            needed.add(node)
    return needed


_by_sequence = attrgetter("sequence")
