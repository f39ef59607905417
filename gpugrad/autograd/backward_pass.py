"""The backward pass: ``Tensor.backward``, ``autograd.backward`` and ``autograd.grad``."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from typing import Any

from ..backend import BACKENDS
from ..backend.primitives import Array
from .engine import Node, TensorBase, wrap
from .grad_mode import mode
from .propagation import Leaves, call_hooks, is_ours, reaching, run
from .roots import as_tuple, cast_to, prepare, size_text, targets_of
from .ties import ZEROS, zeros_for
from .views import refresh


class _Pass(threading.local):
    is_partial = False
    """Whether the pass that runs in this thread is for certain inputs only."""


PASS = _Pass()

_accumulate_lock = threading.RLock()  # a hook may run a backward pass of its own


def _accumulate(leaves: Leaves, create_graph: bool, hooked: bool = False) -> None:
    """Add the gradients to the leaves' ``grad``; ``hooked`` if they went through hooks before."""
    with _accumulate_lock:
        for leaf, (grad, maker) in leaves.items():
            if grad is ZEROS:
                grad = zeros_for(leaf, create_graph)
            hooks = leaf.hooks
            if hooks is not None and not hooked:
                grad, maker = call_hooks(hooks.before, grad), None
            present = leaf.gradient
            if create_graph:
                grad = cast_to(leaf, grad)
                leaf.gradient = grad if present is None else present + grad
            elif present is not None:
                total = present.array
                BACKENDS[type(grad)].add(total, grad, total)
                present.version[0] += 1
            else:
                if grad.dtype is not leaf.array.dtype:
                    grad = cast_to(leaf, grad)
                leaf.gradient = wrap(grad if is_ours(grad, maker) else _own(grad))
            if hooks is not None:
                for hook in list(hooks.after.values()):
                    hook(leaf)


def _own(grad: Array) -> Array:
    return BACKENDS[type(grad)].copy(grad)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of ``tensors`` to ``grad`` of the leaves they depend on.

    Args:
        tensors: a tensor or a sequence of them; scalars unless ``grad_tensors`` is given.
        grad_tensors: what each tensor's gradient starts from, of the tensor's shape.
        retain_graph: keep the graph for another pass. Default: the value of ``create_graph``.
        create_graph: record the pass itself, so that the gradients can be differentiated.
        grad_variables: the former name of ``grad_tensors``.
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
    if grad_variables is not None:
        grad_tensors = _renamed(grad_variables, grad_tensors)
    retain = create_graph if retain_graph is None else retain_graph
    if inputs is not None:
        if len(as_tuple(inputs)) == 0:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        results = grad(tensors, inputs, grad_tensors, retain, create_graph, allow_unused=True)
        found = {
            target: [g if create_graph else g.array, None]
            for target, g in zip(targets_of(inputs), results, strict=True)
            if g is not None and isinstance(target, TensorBase)  # of an edge there is no tensor
        }
        _accumulate(found, create_graph, hooked=True)
        return
    before, mode.enabled = mode.enabled, create_graph
    try:
        if (  # a loss, as in most training steps
            grad_tensors is None
            and not create_graph
            and isinstance(tensors, TensorBase)
            and tensors.needs_grad
            and tensors.view_of is None
            and (array := tensors.array).size == 1
        ):
            leaves = run((tensors,), (BACKENDS[type(array)].ones_like(array),), retain, False)
        else:
            roots, firsts = prepare(tensors, grad_tensors, create_graph)
            leaves = run(roots, firsts, retain, create_graph)
        _accumulate(leaves, create_graph)
    finally:
        mode.enabled = before


def _renamed(former: Any, now: Any) -> Any:
    """``grad_tensors`` where its former name was used."""
    warnings.warn(
        "`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=3
    )
    if now is not None:
        raise RuntimeError(
            "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
            "`backward()`. Please only use `grad_tensors`."
        )
    return former


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
        rows = _for_each_row(outputs, inputs, grad_outputs, retain, create_graph, allow_unused)
        if not materialize_grads:
            return rows
        pairs = zip(targets_of(inputs), rows, strict=True)
        return tuple(t.new_zeros(t.shape) if r is None else r for t, r in pairs)
    wanted = targets_of(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    before, mode.enabled = mode.enabled, create_graph
    outer, PASS.is_partial = PASS.is_partial, True
    try:
        roots, firsts = prepare(outputs, grad_outputs, create_graph)
        for tensor in wanted:
            if tensor.view_of is not None and tensor.version[1] != tensor.rebased:
                refresh(tensor)
            if not tensor.needs_grad:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
        targets: dict[Node, list[Any]] = {t.node: [] for t in wanted if t.node is not None}
        goals = {t.node or t for t in wanted}
        needed = reaching([r.node or r for r in roots], goals)
        leaves = run(roots, firsts, retain, create_graph, targets, needed)
        results = []
        for number, tensor in enumerate(wanted):
            if tensor.node is not None:
                value = targets[tensor.node][0] if targets[tensor.node] else None
            else:
                value = leaves[tensor][0] if tensor in leaves else None
            if value is ZEROS:
                value = zeros_for(tensor, create_graph)
            if tensor.node is None and value is not None and tensor.hooks is not None:
                value = call_hooks(tensor.hooks.before, value)
            results.append(_result(number, tensor, value, allow_unused, materialize_grads))
    finally:
        mode.enabled = before
        PASS.is_partial = outer
    if grad_outputs is not None and not create_graph:
        _share_versions(results, as_tuple(grad_outputs))
    return tuple(results)


def _result(number: int, tensor: Any, value: Any, allow_unused: bool, materialize: bool) -> Any:
    if value is None:
        if not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {number} appears to not have been used in the "
                "graph. Set allow_unused=True if this is the desired behavior."
            )
        return wrap(BACKENDS[type(tensor.array)].zeros_like(tensor.array)) if materialize else None
    value = cast_to(tensor, value)
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


def _for_each_row(
    outputs: Any, inputs: Any, grad_outputs: Any, retain: bool, create: bool, unused: bool
) -> tuple[Any, ...]:
    """A gradient for each row of ``grad_outputs``: in one pass, unless it is to be recorded."""
    from . import batched_pass  # which few programs need

    batches = as_tuple(grad_outputs)
    for number, (output, batch) in enumerate(zip(as_tuple(outputs), batches, strict=True)):
        if batch is None:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        if batch.array.shape[1:] != output.array.shape or not batch.array.ndim:
            shown = list(batch.array.shape[1:])
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                "match the shape of corresponding output, but a mismatch was detected: grad_output"
                f"[{number}] has a shape of torch.Size({shown}) and output[{number}] has a "
                f"shape of {size_text(output)}. If you only want some tensors in `grad_output` to "
                "be considered batched, consider using vmap."
            )
    if not create:
        wanted = targets_of(inputs)
        found = batched_pass.in_batches(as_tuple(outputs), wanted, batches, retain)
        if found is not None:
            pairs = zip(wanted, found, strict=True)
            return tuple(_result(n, t, value, unused, False) for n, (t, value) in enumerate(pairs))
    count = batches[0].array.shape[0]
    rows = []
    for i in range(count):
        keep = retain or i + 1 < count
        picked = [b[i] for b in batches]
        rows.append(grad(outputs, inputs, picked, keep, create, allow_unused=unused))
    return tuple(
        None if column[0] is None else BACKENDS[type(column[0])].stack(list(column))
        for column in zip(*rows, strict=True)
    )
