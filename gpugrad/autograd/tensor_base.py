"""What a tensor is to the engine: its array, its place in the graph, and its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backend.primitives import Array
from .assigned_gradients import check_gradient, warn_of_no_gradient
from .hooks import LeafHooks
from .views import MadeBy

if TYPE_CHECKING:
    from .engine import Node

OWN_ATTRIBUTES = frozenset(("_retained", "_metadata"))
"""Names in a tensor's dictionary that belong to this tensor alone; the others are the user's."""

_new = object.__new__


class TensorBase:
    """What the engine knows of a tensor; :class:`gpugrad.Tensor` adds the user's methods.

    Attributes:
        array: the raw NumPy or CuPy array.
        node: the node that made this tensor, None for a leaf.
        needs_grad: what ``requires_grad`` shows.
        version: ``[in-place changes, of these differentiable]``, one list for all views. After a
            differentiable one it has a third item, the node that it made, weakly.
        rebased: the differentiable changes that ``node`` already accounts for.
        view_of: for a view, the tensor it was taken from and the op application that took it.
        gradient: what ``grad`` shows.
        hooks: gradient hooks of a leaf.

    Neither this class nor :class:`~gpugrad.autograd.engine.Node` may have a ``__getattr__``: Python
    would then find none of their attributes the quick way, and a training step take a third longer.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "array",
        "gradient",
        "hooks",
        "needs_grad",
        "node",
        "rebased",
        "version",
        "view_of",
    )

    if TYPE_CHECKING:  # every tensor is a Tensor, whose methods floors above this one add

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    array: Array
    node: Node | None
    needs_grad: bool
    version: list[Any]
    rebased: int
    gradient: Any
    view_of: tuple[TensorBase, type[Node], tuple[Any, ...], int | None, bool | MadeBy] | None
    hooks: LeafHooks | None

    @property
    def grad(self) -> Any:
        gradient = self.gradient
        if gradient is None and self.node is not None:
            warn_of_no_gradient(self)
        return gradient

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is not None:
            check_gradient(self, gradient)
        self.gradient = gradient

    @grad.deleter
    def grad(self) -> None:
        self.gradient = None


_tensor_class: type[TensorBase] = TensorBase


def set_tensor_class(cls: type[TensorBase]) -> None:
    """Make :func:`wrap` produce ``cls``; called once, when the Tensor class is defined."""
    global _tensor_class
    _tensor_class = cls


def wrap(array: Array) -> Any:
    """A new leaf tensor over ``array``, without copying."""
    tensor = _new(_tensor_class)
    tensor.array = array
    tensor.node = None
    tensor.needs_grad = False
    tensor.version = [0, 0]
    tensor.rebased = 0
    tensor.gradient = None
    tensor.view_of = None
    tensor.hooks = None
    return tensor


def differentiable(array: Array) -> bool:
    """Whether arrays of this type carry gradients: floating point only."""
    return array.dtype.kind in "fV"  # V: bfloat16, which NumPy knows as a foreign type
