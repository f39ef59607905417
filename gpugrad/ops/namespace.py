"""The primitives over tensors: what ``backward`` computes with when it is itself recorded.

Every primitive is an op here, so a gradient computed through this namespace has a gradient.
Fused primitives come composed from :class:`ComposedForms`, and so need no second derivative rule.
"""

from __future__ import annotations

from typing import Any

from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS
from ..backend.composed import ComposedForms
from ..backend.composed_recurrence import ComposedRecurrence
from ..backend.implicit_slopes import ImplicitSlopes
from ..backend.primitives import is_basic
from . import (
    activation,
    activation_slopes,
    arithmetic,
    bessel,
    broadcasting,
    choices,
    compare,
    conv,
    copying,
    dropout,
    embedding,
    gamma,
    index,
    joining,
    linear,
    matmul,
    normal_distribution,
    number_parts,
    pointwise,
    pool,
    power,
    reduce,
    repeating,
    rounding,
    select,
    shape,
    softmax,
    trigonometry,
)
from .binary import Binary
from .shape import reshape as _reshape
from .unary import Unary

SPECIAL = (bessel, gamma, normal_distribution, number_parts)
"""Modules of special functions whose derivatives are special functions again."""

ELEMENTWISE = (
    *(pointwise, trigonometry, rounding, arithmetic, choices, power),
    *(activation, activation_slopes, select),
)
"""Modules of the other elementwise functions."""

NOT_DIFFERENTIABLE = (
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "isnan",
    "isinf",
    "isfinite",
    "signbit",
)


def _raw(value: Any) -> Any:
    return value.array if isinstance(value, TensorBase) else value


def _axes(x: Any, axis: Any) -> Any:
    """Axes counted from the front, as ops want them; None is for all."""
    if axis is None:
        return None
    if isinstance(axis, int):
        return (_axis(x, axis),)
    return tuple(_axis(x, a) for a in axis) if min(axis, default=0) < 0 else axis


def _axis(x: Any, axis: int) -> int:
    return axis if axis >= 0 else axis + x.array.ndim


