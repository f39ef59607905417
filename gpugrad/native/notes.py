"""The primitives over values without memory: what they would do is noted as ops.

Composed forms, inherited from the common base, take fused primitives and optimizer steps apart into
the few that are written here.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..backend.primitives import Primitives
from ..backend.step_scratch import compute_dtype
from ..backend.ufuncs import UFUNCS
from .functions import function
from .noted_indexing import NotedIndexing
from .noted_norms import NotedNorms
from .noted_products import NotedProducts
from .noted_reductions import NotedReductions
from .noted_windows import NotedWindows
from .values import Buffer, Op, Shape, UnsupportedError, Value


class _NoModule:
    """In the place of NumPy, which has no values without memory."""

    def __getattr__(self, name: str) -> Any:
        raise UnsupportedError(f"NumPy's {name}")


class Scratch:
    """As the optimizers' scratch, but every place has memory of its own: it becomes a register."""

    def __init__(self, notes: Notes, params: list[Value]) -> None:
        self.dtype = compute_dtype(params[0].dtype)
        self.kept: tuple[Any, list[Value]] = (None, [])
        self.first = [notes.empty(p.shape, self.dtype) for p in params]
        self.second = [notes.empty(p.shape, self.dtype) for p in params]
        self.wide = notes.empty((), "float64")
        self.scalars = [notes.empty((), self.dtype) for _ in range(3)]


class Notes(NotedIndexing, NotedWindows, NotedNorms, NotedReductions, NotedProducts, Primitives):
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
        if 0 in shape:
            if out is None:
                raise UnsupportedError("nothing")
            return out
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
        return self.note(
            "copy", [value], value.dtype, value.dtype, self.empty(value.shape, value.dtype)
        )

    def where(self, condition: Any, x: Any, y: Any, out: Value | None = None) -> Value:
        dtype = np.result_type(*(_kind(a) for a in (x, y)))
        ins = [self.operand(condition, "bool"), self.operand(x, dtype), self.operand(y, dtype)]
        return self.note("where", ins, dtype, dtype, out)

    def bitwise_not(self, x: Value, out: Value | None = None) -> Value:
        return self._map("logical_not" if x.dtype == bool else "bitwise_not", x, out=out)

    def erf(self, x: Value, out: Value | None = None) -> Value:
        return self.note("erf", [x], x.dtype, x.dtype, out)

    def copy(self, x: Any, out: Value | None = None) -> Value:
        value = self.operand(x, None if out is None else out.dtype)
        if out is None and value.number is not None:
            return value
        to = value.dtype if out is None else out.dtype
        return self.note("copy", [value], to, to, out)

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

    def _scalar(self, value: Any, dtype: Any) -> Value:
        return self.cast(self.operand(value, "float64"), dtype)

    def step_scratch(self, params: list[Value]) -> Any:
        return Scratch(self, params)


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
    return (given, result) if result.kind == "b" else (result, result)
