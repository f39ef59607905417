"""The backward pass: ``Tensor.backward``, ``autograd.backward`` and ``autograd.grad``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from ..backend import BACKENDS
from ..backend.primitives import Array
from ..dtypes import from_numpy
from . import anomaly
from .engine import Node, Output, TensorBase, refresh, wrap
from .grad_mode import mode
from .multi_grad_hook import WATCHED, GradientEdge, announce, target_of

_accumulate_lock = threading.RLock()  # a hook may run a backward pass of its own

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
    ahead: Node | None = None  # the next node, where there is but one: a chain needs no heap
    prepare: Callable[[Node], Any] | None = _lifted if create_graph else worker_of
    if anomaly.state.enabled:
        prepare = anomaly.checked_lifted if create_graph else anomaly.checked

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
            if not isinstance(edge, Node):
                if edge in leaves:
                    leaves[edge] = _sum_at_leaf(leaves[edge], result, node, create_graph)
                else:
                    leaves[edge] = [result, None if result is grad else node]
            elif edge in pending:
                _add_to_pending(pending, owned, edge, result, create_graph)
            else:
                pending[edge] = result
                if ahead is None and not heap:
                    ahead = edge
                    continue
                if ahead is not None:
                    heappush(heap, (-ahead.sequence, ahead))
                    ahead = None
                heappush(heap, (-edge.sequence, edge))
        if ahead is not None:
            node, ahead = ahead, None
        elif heap:
            node = heappop(heap)[1]
        else:
            return leaves
        edges = node.edges
        grad = pending.pop(node)
        if node.hooks is not None:
            grad = _call_hooks(node.hooks, grad)
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
            _collect(node, grad, pending, heap, needed)
            edges = ()
            continue
        xp = BACKENDS.get(type(grad))
        if xp is None:  # a list with the gradients of several results
            xp = BACKENDS[type(next(g for g in grad if g is not None))]
        worker = node if prepare is None else prepare(node)
        results = worker.backward(xp, grad)
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


def _lifted(node: Node) -> Node:
    return node.lifted()


def _collect(node: Output, grad: Any, pending: Any, heap: Any, needed: Any) -> None:
    """Put one result's gradient in its place among those of the node that has several."""
    parent = node.parent
    if needed is not None and parent not in needed:
        return
    slots = pending.get(parent)
    if slots is None:
        slots = pending[parent] = [None] * node.count
        heappush(heap, (-parent.sequence, parent))
    slots[node.number] = grad


def is_ours(grad: Any, maker: Node | None) -> bool:
    """Whether nobody else holds this gradient: made by its node, and not a view of something."""
    return (
        maker is not None
        and maker.returns_fresh
        and type(grad).__name__ == "ndarray"
        and grad.base is None
    )


def _call_hooks(hooks: dict[int, Any], grad: Any) -> Any:
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


def _accumulate(leaves: Leaves, create_graph: bool, hooked: bool = False) -> None:
    """Add the gradients to the leaves' ``grad``; ``hooked`` if they went through hooks before."""
    with _accumulate_lock:
        for leaf, (grad, maker) in leaves.items():
            hooks = leaf.hooks
            if hooks is not None and not hooked:
                grad, maker = _call_hooks(hooks.before, grad), None
            present = leaf.gradient
            if create_graph:
                grad = _cast_to(leaf, grad)
                leaf.gradient = grad if present is None else present + grad
            elif present is not None:
                BACKENDS[type(grad)].add(present.array, grad, out=present.array)
                present.version[0] += 1
            else:
                if grad.dtype is not leaf.array.dtype:
                    grad = _cast_to(leaf, grad)
                leaf.gradient = wrap(grad if is_ours(grad, maker) else _own(grad))
            if hooks is not None:
                for hook in list(hooks.after.values()):
                    hook(leaf)


def _cast_to(tensor: Any, grad: Any) -> Any:
    """A gradient in the type of the tensor it belongs to; bfloat16 may have become float32."""
    if tensor.array is None:  # an edge, whose tensor may be gone
        return grad
    if getattr(grad, "array", grad).dtype == tensor.array.dtype:
        return grad
    return BACKENDS[type(grad)].cast(grad, tensor.array.dtype)


def _own(grad: Array) -> Array:
    return BACKENDS[type(grad)].copy(grad)


def _first_gradient(root: Any, gradient: Any, create_graph: bool) -> Any:
    """The gradient at a root: what the user gave, or one for a single element."""
    backend = BACKENDS[type(root.array)]
    if gradient is None:
        if root.array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        ones = backend.ones_like(root.array)
        return wrap(ones) if create_graph else ones
    if not isinstance(gradient, TensorBase):
        raise TypeError(
            "gradients can be either Tensors or None, but got " + type(gradient).__name__
        )
    if gradient.array.shape != root.array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {_size(gradient)} and output[0] "
            f"has a shape of {_size(root)}."
        )
    if gradient.array.dtype != root.array.dtype:
        gradient = wrap(backend.cast(gradient.array, root.array.dtype))
    return gradient if create_graph else gradient.array


