"""What :mod:`.functional` asks of its arguments, and of functions in strict mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .engine import TensorBase

OUTPUTS = "outputs of the user-provided function"


def as_tuple(value: Any, what: str, name: str) -> tuple[Any, ...]:
    """``value``, a tensor or a tuple of tensors, as a tuple.

    Raises TypeError for anything else, with ``what`` it is and the ``name`` of who wants it.
    """
    values = value if isinstance(value, tuple) else (value,)
    for number, one in enumerate(values):
        if not isinstance(one, TensorBase):
            found = f"the value at index {number}" if values is value else f"the given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but "
                f"{found} has type {type(one)}."
            )
    return values


def single_element(value: Any, name: str) -> Any:
    """The one tensor with one element that a function returned. Raises RuntimeError."""
    (output, *others) = as_tuple(value, OUTPUTS, name)
    if others or isinstance(value, tuple):
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if output.array.size != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )
    return output.reshape(())


def vectors_for(v: Any, targets: Sequence[Any], are_many: bool, name: str) -> tuple[Any, ...]:
    """``v`` as one tensor for each target, of its shape. Raises RuntimeError."""
    given = as_tuple(v, "v", name)
    if len(given) != len(targets):
        if not are_many:
            raise RuntimeError("The given v should contain a single Tensor.")
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(targets)} but got {len(given)}."
        )
    for number, (one, target) in enumerate(zip(given, targets, strict=True)):
        if one.array.shape != target.array.shape:
            entry = f"Entry {number} in " if are_many else ""
            raise RuntimeError(
                f"{entry}v has invalid size: should be {target.size()} but got {one.size()}."
            )
    return given


def ones_for(targets: Sequence[Any], owner: str) -> tuple[Any, ...]:
    """What ``v`` stands for where it is left out. Raises RuntimeError if it may not be."""
    if len(targets) != 1 or targets[0].array.size != 1:
        raise RuntimeError(
            f"The vector v can only be None if {owner} a single Tensor with a single element."
        )
    return (targets[0].new_ones(targets[0].shape),)


INPUT_IS = "the input to the user-provided function is"
FUNCTION_RETURNS = "the user-provided function returns"


def require_outputs(outputs: Sequence[Any]) -> None:
    """In strict mode, outputs must be computed of the inputs."""
    for number, output in enumerate(outputs):
        if not output.requires_grad:
            raise RuntimeError(
                f"Output {number} of the user-provided function does not require gradients. The "
                "outputs must be computed in a differentiable manner from the input when running "
                "in strict mode."
            )


def require_slopes(found: Sequence[Any]) -> None:
    """In strict mode, the first derivatives must exist and depend on the inputs."""
    for number, one in enumerate(found):
        if one is None:
            raise independent("output", number)
        if not one.requires_grad:
            raise RuntimeError(
                "While computing the hessian, found that the jacobian of the user-provided "
                f"function with respect to input {number} is independent of the input. This is "
                "not allowed in strict mode. You should ensure that your function is twice "
                "differentiable and that the jacobian depends on the inputs (this would be "
                "violated by a linear function for example)."
            )


def independent(what: str, number: int, of: str = "input", more: str = "") -> RuntimeError:
    """The error of strict mode where something does not depend on an input."""
    return RuntimeError(
        f"The {what} of the user-provided function is independent of {of} {number}. This is not "
        f"allowed in strict mode{more}."
    )


def filled(
    found: Sequence[Any], like: Sequence[Any], what: str, strict: bool, create_graph: bool
) -> tuple[Any, ...]:
    """The derivatives, zeros for those that do not exist; in strict mode those are errors."""
    results = []
    for number, (one, target) in enumerate(zip(found, like, strict=True)):
        if one is None:
            if strict:
                raise independent(what, number)
            one = target.new_zeros(target.shape)
        elif strict and create_graph and not one.requires_grad:
            raise independent("jacobian", number, more=" when create_graph=True")
        results.append(one)
    return tuple(results)
