"""Choosing: ``where``, ``clamp``, and gathering along a dimension with its reverse."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import CONSTANT, Node, TensorBase, wrap
from ..backend import BACKENDS
from .elementwise_base import Unary, cast, harmonise, sum_to


class Where(Node):
    """``x`` where the condition holds, ``y`` elsewhere."""

    __slots__ = ("condition", "shapes")
    saves = {"condition": CONSTANT}

    def forward(self, xp: Any, x: Any, y: Any, condition: Any) -> Any:
        self.condition = condition
        self.shapes = x.shape, y.shape
        return xp.where(condition, x, y)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        zero = xp.zeros_like(grad)
        grad_x = grad_y = None
        if edge_x is not None:
            grad_x = sum_to(xp, xp.where(self.condition, grad, zero), self.shapes[0])
        if edge_y is not None:
            grad_y = sum_to(xp, xp.where(self.condition, zero, grad), self.shapes[1])
        return grad_x, grad_y


class Clamp(Unary):
    """``x`` kept between two numbers; the gradient is 0 outside them."""

    primitive = "clamp"
    floating = False
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        low, high = self.params
        inside = None if low is None else xp.ge(self.x, low)
        if high is not None:
            below = xp.le(self.x, high)
            inside = below if inside is None else xp.logical_and(inside, below)
        return grad if inside is None else xp.where(inside, grad, xp.zeros_like(grad))


class Gather(Node):
    """``out[i][j] = x[index[i][j]][j]`` along a dimension."""

    __slots__ = ("axis", "index", "shape")
    saves = {"index": CONSTANT}

    def forward(self, xp: Any, x: Any, index: Any, axis: int) -> Any:
        self.index, self.axis, self.shape = index, axis, x.shape
        return xp.take_along_axis(x, index, axis)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.scatter_along_axis(grad, self.index, self.axis, self.shape),)


class ScatterAlong(Node):
    """Zeros with values added where :class:`Gather` would have read."""

    __slots__ = ("axis", "index")
    saves = {"index": CONSTANT}
    torch_name = "ScatterAdd"

    def forward(self, xp: Any, x: Any, index: Any, axis: int, shape: Any) -> Any:
        self.index, self.axis = index, axis
        return xp.scatter_along_axis(x, index, axis, shape)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.take_along_axis(grad, self.index, self.axis),)


class Cumsum(Node):
    """Running sums along a dimension."""

    __slots__ = ("axis",)

    def forward(self, xp: Any, x: Any, axis: int) -> Any:
        self.axis = axis
        return xp.cumsum(x, axis)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        axes = (self.axis,)
        return (xp.flip(xp.cumsum(xp.flip(grad, axes), self.axis), axes),)


class Cumprod(Node):
    """Running products along a dimension; the gradient is right at zeros too."""

    __slots__ = ("axis", "x")
    saves = {"x": 0}

    def forward(self, xp: Any, x: Any, axis: int) -> Any:
        self.x, self.axis = x, axis
        return xp.cumprod(x, axis)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        # d out[j] / d x[i] is the product of x[0..j] without x[i], for j >= i. Position i's
        # factors before it and after it are running products that skip nothing else.
        x, axis = self.x, self.axis
        before = (slice(None),) * axis
        grads = []
        ones = xp.ones_like(xp.getitem(x, (*before, slice(0, 1))))
        for i in range(x.shape[axis]):
            rest = xp.getitem(x, (*before, slice(i + 1, None)))
            tail = xp.cumprod(xp.concatenate([ones, rest], axis), axis)
            weighted = xp.mul(tail, xp.getitem(grad, (*before, slice(i, None))))
            total = xp.sum(weighted, axis, True)
            head = xp.getitem(x, (*before, slice(0, i)))
            grads.append(xp.mul(xp.prod(head, axis, True), total) if i else total)
        return (xp.concatenate(grads, axis) if grads else xp.zeros_like(x),)


# --- functions -----------------------------------------------------------------------------------


def _tensor_like(value: Any, other: Any) -> Any:
    """A number as a 0-d tensor beside ``other``, of the type that promotion gives it."""
    xp = BACKENDS[type(other.array)]
    kind = dtypes.result_dtype(
        dtypes.from_numpy(other.array.dtype),
        2 if other.array.ndim else 1,
        dtypes.scalar_dtype(value),
        0,
    )
    return wrap(xp.full((), value, kind.numpy))


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where ``condition`` holds and ``other`` elsewhere; all three broadcast.

    With the condition alone: the indices where it holds, a tuple of one tensor a dimension.

    >>> import gpugrad
    >>> x = gpugrad.tensor([-1.0, 2.0])
    >>> gpugrad.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    if input is None and other is None:
        xp = BACKENDS[type(condition.array)]
        return tuple(wrap(i) for i in xp.nonzero(condition.array))
    if condition.array.dtype.kind != "b" and condition.array.dtype != "uint8":
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{dtypes.from_numpy(condition.array.dtype).tensor_type.removesuffix('Tensor')}"
        )
    if not isinstance(input, TensorBase) and not isinstance(other, TensorBase):
        kind = dtypes.promote_types(dtypes.scalar_dtype(input), dtypes.scalar_dtype(other))
        xp = BACKENDS[type(condition.array)]
        input, other = (wrap(xp.full((), v, kind.numpy)) for v in (input, other))
    elif not isinstance(input, TensorBase):
        input = _tensor_like(input, other)
    elif not isinstance(other, TensorBase):
        other = _tensor_like(other, input)
    x, y = input, other
    if x.array.dtype is not y.array.dtype or type(x.array) is not type(y.array):
        x, y = harmonise(x, y, False)
        x = x if isinstance(x, TensorBase) else _tensor_like(x, y)
        y = y if isinstance(y, TensorBase) else _tensor_like(y, x)
    mask = condition.array if condition.array.dtype.kind == "b" else condition.array != 0
    try:
        return Where.apply(x, y, mask)
    except ValueError as error:
        from .elementwise_base import explain

        raise explain(Where, x.array, y.array, error) from None


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """``input`` kept between ``min`` and ``max``, numbers or tensors.

    >>> import gpugrad
    >>> gpugrad.tensor([-2.0, 0.5, 2.0]).clamp(-1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, TensorBase) or isinstance(max, TensorBase):
        from .arithmetic import Maximum, Minimum

        result = input if min is None else Maximum.apply(input, min)
        return result if max is None else Minimum.apply(result, max)
    x = input
    for bound in (min, max):
        if isinstance(bound, float) and x.array.dtype.kind in "iu":
            x = cast(x, dtypes.get_default_dtype())
    return Clamp.apply(x, min, max)