def _size(tensor: Any) -> str:
    return f"torch.Size({list(tensor.array.shape)})"


def _tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, (tuple, list)) and not isinstance(value, GradientEdge):
        return tuple(value)
    return (value,)


def _targets(inputs: Any) -> tuple[Any, ...]:
    """The tensors to differentiate by, and what stands for edges."""
    return tuple(target_of(value) for value in _tuple(inputs))


def _prepare(tensors: Any, grads: Any, create_graph: bool) -> tuple[list[Any], list[Any]]:
    roots = list(_tuple(tensors))
    given = [None] * len(roots) if grads is None else list(_tuple(grads))
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    firsts = []
    for number, (root, first) in enumerate(zip(roots, given, strict=True)):
        if root.view_of is not None and root.version[1] != root.rebased:
            refresh(root)
        if not root.needs_grad:
            raise RuntimeError(
                f"element {number} of tensors does not require grad and does not have a grad_fn"
            )
        firsts.append(_first_gradient(root, first, create_graph))
    return roots, firsts


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of ``tensors`` to ``grad`` of the leaves they depend on.

    Args:
        tensors: a tensor or a sequence of them; scalars unless ``grad_tensors`` is given.
        grad_tensors: what each tensor's gradient starts from, of the tensor's shape.
        retain_graph: keep the graph for another pass. Default: the value of ``create_graph``.
        create_graph: record the pass itself, so that the gradients can be differentiated.
        inputs: accumulate into these leaves only.

    Raises:
        RuntimeError: no tensor requires gradients, a non-scalar without gradient, a freed graph,
            or a saved tensor that was changed in place.

    >>> import gpugrad
    >>> x = gpugrad.tensor(3.0, requires_grad=True)
    >>> gpugrad.autograd.backward(x * x)
    >>> x.grad
    tensor(6.)
    """
    retain = create_graph if retain_graph is None else retain_graph
    if inputs is not None:
        if len(_tuple(inputs)) == 0:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        wanted = _targets(inputs)
        results = grad(tensors, wanted, grad_tensors, retain, create_graph, allow_unused=True)
        found = {
            leaf: [g if create_graph else g.array, None]
            for leaf, g in zip(wanted, results, strict=True)
            if g is not None
        }
        _accumulate(found, create_graph, hooked=True)
        return
    before, mode.enabled = mode.enabled, create_graph
    try:
        roots, firsts = _prepare(tensors, grad_tensors, create_graph)
        _accumulate(run(roots, firsts, retain, create_graph), create_graph)
    finally:
        mode.enabled = before


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of ``outputs`` with respect to ``inputs``, without touching any ``grad``.

    Args:
        outputs: tensor or sequence; scalars unless ``grad_outputs`` is given.
        inputs: tensor or sequence to differentiate by; leaves or results.
        grad_outputs: what each output's gradient starts from.
        retain_graph: keep the graph. Default: the value of ``create_graph``.
        create_graph: record the pass, for higher derivatives.
        only_inputs: accepted for the sake of older programs; always the case.
        allow_unused: give None for an input that the outputs do not depend on.
        is_grads_batched: ``grad_outputs`` have a leading batch dimension; each is pushed through.
        materialize_grads: give zeros instead of None.

    Returns:
        One tensor for each input. As in PyTorch, without ``create_graph`` they may share memory
        with each other and with ``grad_outputs``.

    Raises:
        RuntimeError: an input does not require gradients, or is unused and may not be.

    >>> import gpugrad
    >>> x = gpugrad.tensor(3.0, requires_grad=True)
    >>> (first,) = gpugrad.autograd.grad(x**3, x, create_graph=True)
    >>> gpugrad.autograd.grad(first, x)
    (tensor(18.),)
    """
    retain = create_graph if retain_graph is None else retain_graph
    if allow_unused is None:
        allow_unused = materialize_grads
    elif not allow_unused and materialize_grads:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    if is_grads_batched:
        return _batched(outputs, inputs, grad_outputs, retain, create_graph, allow_unused)
    wanted = _targets(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    before, mode.enabled = mode.enabled, create_graph
    try:
        roots, firsts = _prepare(outputs, grad_outputs, create_graph)
        for tensor in wanted:
            if tensor.view_of is not None and tensor.version[1] != tensor.rebased:
                refresh(tensor)
            if not tensor.needs_grad:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
        targets: dict[Node, list[Any]] = {t.node: [] for t in wanted if t.node is not None}
        goals = {t.node or t for t in wanted}
        needed = _reaching([r.node or r for r in roots], goals)
        leaves = run(roots, firsts, retain, create_graph, targets, needed)
        results = []
        for number, tensor in enumerate(wanted):
            if tensor.node is not None:
                value = targets[tensor.node][0] if targets[tensor.node] else None
            else:
                value = leaves[tensor][0] if tensor in leaves else None
                if value is not None and tensor.hooks is not None:
                    value = _call_hooks(tensor.hooks.before, value)
            results.append(_result(number, tensor, value, allow_unused, materialize_grads))
    finally:
        mode.enabled = before
    if grad_outputs is not None and not create_graph:
        _share_versions(results, _tuple(grad_outputs))
    return tuple(results)


def _result(number: int, tensor: Any, value: Any, allow_unused: bool, materialize: bool) -> Any:
    if value is None:
        if not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {number} appears to not have been used in the "
                "graph. Set allow_unused=True if this is the desired behavior."
            )
        return wrap(BACKENDS[type(tensor.array)].zeros_like(tensor.array)) if materialize else None
    value = _cast_to(tensor, value)
    if isinstance(value, TensorBase):
        return value
    return wrap(BACKENDS[type(value)].asarray(value))


