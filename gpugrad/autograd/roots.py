"""Where a backward pass begins and what it is to find: the users' arguments, checked."""

from __future__ import annotations

from typing import Any

from ..backend import BACKENDS
from .engine import TensorBase, wrap
from .multi_grad_hook import GradientEdge, target_of
from .views import refresh


def _first_gradient(root: Any, gradient: Any, create_graph: bool) -> Any:
    """The gradient at a root: what the user gave, or one for a single element."""
    if root.array is None:  # an edge, of whose tensor nothing is known
        if gradient is None:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        return gradient if create_graph else gradient.array
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
            f"Mismatch in shape: grad_output[0] has a shape of {size_text(gradient)} and output[0] "
            f"has a shape of {size_text(root)}."
        )
    if gradient.array.dtype != root.array.dtype:
        gradient = BACKENDS[type(gradient)].cast(gradient, root.array.dtype)
    return gradient if create_graph else gradient.array


def size_text(tensor: Any) -> str:
    return f"torch.Size({list(tensor.array.shape)})"


def _source_of(value: Any) -> Any:
    """A tensor to start from, or what stands for an edge."""
    if isinstance(value, TensorBase):
        return value
    if isinstance(value, GradientEdge):
        return target_of(value)
    raise TypeError(f"'{type(value).__name__}' object is not iterable")


def as_tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, (tuple, list)) and not isinstance(value, GradientEdge):
        return tuple(value)
    return (value,)


def targets_of(inputs: Any) -> tuple[Any, ...]:
    """The tensors to differentiate by, and what stands for edges."""
    if not isinstance(inputs, (TensorBase, GradientEdge, list, tuple)):
        raise TypeError(f"'{type(inputs).__name__}' object is not iterable")
    values = as_tuple(inputs)
    for value in values:
        if not isinstance(value, (TensorBase, GradientEdge)):
            raise RuntimeError(
                "all inputs have to be Tensors or GradientEdges, but got " + type(value).__name__
            )
    return tuple(target_of(value) for value in values)


def prepare(tensors: Any, grads: Any, create_graph: bool) -> tuple[list[Any], list[Any]]:
    roots = [_source_of(t) for t in as_tuple(tensors)]
    given = [None] * len(roots) if grads is None else list(as_tuple(grads))
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


def cast_to(tensor: Any, grad: Any) -> Any:
    """A gradient in the type of the tensor it belongs to; bfloat16 may have become float32."""
    if tensor.array is None:  # an edge, whose tensor may be gone
        return grad
    if getattr(grad, "array", grad).dtype == tensor.array.dtype:
        return grad
    return BACKENDS[type(grad)].cast(grad, tensor.array.dtype)
