"""Tensors that share memory with others: how they are made, and brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .grad_mode import mode

if TYPE_CHECKING:
    from .engine import Node, TensorBase


def make_view(
    result: TensorBase, source: TensorBase, cls: type[Node], args: Any, number: int | None
) -> None:
    base = result.array.base
    if result.array is source.array or (
        base is not None and (base is source.array or base is source.array.base)
    ):
        result.version = source.version
        result.rebased = source.version[1]
        result.view_of = (source, cls, tuple(args), number, mode.enabled)
        if not mode.enabled:
            result.needs_grad = source.needs_grad  # as a leaf: PyTorch's views inherit it so


class MadeBy(NamedTuple):
    """In :attr:`TensorBase.view_of`: the custom function that made a view, and which output."""

    function: str
    number: int

    def refusal(self, change: str) -> RuntimeError:
        """The error for an in-place change that the function's derivative knows nothing of."""
        return RuntimeError(
            f"Output {self.number} of {self.function} is a view and {change} modified inplace. "
            "This view was created inside a custom Function (or because an input was returned "
            "as-is) and the autograd logic to handle view+inplace would override the custom "
            "backward associated with the custom Function, leading to incorrect gradients. This "
            "behavior is forbidden. You can fix this by cloning the output of the custom Function."
        )


AMBIGUOUS_VIEW = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the no_grad block (if you "
    "don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)


def refresh(tensor: TensorBase) -> None:
    """Bring a tensor's place in the graph up to date after a differentiable in-place change.

    A view is taken again from what it views, as PyTorch does when ``grad_fn`` of a stale view is
    asked for.
    """
    assert tensor.view_of is not None, "only views go stale"
    source, cls, args, number, recorded = tensor.view_of
    if not recorded:
        raise RuntimeError(
            "A view was created in no_grad mode and its base or another view of its base has been "
            "modified inplace with grad mode enabled. " + AMBIGUOUS_VIEW
        )
    if isinstance(recorded, MadeBy):
        raise recorded.refusal("its base or another view of its base has been")
    tensor.rebased = tensor.version[1]
    # The change was recorded, so its view is, whatever the mode is by now.
    before, mode.enabled = mode.enabled, True
    try:
        again = cls.apply(source, *args)
    finally:
        mode.enabled = before
    if number is not None:
        again = again[number]
    tensor.node, tensor.needs_grad = again.node, again.needs_grad
