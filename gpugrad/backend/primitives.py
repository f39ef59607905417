"""The waist: every number in gpugrad is produced by one of these array functions.

:class:`Primitives` is built over an array module (NumPy or CuPy, which share their names). Each
function takes arrays first, then static arguments, and ``out=`` where it makes a new array, so a
planned replay allocates nothing. Fused functions have a composed form over the others in
:mod:`gpugrad.backend.composed`.
"""

from __future__ import annotations

from typing import Any

from .composed import ComposedForms
from .device_interface import DeviceInterface
from .parts import (
    BesselFunctions,
    ComposedRecurrence,
    Factorisations,
    GammaFunctions,
    Generated,
    ImplicitSlopes,
    NormalFunctions,
    OptimizerSteps,
    Polynomials,
    Windows,
)
from .special_functions import SpecialFunctions
from .ufuncs import UFUNCS

Array = Any
"""An array of some backend, or (in the differentiable namespace) a tensor."""

Shape = tuple[int, ...]


class Primitives(
    DeviceInterface,
    ComposedForms,
    ComposedRecurrence,
    Generated,
    OptimizerSteps,
    SpecialFunctions,
    GammaFunctions,
    ImplicitSlopes,
    BesselFunctions,
    NormalFunctions,
    Polynomials,
    Factorisations,
    Windows,
):
    """The primitives over one array module.

    Args:
        module: ``numpy`` or ``cupy``.
    """

    large: Any
    """The primitives that ops on large arrays use: the backend itself, if it has no others."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.large = self
        self.dot = module.dot  # for operands of one or two dimensions
        own = {name for cls in type(self).__mro__ for name in vars(cls)}
        for name, ufunc in UFUNCS.items():
            if name not in own:  # else this backend has one of its own
                setattr(self, name, getattr(module, ufunc))

    # --- making and copying -----------------------------------------------------------------

    def empty(self, shape: Shape, dtype: Any) -> Array:
        return self.module.empty(shape, dtype)

    def zeros(self, shape: Shape, dtype: Any, out: Array | None = None) -> Array:
        return self.module.zeros(shape, dtype) if out is None else self.fill(out, 0)

    def full(self, shape: Shape, value: Any, dtype: Any, out: Array | None = None) -> Array:
        out = self.module.empty(shape, dtype) if out is None else out
        out.fill(value)
        return out

    def arange(
        self, start: Any, stop: Any, step: Any, dtype: Any, out: Array | None = None
    ) -> Array:
        return self.into(self.module.arange(start, stop, step, dtype), out)

    def asarray(self, x: Array) -> Array:
        """An array, where NumPy has handed back one of its scalars."""
        return self.module.asarray(x)

    def copy(self, x: Array, out: Array | None = None) -> Array:
        """A copy in row-major order; with ``out``, into it, broadcast and converted."""
        if out is None:
            return self.module.array(x, order="C")
        out[...] = x
        return out

    def cast(self, x: Array, dtype: Any, out: Array | None = None) -> Array:
        return x.astype(dtype) if out is None else self.copy(x, out=out)

    def into(self, value: Array, out: Array | None) -> Array:
        """A result, stored in ``out`` if one was given."""
        return value if out is None else self.copy(value, out=out)

    def fill(self, x: Array, value: Any) -> Array:
        x.fill(value)
        return x

    def zeros_like(self, x: Array, out: Array | None = None) -> Array:
        return self.zeros(x.shape, x.dtype, out)

    def ones_like(self, x: Array, out: Array | None = None) -> Array:
        return self.full(x.shape, 1, x.dtype, out)

    # --- shape: views where strides allow, else copies ----------------------------------------

    def reshape(self, x: Array, shape: Shape) -> Array:
        return x.reshape(shape)

    def permute(self, x: Array, axes: tuple[int, ...]) -> Array:
        return x.transpose(axes)

    def broadcast_to(self, x: Array, shape: Shape) -> Array:
        return self.module.broadcast_to(x, shape)

    def expand(self, x: Array, shape: Shape) -> Array:
        """Like :meth:`broadcast_to`, and never a copy."""
        return self.module.broadcast_to(x, shape)

    def getitem(self, x: Array, index: Any) -> Array:
        return x[index]

    def concatenate(self, arrays: list[Array], axis: int, out: Array | None = None) -> Array:
        return self.module.concatenate(arrays, axis, out=out)

    def stack(self, arrays: list[Array], out: Array | None = None) -> Array:
        return self.module.stack(arrays, out=out)

    def flip(self, x: Array, axes: tuple[int, ...]) -> Array:
        return x[tuple(slice(None, None, -1 if a in axes else None) for a in range(x.ndim))]

    # --- writing and gathering by index ---------------------------------------------------------

    def setitem(self, x: Array, index: Any, value: Array) -> Array:
        x[index] = value
        return x

    def index_add(self, x: Array, index: Any, value: Array) -> Array:
        """``x[index] += value`` where repeated indices add up."""
        self.module.add.at(x, index, value)
        return x

    def scatter_nd(self, grad: Array, index: Any, shape: Shape, out: Array | None = None) -> Array:
        """Zeros of ``shape`` with ``grad`` added at ``index``: what undoes :meth:`getitem`."""
        out = self.zeros(shape, grad.dtype) if out is None else self.fill(out, 0)
        if is_basic(index):
            out[index] = grad
        else:
            self.index_add(out, index, grad)
        return out

    def take_along_axis(self, x: Array, index: Array, axis: int, out: Array | None = None) -> Array:
        return self.into(self.module.take_along_axis(x, index, axis), out)

    def scatter_along_axis(
        self, x: Array, index: Array, axis: int, shape: Shape, out: Array | None = None
    ) -> Array:
        """Zeros of ``shape`` with ``x`` added where :meth:`take_along_axis` would have read."""
        out = self.zeros(shape, x.dtype) if out is None else self.fill(out, 0)
        grid = list(self.module.ogrid[tuple(slice(n) for n in index.shape)])
        grid[axis] = index
        self.index_add(out, tuple(grid), x)
        return out

    def clamp(self, x: Array, low: Any, high: Any, out: Array | None = None) -> Array:
        """``x`` kept between two numbers, either of which may be None."""
        if x.dtype.kind == "V":  # bfloat16, which a Python number would make float32
            low, high = (b if b is None else x.dtype.type(b) for b in (low, high))
        if high is None:
            return self.maximum(x, low, out=out)
        return self.minimum(x if low is None else self.maximum(x, low), high, out=out)

    def where(self, condition: Array, x: Array, y: Array, out: Array | None = None) -> Array:
        return self.into(self.module.where(condition, x, y), out)

    def nonzero(self, x: Array) -> tuple[Array, ...]:
        return tuple(x.nonzero())

    # --- reductions -----------------------------------------------------------------------------

    def sum(
        self,
        x: Array,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
        out: Array | None = None,
    ) -> Array:
        return x.sum(axis=axis, dtype=dtype, keepdims=keepdims, out=out)

    def mean(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        total = self.sum(x, axis, keepdims)
        return self.div(total, x.size // total.size if total.size else float("nan"), out=out)

    def prod(
        self,
        x: Array,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
        out: Array | None = None,
    ) -> Array:
        return x.prod(axis=axis, dtype=dtype, keepdims=keepdims, out=out)

    def amax(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        return x.max(axis=axis, keepdims=keepdims, out=out)

    def amin(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        return x.min(axis=axis, keepdims=keepdims, out=out)

    def any(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        return x.any(axis=axis, keepdims=keepdims, out=out)

    def all(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        return x.all(axis=axis, keepdims=keepdims, out=out)

    def argmax(self, x: Array, axis: int | None = None, out: Array | None = None) -> Array:
        return x.argmax(axis=axis, out=out)

    def argmin(self, x: Array, axis: int | None = None, out: Array | None = None) -> Array:
        return x.argmin(axis=axis, out=out)

    def cumsum(self, x: Array, axis: int, dtype: Any = None, out: Array | None = None) -> Array:
        if x.dtype.itemsize == 2 and x.dtype.kind in "fV" and dtype is None:
            wide = self.module.cumsum(x.astype("float32"), axis)
            return self.into(self.cast(wide, x.dtype), out)
        return self.module.cumsum(x, axis, dtype, out)

    def cumprod(self, x: Array, axis: int, dtype: Any = None, out: Array | None = None) -> Array:
        return self.module.cumprod(x, axis, dtype, out)

    def argsort(self, x: Array, axis: int, out: Array | None = None) -> Array:
        """Stable ascending order; nan last."""
        return self.into(self.module.argsort(x, axis=axis, kind="stable"), out)

    # --- products -------------------------------------------------------------------------------

    def matmul(self, x: Array, y: Array, out: Array | None = None) -> Array:
        return self.module.matmul(x, y, out=out)

    def linear(
        self, x: Array, weight: Array, bias: Array | None, out: Array | None = None
    ) -> Array:
        """``x @ weight.T + bias``."""
        transposed = self.permute(weight, (1, 0))
        if bias is None:
            return self.matmul(x, transposed, out=out)
        return self.add(self.matmul(x, transposed), bias, out=out)


def is_basic(index: Any) -> bool:
    """Whether indexing with this gives a view: ints, slices, None and Ellipsis only."""
    if isinstance(index, tuple):
        return all(is_basic_item(i) for i in index)
    return is_basic_item(index)


def is_basic_item(item: Any) -> bool:
    return item is None or item is Ellipsis or isinstance(item, (int, slice))