class TensorNamespace(ComposedForms, ComposedRecurrence, ImplicitSlopes):
    """Primitives whose arrays are tensors."""

    def __init__(self) -> None:
        self.large = self
        for module in (*SPECIAL, *ELEMENTWISE):
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, (Unary, Binary)):
                    name = getattr(value, "primitive", None)
                    if name is not None and not value.__qualname__.startswith("_"):
                        setattr(self, name, value.apply)
        for name in NOT_DIFFERENTIABLE:
            setattr(self, name, getattr(compare, name))

    def _constant(self, name: str, sample: Any, *args: Any) -> Any:
        return wrap(getattr(BACKENDS[type(sample.array)], name)(*args))

    def zeros_like(self, x: Any) -> Any:
        return self._constant("zeros_like", x, x.array)

    def ones_like(self, x: Any) -> Any:
        return self._constant("ones_like", x, x.array)

    def into(self, value: Any, out: None) -> Any:
        return value

    def asarray(self, x: Any) -> Any:
        return x

    def copy(self, x: Any, out: Any = None) -> Any:
        return copying.Clone.apply(x) if out is None else copying.copy_(out, x)

    def fill(self, x: Any, value: Any) -> Any:
        return copying.fill_(x, value)

    def cast(self, x: Any, dtype: Any) -> Any:
        return copying.Cast.apply(x, getattr(dtype, "numpy", dtype))

    def move(self, x: Any, where: Any) -> Any:
        return copying.Move.apply(x, where)

    def reshape(self, x: Any, shape: Any) -> Any:
        return _reshape(x, tuple(shape))

    def permute(self, x: Any, axes: Any) -> Any:
        return shape.Permute.apply(x, tuple(axes))

    def broadcast_to(self, x: Any, size: Any) -> Any:
        return broadcasting.Expand.apply(x, tuple(size))

    def expand(self, x: Any, size: Any) -> Any:
        return broadcasting.Expand.apply(x, tuple(size))

    def getitem(self, x: Any, item: Any) -> Any:
        items = item if isinstance(item, tuple) else (item,)
        items = tuple(_raw(i) for i in items)
        view = index._view_node(items) if is_basic(items) else None
        return (view or index.Index).apply(x, items)

    def setitem(self, x: Any, item: Any, value: Any) -> Any:
        index.setitem(x, item, value)
        return x

    def scatter_nd(self, grad: Any, item: Any, size: Any) -> Any:
        return index.ScatterNd.apply(grad, item, tuple(size))

    def concatenate(self, arrays: list[Any], axis: int) -> Any:
        return joining.Cat.apply(*arrays, _axis(arrays[0], axis))

    def stack(self, arrays: list[Any]) -> Any:
        return joining.stack(arrays)

    def flip(self, x: Any, axes: Any) -> Any:
        return repeating.Flip.apply(x, tuple(axes))

    def take_along_axis(self, x: Any, where: Any, axis: int) -> Any:
        return select.Gather.apply(x, _raw(where), axis)

    def scatter_along_axis(self, x: Any, where: Any, axis: int, size: Any) -> Any:
        return select.ScatterAlong.apply(x, _raw(where), axis, tuple(size))

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        return select.where(condition, x, y)

    def sum(self, x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
        if x.array.dtype.kind == "b":
            x = copying.Cast.apply(x, "int64")
        return reduce.SumDim.apply(x, _axes(x, axis), keepdims)

    def mean(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return reduce.MeanDim.apply(x, _axes(x, axis), keepdims)

    def prod(self, x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
        return reduce.ProdDim.apply(x, _axes(x, axis), keepdims)

    def amax(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return reduce.Amax.apply(x, _axes(x, axis), keepdims)

    def amin(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return reduce.Amin.apply(x, _axes(x, axis), keepdims)

    def cumsum(self, x: Any, axis: int, dtype: Any = None) -> Any:
        return select.Cumsum.apply(x, _axis(x, axis))

    def cumprod(self, x: Any, axis: int, dtype: Any = None) -> Any:
        return select.Cumprod.apply(x, _axis(x, axis))

    def matmul(self, x: Any, y: Any, out: Any = None) -> Any:
        return matmul.matmul(x, y)

    def dot(self, x: Any, y: Any) -> Any:
        return matmul.matmul(x, y)

    def pad(self, x: Any, widths: Any, value: float = 0, out: Any = None) -> Any:
        return conv.ConstantPadNd.apply(x, widths, value)

    def linear(self, x: Any, weight: Any, bias: Any, out: Any = None) -> Any:
        return linear.linear(x, weight, bias)

    def conv(self, x: Any, weight: Any, bias: Any, g: Any, groups: int, out: Any = None) -> Any:
        operands = (x, weight) if bias is None else (x, weight, bias)
        return conv.Convolution.apply(*operands, g, groups)

    def conv_transpose(
        self, x: Any, weight: Any, g: Any, groups: int, size: Any, out: Any = None
    ) -> Any:
        return conv.ConvolutionTranspose.apply(x, weight, g, groups, size)

    def conv_weight(self, x: Any, grad: Any, g: Any, groups: int, out: Any = None) -> Any:
        return conv.ConvolutionWeight.apply(x, grad, g, groups)

    def unfold(self, x: Any, g: Any, out: Any = None) -> Any:
        return conv.Im2col.apply(x, g)

    def fold(self, x: Any, g: Any, size: Any, out: Any = None) -> Any:
        return conv.Col2im.apply(x, g, size)

    def window_sum(self, x: Any, g: Any, out: Any = None) -> Any:
        return pool.WindowSum.apply(x, g)

    def window_spread(self, grad: Any, g: Any, size: Any, out: Any = None) -> Any:
        return pool.WindowSpread.apply(grad, g, size)

    def dropout(self, x: Any, draw: Any, p: float, out: Any = None) -> Any:
        return dropout.DropoutAgain.apply(x, draw, p)

    def embedding(self, weight: Any, where: Any, out: Any = None) -> Any:
        return embedding.Embedding.apply(weight, where, embedding.NO_PADDING, False)

    def embedding_grad(
        self, grad: Any, where: Any, rows: int, padding: int, by_frequency: bool, out: Any = None
    ) -> Any:
        return embedding.EmbeddingGrad.apply(grad, where, rows, padding, by_frequency)

    def softmax(self, x: Any, axis: int, out: Any = None) -> Any:
        return softmax.Softmax.apply(x, _axis(x, axis))

    def log_softmax(self, x: Any, axis: int, out: Any = None) -> Any:
        return softmax.LogSoftmax.apply(x, _axis(x, axis))