def _share_versions(results: Sequence[Any], given: Sequence[Any]) -> None:
    """A gradient that is what it started from, or a view of that, changes together with it."""
    starts = {id(_owner(g.array)): g for g in given if g is not None}
    for result in results:
        start = None if result is None else starts.get(id(_owner(result.array)))
        if start is not None:
            result.version, result.rebased = start.version, start.version[1]


def _owner(array: Array) -> Array:
    base = getattr(array, "base", None)
    return array if base is None else base


def _reaching(starts: list[Any], goals: set[Any]) -> set[Any]:
    """The nodes between ``starts`` and ``goals``, both included."""
    seen: set[Any] = set()
    stack = list(starts)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if isinstance(node, Node):
                stack.extend(e for e in node.edges if e is not None and e not in seen)
    needed = {n for n in seen if n in goals}
    nodes = [n for n in seen if isinstance(n, Node)]
    for node in sorted(nodes, key=lambda n: n.sequence):
        if any(e is not None and e in needed for e in node.edges):
            needed.add(node)
    return needed


def _batched(
    outputs: Any, inputs: Any, grad_outputs: Any, retain: bool, create: bool, unused: bool
) -> tuple[Any, ...]:
    """A gradient for each row of ``grad_outputs``: in one pass, unless it is to be recorded."""
    batches = _tuple(grad_outputs)
    count = batches[0].array.shape[0]
    if count > 1 and not (create or anomaly.state.enabled or WATCHED):
        found = _all_rows(_tuple(outputs), _targets(inputs), batches, retain, unused)
        if found is not None:
            return found
    rows = []
    for i in range(count):
        keep = retain or i + 1 < count
        picked = [b[i] for b in batches]
        rows.append(grad(outputs, inputs, picked, keep, create, allow_unused=unused))
    return tuple(
        None if column[0] is None else BACKENDS[type(column[0])].stack(list(column))
        for column in zip(*rows, strict=True)
    )


MOST_ROWS = 256
"""Rows in one pass: each holds gradients of everything between outputs and inputs."""


def _all_rows(
    outputs: tuple[Any, ...], inputs: tuple[Any, ...], batches: Any, retain: bool, unused: bool
) -> tuple[Any, ...] | None:
    """The gradients for all rows by batched passes; None where only single passes will do."""
    from .batched_rows import Rows, Worker  # which is built over nodes

    before, mode.enabled = mode.enabled, False
    try:
        for tensor in (*outputs, *inputs):
            if tensor.view_of is not None and tensor.version[1] != tensor.rebased:
                refresh(tensor)
            if not tensor.needs_grad:
                return None  # the single pass says what is wrong
        for output, batch in zip(outputs, batches, strict=True):
            if batch.array.shape[1:] != output.array.shape or batch.dtype != output.dtype:
                return None
        starts = [o.node or o for o in outputs]
        needed = _reaching(starts, {t.node or t for t in inputs})
        if any(node.hooks is not None for node in needed):
            return None
        parts = []
        count = len(batches[0].array)
        for first in range(0, count, MOST_ROWS):
            some = slice(first, first + MOST_ROWS)
            targets: dict[Node, list[Any]] = {t.node: [] for t in inputs if t.node is not None}
            firsts = [Rows(b.array[some]) for b in batches]
            keep = retain or first + MOST_ROWS < count
            leaves = run(outputs, firsts, keep, False, targets, needed, Worker)
            parts.append([_rows_of(t, targets, leaves) for t in inputs])
    finally:
        mode.enabled = before
    return tuple(
        _result(number, tensor, _joined(column), unused, False)
        for number, (tensor, column) in enumerate(
            zip(inputs, zip(*parts, strict=True), strict=True)
        )
    )


def _rows_of(tensor: Any, targets: dict[Node, list[Any]], leaves: Leaves) -> Any:
    """What a batched pass found for one input: an array with a row for each gradient, or None."""
    if tensor.node is None:
        return leaves[tensor][0].array if tensor in leaves else None
    return targets[tensor.node][0].array if targets[tensor.node] else None


def _joined(column: tuple[Any, ...]) -> Any:
    if column[0] is None or len(column) == 1:
        return column[0]
    return BACKENDS[type(column[0])].concatenate(list(column), 0)
