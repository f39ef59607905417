"""The primitives over values without memory: what they would do is noted as ops.

Composed forms, inherited from the common base, take fused primitives and optimizer steps apart into
the few that are written here.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..backend.primitives import UFUNCS, Primitives
from ..backend.step_scratch import compute_dtype
from .functions import function
from .products import is_small, suits
from .values import Buffer, Op, Shape, UnsupportedError, Value

REDUCTIONS = {
    "sum": np.add,
    "prod": np.multiply,
    "amax": np.maximum,
    "amin": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}


class _NoModule:
    """In the place of NumPy, which has no values without memory."""

    def __getattr__(self, name: str) -> Any:
        raise UnsupportedError(f"NumPy's {name}")


class Scratch:
    """As the optimizers' scratch, but every place has memory of its own: it becomes a register."""

    def __init__(self, notes: Notes, params: list[Value]) -> None:
        self.dtype = compute_dtype(params[0].dtype)
        self.first = [notes.empty(p.shape, self.dtype) for p in params]
        self.second = [notes.empty(p.shape, self.dtype) for p in params]
        self.wide = notes.empty((), "float64")
        self.scalars = [notes.empty((), self.dtype) for _ in range(3)]


class Notes(Primitives):
    """Primitives that note ops.

    Attributes:
        ops: what has been noted.
    """

    device_type = "native"

    def __init__(self) -> None:
        self.module: Any = _NoModule()
        self.ops: list[Op] = []
        for name in UFUNCS:
            if not hasattr(type(self), name):
                setattr(self, name, functools.partial(self._map, name))

    # --- element by element -----------------------------------------------------------------------

    def _map(self, name: str, *args: Any, out: Value | None = None) -> Value:
        taken = _ufunc(name).nin if name in UFUNCS else len(args)
        if len(args) == taken + 1 and out is None:
            *args, out = args  # type: ignore[assignment]
        dtype, result = _types(name, tuple(_kind(a) for a in args))
        return self.note(name, [self.operand(a, dtype) for a in args], dtype, result, out)

    def note(
        self, name: str, ins: list[Value], dtype: Any, result: Any, out: Value | None = None
    ) -> Value:
        """A ``map`` of operands that may have to be broadcast."""
        shape = out.shape if out is not None else np.broadcast_shapes(*(v.shape for v in ins))
        if not function(name).takes(dtype):
            raise UnsupportedError(f"{name} of {dtype}")
        if name in UFUNCS and all(v.number is not None for v in ins):
            number = _ufunc(name)(*(v.dtype.type(v.number) for v in ins))
            found = self.number(np.asarray(number).astype(result)[()], result, shape)
            return found if out is None else self.copy(found, out)
        if out is not None and out.buffer is None:
            raise UnsupportedError("a number as a place for results")
        target = self.empty(shape, result) if out is None else out
        op = Op("map", name, target, [v.broadcast(shape) for v in ins], np.dtype(dtype))
        self.ops.append(op)
        if out is None:
            target.maker = op
        return target

    def operand(self, value: Any, dtype: Any) -> Value:
        """A Python number as a value."""
        if isinstance(value, Value):
            return value
        if not isinstance(value, (bool, int, float)):
            raise UnsupportedError(f"an operand of type {type(value).__name__}")
        return self.number(np.asarray(value).astype(dtype)[()], dtype, ())

    def number(self, value: Any, dtype: Any, shape: Shape) -> Value:
        """The same number everywhere."""
        return Value(None, shape, dtype, 0, (0,) * len(shape), value)

    def constant(self, value: float, dtype: str) -> Value:
        return self.number(np.dtype(dtype).type(value), dtype, ())

    def real(self, value: Value) -> Value:
        """A value in memory, where a number would not do."""
        if value.number is None:
            return value
        return self.note("copy", [value], value.dtype, value.dtype, self.empty(value.shape, value.dtype))

    def where(self, condition: Any, x: Any, y: Any, out: Value | None = None) -> Value:
        dtype = np.result_type(*(_kind(a) for a in (x, y)))
        ins = [self.operand(condition, "bool"), self.operand(x, dtype), self.operand(y, dtype)]
        return self.note("where", ins, dtype, dtype, out)

    def erf(self, x: Value, out: Value | None = None) -> Value:
        return self.note("erf", [x], x.dtype, x.dtype, out)

    def copy(self, x: Any, out: Value | None = None) -> Value:
        x = self.operand(x, None if out is None else out.dtype)
        if out is None and x.number is not None:
            return x
        to = x.dtype if out is None else out.dtype
        return self.note("copy", [x], to, to, out)

    def cast(self, x: Value, dtype: Any, out: Value | None = None) -> Value:
        dtype = np.dtype(dtype)
        if out is None and x.number is not None:
            return self.number(np.asarray(x.number).astype(dtype)[()], dtype, x.shape)
        return self.note("copy", [x], dtype, dtype, out)

    def into(self, value: Any, out: Value | None) -> Value:
        if not isinstance(value, Value):
            raise UnsupportedError("a result that is no array")
        return value if out is None else self.copy(value, out)

    # --- making and looking at arrays -------------------------------------------------------------

    def empty(self, shape: Shape, dtype: Any) -> Value:
        value = Value(Buffer(), shape, dtype)
        assert value.buffer is not None
        value.buffer.nbytes = value.size * value.dtype.itemsize
        return value

    def full(self, shape: Shape, value: Any, dtype: Any, out: Value | None = None) -> Value:
        if isinstance(value, Value) or not isinstance(value, (bool, int, float, np.generic)):
            raise UnsupportedError("a filling that is no number")
        dtype = np.dtype(dtype) if out is None else out.dtype
        made = self.number(np.asarray(value).astype(dtype)[()], dtype, tuple(shape))
        return made if out is None else self.copy(made, out)

    def zeros(self, shape: Shape, dtype: Any, out: Value | None = None) -> Value:
        return self.full(shape, 0, dtype, out)

    def fill(self, x: Value, value: Any) -> Value:
        return self.full(x.shape, value, x.dtype, x)

    def asarray(self, x: Any) -> Value:
        return self.into(x, None)

    def reshape(self, x: Value, shape: Any) -> Value:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        found = x.reshaped(shape)
        if found is None:
            found = self.copy(x, self.empty(x.shape, x.dtype)).reshaped(shape)
        assert found is not None
        return found

    def permute(self, x: Value, axes: tuple[int, ...]) -> Value:
        return x.permuted([a % x.ndim for a in axes])

    def broadcast_to(self, x: Value, shape: Shape) -> Value:
        return x.broadcast(tuple(shape))

    def expand(self, x: Value, shape: Shape) -> Value:
        return x.broadcast(tuple(shape))

    def getitem(self, x: Value, index: Any) -> Value:
        return x[index]

    def setitem(self, x: Value, index: Any, value: Any) -> Value:
        if x.number is not None:  # from now on it differs from element to element
            filled = self.real(x)
            x.buffer, x.offset, x.strides, x.number = filled.buffer, 0, filled.strides, None
        self.copy(value, x[index])
        return x

    def concatenate(self, arrays: list[Value], axis: int, out: Value | None = None) -> Value:
        first = arrays[0]
        axis %= first.ndim
        total = sum(a.shape[axis] for a in arrays)
        dtype = np.result_type(*(a.dtype for a in arrays))
        if out is None:
            out = self.empty((*first.shape[:axis], total, *first.shape[axis + 1 :]), dtype)
        start = 0
        for array in arrays:
            end = start + array.shape[axis]
            if array.shape[axis]:
                self.copy(array, out[(*(slice(None),) * axis, slice(start, end))])
            start = end
        return out

    def stack(self, arrays: list[Value], out: Value | None = None) -> Value:
        dtype = np.result_type(*(a.dtype for a in arrays))
        if out is None:
            out = self.empty((len(arrays), *arrays[0].shape), dtype)
        for n, array in enumerate(arrays):
            self.copy(array, out[n])
        return out

    def step_scratch(self, params: list[Value]) -> Any:
        return Scratch(self, params)

    # --- reductions -------------------------------------------------------------------------------

    def _reduce(
        self, name: str, x: Value, axis: Any, keepdims: bool, dtype: Any, out: Value | None
    ) -> Value:
        function = REDUCTIONS[name]
        kind = function.reduce(np.ones(1, x.dtype), dtype=dtype).dtype
        if kind != x.dtype and name in ("sum", "prod"):
            x = self.cast(x, kind)
        elif name in ("any", "all") and x.dtype != bool:
            x = self._map("ne", x, 0)
        x = self.real(x)
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        gone = {a % x.ndim for a in axes}
        kept = tuple(1 if a in gone else n for a, n in enumerate(x.shape))
        result = self.empty(kept, kind)
        if kept == x.shape:  # one of each
            self.copy(x, result)
        else:
            strides = tuple(0 if a in gone else s for a, s in enumerate(result.strides))
            self.ops.append(Op("reduce", name, result.view(0, x.shape, strides), [x], x.dtype))
        if not keepdims:
            result = result.reshape(tuple(n for a, n in enumerate(kept) if a not in gone))
        return self.into(result, out)

    def sum(
        self,
        x: Value,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
        out: Value | None = None,
    ) -> Value:
        return self._reduce("sum", x, axis, keepdims, dtype, out)

    def prod(
        self,
        x: Value,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
        out: Value | None = None,
    ) -> Value:
        return self._reduce("prod", x, axis, keepdims, dtype, out)

    def mean(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        if x.dtype.kind != "f":
            raise UnsupportedError("a mean of integers")
        total = self.sum(x, axis, keepdims)
        return self._map("div", total, float(x.size // total.size), out=out)

    def amax(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        return self._reduce("amax", x, axis, keepdims, None, out)

    def amin(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        return self._reduce("amin", x, axis, keepdims, None, out)

    def any(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        return self._reduce("any", x, axis, keepdims, None, out)

    def all(
        self, x: Value, axis: Any = None, keepdims: bool = False, out: Value | None = None
    ) -> Value:
        return self._reduce("all", x, axis, keepdims, None, out)

    # --- one element of each row ------------------------------------------------------------------

    def take_along_axis(
        self, x: Value, index: Value, axis: int, out: Value | None = None
    ) -> Value:
        _check_column(index, x.shape, axis)
        x = self.real(x)
        result = self.empty(index.shape, x.dtype)
        target = result.view(0, x.shape, (*result.strides[:-1], 0))
        self.ops.append(Op("reduce", "pick", target, [x, index.broadcast(x.shape)], x.dtype))
        return self.into(result, out)

    def scatter_along_axis(
        self, x: Value, index: Value, axis: int, shape: Shape, out: Value | None = None
    ) -> Value:
        _check_column(index, shape, axis)
        result = self.empty(shape, x.dtype) if out is None else out
        ins = [x.broadcast(shape), index.broadcast(shape)]
        self.ops.append(Op("map", "onehot", result, ins, x.dtype))
        return result

    # --- products ---------------------------------------------------------------------------------

    def dot(self, x: Value, y: Value, out: Value | None = None) -> Value:
        if x.ndim not in (1, 2) or y.ndim not in (1, 2):
            raise UnsupportedError("a product of other than vectors and matrices")
        return self.matmul(x, y, out)

    def matmul(self, x: Value, y: Value, out: Value | None = None) -> Value:
        if x.dtype != y.dtype or x.dtype.kind != "f" or not x.ndim or not y.ndim:
            raise UnsupportedError("a product of these types")
        a = x.view(0, (1, *x.shape), (0, *x.strides)) if x.ndim == 1 else x
        b = y.view(0, (*y.shape, 1), (*y.strides, 0)) if y.ndim == 1 else y
        rows, cols = a.shape[-2], b.shape[-1]
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        shape = (*stack, rows, cols)
        if b.ndim == 2 and a.ndim > 2:
            flat = a.reshaped((math.prod(a.shape[:-1]), a.shape[-1]))
            if flat is None:
                flat = self.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))
            found = self._product(flat, b)
        else:
            found = self._product(a, b)
        if x.ndim == 1 or y.ndim == 1:
            shape = tuple(
                n
                for n, gone in zip(shape, (*(False,) * len(stack), x.ndim == 1, y.ndim == 1))
                if not gone
            )
        if found.shape != shape:
            maker = found.maker
            found = found.reshape(shape)
            found.maker = None if maker is None else maker
        return self.into(found, out)

    def _product(self, a: Value, b: Value) -> Value:
        """``a @ b`` of matrices, or stacks of them."""
        inner = a.shape[-1]
        if b.shape[-2] != inner or not inner:
            raise UnsupportedError("shapes that do not fit")
        a, b = self.real(a), self.real(b)
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        if inner == 1:
            return self._map("mul", a, b)
        if b.shape[-1] == 1:
            along = b.permuted((*range(b.ndim - 2), b.ndim - 1, b.ndim - 2))
            return self.sum(self._map("mul", a, along), -1, True)
        if a.shape[-2] == 1:
            along = a.permuted((*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))
            return self.sum(self._map("mul", along, b), -2, True)
        if not is_small(a, b):
            a, b = (v if suits(v) else self.copy(v, self.empty(v.shape, v.dtype)) for v in (a, b))
        out = self.empty((*stack, a.shape[-2], b.shape[-1]), a.dtype)
        ins = [v.broadcast((*stack, *v.shape[-2:])) for v in (a, b)]
        op = Op("product", "matmul", out, ins, a.dtype)
        self.ops.append(op)
        out.maker = op
        return out

    def linear(
        self, x: Value, weight: Value, bias: Value | None, out: Value | None = None
    ) -> Value:
        product = self.matmul(x, weight.T)
        return self.into(product, out) if bias is None else self._map("add", product, bias, out=out)


def _check_column(index: Value, shape: Shape, axis: int) -> None:
    """Whether there is one index for each row."""
    if (
        index.dtype.kind not in "iu"
        or len(shape) < 2
        or axis % len(shape) != len(shape) - 1
        or index.shape != (*shape[:-1], 1)
        or shape[-1] == 1
        or math.prod(shape[:-1]) == 1
    ):
        raise UnsupportedError("an index of this shape")


def _ufunc(name: str) -> Any:
    return getattr(np, UFUNCS[name])


def _kind(value: Any) -> Any:
    """What decides about types: an array's type, or a Python number."""
    return value.dtype if isinstance(value, Value) else value


def _types(name: str, kinds: tuple[Any, ...]) -> tuple[Any, Any]:
    """The type in which NumPy calculates, and that of its result."""
    samples = [np.ones(0, k) if isinstance(k, np.dtype) else k for k in kinds]
    try:
        result = _ufunc(name)(*samples).dtype
        given = np.result_type(*kinds)
    except (TypeError, OverflowError) as error:
        raise UnsupportedError(str(error)) from error
    return (given, result) if result == bool else (result, result)
