"""Choosing: ``where``, ``clamp``, and gathering along a dimension with its reverse."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import CONSTANT, Node, TensorBase, wrap
from ..autograd.inplace import apply_inplace
from ..backend import BACKENDS
from .operands import explain, harmonise, sum_to, with_number, wrapped
from .unary import Unary, no_bools


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

    torch_name = "ClampBackward1"
    primitive = "clamp"
    floating = False
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.clamp_grad(self.x, grad, *self.params)


class ClampTensor(Node):
    """``x`` kept between two tensors; the upper bound wins where the lower one is above it."""

    __slots__ = ("high", "low", "shapes", "x")
    saves = {"x": 0, "low": 1, "high": 2}
    torch_name = "Clamp"

    def forward(self, xp: Any, x: Any, low: Any, high: Any) -> Any:
        self.x, self.low, self.high = x, low, high
        self.shapes = x.shape, low.shape, high.shape
        return xp.minimum(xp.maximum(x, low), high)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        x, low, high = self.x, self.low, self.high
        below, above = xp.lt(x, low), xp.gt(x, high)
        chosen = (
            xp.logical_not(xp.logical_or(below, above)),
            xp.logical_and(below, xp.lt(low, high)),
            xp.logical_or(above, xp.lt(high, low)),
        )
        return _share(xp, grad, chosen, self.shapes, self.edges)


class ClampOneSide(Node):
    """``x`` kept above or below a tensor."""

    __slots__ = ("bound", "is_low", "shapes", "x")
    saves = {"x": 0, "bound": 1}
    torch_name = "Clamp"

    def forward(self, xp: Any, x: Any, bound: Any, is_low: bool) -> Any:
        self.x, self.bound, self.is_low = x, bound, is_low
        self.shapes = x.shape, bound.shape
        return xp.maximum(x, bound) if is_low else xp.minimum(x, bound)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        outside = (xp.lt if self.is_low else xp.gt)(self.x, self.bound)
        return _share(xp, grad, (xp.logical_not(outside), outside), self.shapes, self.edges)


def _share(xp: Any, grad: Any, chosen: Any, shapes: Any, edges: Any) -> tuple[Any, ...]:
    """To each input the gradient where it was chosen, summed to the input's shape."""
    zero = xp.zeros_like(grad)
    return tuple(
        None if edge is None else sum_to(xp, xp.where(mask, grad, zero), shape)
        for mask, shape, edge in zip(chosen, shapes, edges, strict=True)
    )


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
        return (xp.cumsum_backward(grad, self.axis),)


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
        if not isinstance(x, TensorBase):
            return (self._at_once(xp, x, grad),)
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

    def _at_once(self, xp: Any, x: Any, grad: Any) -> Any:
        """The sums of ``grad[j] out[j] / x[i]`` over ``j >= i``, up to the first zero in ``x``.

        At that zero they are those of ``grad[j]`` times the product of all others, and beyond it 0.
        Its own derivative is not that of the gradient where ``x`` is 0.
        """
        axis, one = self.axis, xp.ones_like(x)
        zero = xp.eq(x, 0)
        halved = xp.cumprod(xp.where(zero, xp.mul(one, 0.5), one), axis)  # at each zero
        first = xp.logical_and(zero, xp.eq(halved, 0.5))
        others = xp.cumprod(xp.where(first, one, x), axis)
        others = xp.cumsum_backward(xp.mul(grad, others), axis)
        shares = xp.cumsum_backward(xp.mul(grad, xp.cumprod(x, axis)), axis)
        shares = xp.div(shares, xp.where(zero, one, x))
        later = xp.where(first, others, xp.zeros_like(x))
        return xp.where(xp.eq(halved, 1), shares, later)


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
    return wrap(xp.full((), wrapped(value, kind.numpy), kind.numpy))


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
        for a, b in ((mask, x.array), (x.array, y.array), (mask, y.array)):
            explained = explain(Where, a, b, error)
            if "non-singleton" in str(explained):
                break
        raise explained from None


def _by_tensors(x: Any, low: Any, high: Any) -> bool:
    """Whether the bounds are tensors, or must be: beside a number NumPy would widen bfloat16."""
    return isinstance(low, TensorBase) or isinstance(high, TensorBase) or x.array.dtype.kind == "V"


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """``input`` kept between ``min`` and ``max``, numbers or tensors.

    >>> import gpugrad
    >>> gpugrad.tensor([-2.0, 0.5, 2.0]).clamp(-1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if _by_tensors(input, min, max):
        kind, *inputs = _with_tensors(input, min, max)
        if inputs[0].array.dtype.kind == "b" and min is not None and max is not None:
            raise no_bools("clamp_cpu")
        return kind.apply(*inputs)
    x = input
    for bound in (min, max):
        if bound is not None:
            x, bound = with_number(x, bound, False) or (x, bound)
    return Clamp.apply(x, *(wrapped(b, x.array.dtype) for b in (min, max)))


def clamp_(self: Any, min: Any = None, max: Any = None) -> Any:
    """:func:`clamp` into the tensor itself."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if _by_tensors(self, min, max):
        kind, _, *bounds = _with_tensors(self, min, max)
        return apply_inplace(kind, self, *bounds)
    kind = self.array.dtype
    return Clamp.apply_(self, *(wrapped(b, kind) for b in (min, max)))


def where_method(self: Any, condition: Any, other: Any) -> Any:
    """:func:`where`, as a method of the tensor that is taken from where the condition holds."""
    return where(condition, self, other)


def _with_tensors(x: Any, low: Any, high: Any) -> tuple[Any, ...]:
    """The node that clamps by tensors, which get gradients of their own, and its inputs."""
    bounds = [
        _tensor_like(b, x) if b is not None and not isinstance(b, TensorBase) else b
        for b in (low, high)
    ]
    for bound in bounds:
        if bound is not None:
            x, _ = harmonise(x, bound, False)
    low, high = (None if b is None else harmonise(b, x, False)[0] for b in bounds)
    if low is not None and high is not None:
        return ClampTensor, x, low, high
    return ClampOneSide, x, high if low is None else low, low is not None
