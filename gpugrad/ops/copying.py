"""Copies: clone, conversion to another type or device, and writing into another tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine import Node
from ..autograd.expanded import places, target_of
from ..autograd.inplace import check_inplace, mark_changed
from ..backend import BACKENDS
from ..device import device
from .operands import misfit, sum_to, wrapped


class Clone(Node):
    """A copy with the same gradient."""

    __slots__ = ()

    def forward(self, xp: Any, x: Any) -> Any:
        return xp.copy(x)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (grad,)


class Cast(Node):
    """The same values in another type; the gradient comes back in the input's."""

    __slots__ = ("dtype",)
    torch_name = "ToCopy"

    def forward(self, xp: Any, x: Any, dtype: Any) -> Any:
        self.dtype = x.dtype
        return xp.cast(x, dtype)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.cast(grad, self.dtype),)


class Move(Node):
    """The same values on another device: the one place where data crosses."""

    __slots__ = ("came_from",)
    torch_name = "ToCopy"

    def forward(self, xp: Any, x: Any, where: device) -> Any:
        self.came_from = xp.device(x)
        return move(x, where)

    @classmethod
    def apply(cls, x: Any, where: device) -> Any:
        # The result's array type differs from the input's, which apply() would convert back.
        from ..autograd.engine import _new, wrap
        from ..autograd.grad_mode import mode

        node = _new(cls)
        result = wrap(node.forward(BACKENDS[type(x.array)], x.array, where))
        if mode.enabled:
            node._record((x,), result)
        return result

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.move(grad, self.came_from),)


def move(array: Any, where: device) -> Any:
    """``array`` on another device."""
    return BACKENDS[type(array)].move(array, where)


class CopyInto(Node):
    """``x.copy_(y)``: the old value of x gets a gradient of zeros."""

    __slots__ = ("dtype", "shape")
    torch_name = "CopyBackwards"

    def forward(self, xp: Any, x: Any, y: Any) -> Any:
        self.shape, self.dtype = y.shape, y.dtype
        return xp.copy(y, out=x)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        old = None if edge_x is None else xp.zeros_like(grad)
        if edge_y is None:
            return old, None
        grad = sum_to(xp, grad, self.shape)
        return old, grad if grad.dtype == self.dtype else xp.cast(grad, self.dtype)


def copy_(x: Any, y: Any) -> Any:
    """Write ``y``, broadcast and converted, into ``x``."""
    check_inplace(x)
    if type(x.array) is not type(y.array):
        y = Move.apply(y, BACKENDS[type(x.array)].device(x.array))
    if y.array.ndim > x.array.ndim:
        raise _misfit(x, y)
    node = CopyInto.__new__(CopyInto)
    try:
        node.forward(BACKENDS[type(x.array)], x.array, y.array)
    except ValueError:
        if BACKENDS[type(x.array)].writable(x.array):
            raise _misfit(x, y) from None
        node.forward(BACKENDS[type(x.array)], target_of(x.array), y.array)
    mark_changed(x, node, (x, y))
    return x


def _misfit(x: Any, y: Any) -> RuntimeError:
    shape, given = x.array.shape, y.array.shape
    return misfit(shape, given) or RuntimeError(
        f"output with shape {list(shape)} doesn't match the broadcast shape "
        f"{list(np.broadcast_shapes(shape, given))}"
    )


class Fill(Node):
    """``x.fill_(value)``: the old value gets a gradient of zeros."""

    __slots__ = ()
    torch_name = "FillBackward2"

    def forward(self, xp: Any, x: Any, value: Any) -> Any:
        return xp.fill(x, value)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.zeros_like(grad),)


class Zero(Fill):
    """``x.zero_()``"""

    __slots__ = ()
    torch_name = "ZeroBackward0"


def fill_(x: Any, value: Any, kind: type[Fill] = Fill) -> Any:
    """Write a number into every element of ``x``; the change prints as a node of ``kind``."""
    if x.needs_grad or x.view_of is not None:
        check_inplace(x)
    array = x.array
    if value.__class__ is not float and value != 0:
        value = wrapped(value, array.dtype)
    try:
        BACKENDS[type(array)].fill(array, value)
    except ValueError:  # an expanded array, which NumPy does not let anybody write into
        BACKENDS[type(array)].fill(places(array), value)
    if x.needs_grad:
        mark_changed(x, kind.__new__(kind), (x,))
    else:
        x.version[0] += 1
    return x


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy in new memory, through which gradients flow.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0])
    >>> y = x.clone().fill_(2.0)
    >>> x
    tensor([1.])
    """
    return Clone.apply(input)
