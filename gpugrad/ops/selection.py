"""What sorting, extremes and running extremes share: elements picked by an index they computed."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import Node, wrap
from ..backend import BACKENDS


class Selection(Node):
    """Elements picked by an index along one dimension; they alone get a gradient.

    ``index`` has one place in that dimension for each result; with ``keepdim`` False there is one,
    and the dimension goes.
    """

    __slots__ = ("axis", "index", "keepdim", "shape")

    def forward(self, xp: Any, x: Any, index: Any, axis: int, keepdim: bool = True) -> Any:
        self.shape, self.index, self.axis, self.keepdim = x.shape, index, axis, keepdim
        if not x.ndim:
            return xp.copy(x)
        values = xp.take_along_axis(x, index, axis)
        return values if keepdim else xp.reshape(values, (*x.shape[:axis], *x.shape[axis + 1 :]))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        if not self.shape:
            return (grad,)
        if not self.keepdim:
            grad = xp.reshape(grad, self.index.shape)
        return (xp.scatter_along_axis(grad, self.index, self.axis, self.shape),)


def picked(
    cls: type[Selection], kind: type[Any], x: Any, index: Any, axis: int, keepdim: bool
) -> Any:
    """The named pair of values and places; ``index`` has size one along ``axis``."""
    values = cls.apply(x, index, axis, keepdim)
    return kind((values, wrap(BACKENDS[type(index)].reshape(index, values.array.shape))))
