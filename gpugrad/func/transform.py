"""What all transforms share: variables of their own, and when a result stays in the graph.

A transform differentiates by variables of its own, and what it returns is connected to the graph
only if it depends on something else that wants gradients: a parameter, or the variable of an
enclosing transform. That is what makes transforms nest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd import backward_pass
from ..autograd.engine import Node, TensorBase
from .tree import flatten, mapped

Argnums = int | tuple[int, ...]


def variables(tree: Any) -> Any:
    """The tree with each tensor as a variable of this transform's own."""
    return mapped(_variable, tree)


def _variable(value: Any) -> Any:
    if not isinstance(value, TensorBase):
        raise ValueError(f"Thing passed to transform API must be Tensor, got {type(value)}")
    if value.requires_grad:
        return value.view_as(value)
    return value.detach().requires_grad_()


def depends_beyond(values: Sequence[Any], own: Sequence[Any]) -> bool:
    """Whether any value depends on a leaf other than the variables ``own``."""
    leaves = {id(v) for v in own}
    seen: set[int] = set()
    stack = [v.node or v for v in values if isinstance(v, TensorBase) and v.requires_grad]
    while stack:
        edge = stack.pop()
        if id(edge) in seen:
            continue
        seen.add(id(edge))
        if isinstance(edge, Node):
            stack.extend(e for e in edge.edges if e is not None)
        elif id(edge) not in leaves:
            return True
    return False


def close(tree: Any, own: Sequence[Any], recording: bool) -> Any:
    """The results as they leave: in the graph only if they lead beyond this transform."""

    def leave(value: Any) -> Any:
        if not isinstance(value, TensorBase):
            return value
        if recording and depends_beyond([value], own):
            return value
        return value.detach() if value.requires_grad else value

    return mapped(leave, tree)


def pick(args: tuple[Any, ...], argnums: Argnums) -> tuple[Any, tuple[Any, ...]]:
    """The arguments to differentiate by, as variables, and all arguments with those in place.

    Raises RuntimeError for positions that do not exist.
    """
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for number in numbers:
        if not -len(args) <= number < len(args):
            raise RuntimeError(f"Got argnum={number}, but only {len(args)} positional inputs")
    positions = [n % len(args) for n in numbers]
    chosen = tuple(variables(args[n]) for n in positions)
    given = list(args)
    for position, value in zip(positions, chosen, strict=True):
        given[position] = value
    return chosen if isinstance(argnums, tuple) else chosen[0], tuple(given)


def split_aux(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    """A function's output, and what it returned beside it."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return result


def tensors_of(tree: Any, name: str) -> list[Any]:
    """The leaves of a function's output. Raises RuntimeError if one is no tensor."""
    found = flatten(tree)
    for value in found:
        if not isinstance(value, TensorBase):
            raise RuntimeError(
                f"{name}: Expected f to return only Tensors, got unsupported type {type(value)}"
            )
    return found


def products(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    weights: Sequence[Any] | None,
    create_graph: bool,
    retain_graph: bool = False,
    batched: bool = False,
) -> list[Any]:
    """``autograd.grad`` with None where an input is not used, also if no output wants gradients."""
    chosen = [i for i, o in enumerate(outputs) if o.requires_grad]
    if not chosen:
        return [None] * len(inputs)
    found = backward_pass.grad(
        [outputs[i] for i in chosen],
        list(inputs),
        None if weights is None else [weights[i] for i in chosen],
        retain_graph=retain_graph or create_graph,
        create_graph=create_graph,
        allow_unused=True,
        is_grads_batched=batched,
    )
    return list(found)
