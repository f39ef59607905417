"""Hooks on the gradients of several tensors together, and edges of the graph as values."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .engine import (
    Node,
    TensorBase,
)
from .hooks import LeafHooks, RemovableHandle
from .inspected import AccumulateGrad
from .views import refresh

WATCHED: dict[int, _Together] = {}
"""The hooks that want to know when a backward pass begins; empty unless some are registered."""


def _up_to_date(tensor: Any) -> Any:
    if tensor.view_of is not None and tensor.version[1] != tensor.rebased:
        refresh(tensor)
    return tensor


def _hook_gradient(tensor: Any, hook: Callable[[Any], Any]) -> RemovableHandle:
    if tensor.node is not None:
        handle: RemovableHandle = tensor.node.hook_gradient(hook)
        return handle
    if tensor.hooks is None:
        tensor.hooks = LeafHooks()
    return RemovableHandle(tensor.hooks.before, hook)


class _Together:
    """Collects the gradients of some tensors and calls the hook when the last has arrived."""

    def __init__(self, tensors: Sequence[Any], function: Callable[[Any], Any]) -> None:
        self.places = [t.node or t for t in tensors]
        self.function = function
        self.passes: dict[int, tuple[set[int], list[Any]]] = {}

    def start(self, visited: set[Any]) -> None:
        """A pass begins in this thread that visits these nodes and leaves."""
        expected = {i for i, place in enumerate(self.places) if place in visited}
        self.passes[threading.get_ident()] = expected, [None] * len(self.places)

    def arrived(self, number: int, grad: Any) -> None:
        expected, grads = self.passes.get(threading.get_ident(), (set(), []))
        if number not in expected:
            return
        grads[number] = grad
        expected.remove(number)
        if not expected:
            del self.passes[threading.get_ident()]
            self.function(grads)


class MultiHandle(RemovableHandle):
    """What :func:`register_multi_grad_hook` returns."""

    def __init__(self, handles: Sequence[RemovableHandle], together: _Together | None) -> None:
        super().__init__({}, self.remove)
        self.handles = tuple(handles)
        if together is not None:
            WATCHED[self.id] = together

    def remove(self) -> None:
        WATCHED.pop(self.id, None)
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[[Any], Any], *, mode: str = "all"
) -> MultiHandle:
    """Call a function when the gradients of several tensors are known.

    Args:
        tensors: tensors that require gradients.
        fn: for ``"all"`` called once a backward pass, after the last gradient, with a list of all:
            None for those that the pass does not reach. For ``"any"`` called with the first.
        mode: ``"all"`` or ``"any"``.

    Returns:
        A handle that removes the hooks.

    >>> import gpugrad
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> y = x * 2
    >>> handle = gpugrad.autograd.graph.register_multi_grad_hook(
    ...     (x, y), lambda grads: print([g.tolist() for g in grads])
    ... )
    >>> y.sum().backward()
    [[2.0, 2.0], [1.0, 1.0]]
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    for tensor in tensors:
        assert _up_to_date(tensor).needs_grad, "Expected gradient function to be set"
    if mode == "any":
        return _on_first(tensors, fn)
    together = _Together(tensors, fn)

    def hook(number: int) -> Callable[[Any], None]:
        return lambda grad: together.arrived(number, grad)

    return MultiHandle([_hook_gradient(t, hook(i)) for i, t in enumerate(tensors)], together)


def _on_first(tensors: Sequence[Any], fn: Callable[[Any], Any]) -> MultiHandle:
    lock = threading.Lock()
    done = False

    def hook(grad: Any) -> None:
        nonlocal done
        with lock:
            if done:
                return
            done = True
        fn(grad)

    return MultiHandle([_hook_gradient(t, hook) for t in tensors], None)


def announce(starts: Sequence[Any], needed: set[Any] | None) -> None:
    """Tell the hooks on several gradients that a pass begins."""
    visited = needed
    if visited is None:
        visited, stack = set(), list(starts)
        while stack:
            place = stack.pop()
            if place not in visited:
                visited.add(place)
                if isinstance(place, Node):
                    stack.extend(e for e in place.edges if e is not None)
    for together in list(WATCHED.values()):
        together.start(visited)


# --- edges ---------------------------------------------------------------------------------------


class GradientEdge(NamedTuple):
    """The place in the graph that a tensor's gradient arrives at."""

    node: Any
    output_nr: int
    ownership_token: Any = None
    """The engine's own node, where ``node`` has several results."""


def get_gradient_edge(tensor: TensorBase) -> GradientEdge:
    """The place in the graph of a tensor: keeps the graph alive, not the tensor.

    ``autograd.grad`` and ``autograd.backward`` take it as an input in the tensor's place.

    >>> import gpugrad
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> y = x * 2
    >>> edge = gpugrad.autograd.graph.get_gradient_edge(y)
    >>> gpugrad.autograd.grad((y * 3).sum(), edge)
    (tensor([3., 3.]),)
    """
    if not _up_to_date(tensor).needs_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    node: Any = tensor.node
    if node is None:
        return GradientEdge(AccumulateGrad(tensor), 0)
    parent = getattr(node, "parent", None)
    return GradientEdge(node, 0) if parent is None else GradientEdge(parent, node.number, node)


class _Target:
    """Stands for a tensor of which only the place in the graph is known."""

    array = view_of = hooks = None
    needs_grad = True

    def __init__(self, node: Node) -> None:
        self.node = node


def target_of(value: Any) -> Any:
    """What to differentiate by: a tensor as it is, or the tensor that an edge stands for."""
    if not isinstance(value, GradientEdge):
        return value
    if isinstance(value.node, AccumulateGrad):
        return value.node.variable
    return _Target(value.node if value.ownership_token is None else value.ownership_token)
