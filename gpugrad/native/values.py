"""Arrays without memory: what a program for the C compiler is written down with.

A :class:`Value` has the shape and type of an array and lies in a :class:`Buffer`, of which only the
program knows whether it becomes memory or a register. An :class:`Op` computes one value.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]

C_TYPES = {
    "float32": "float",
    "float64": "double",
    "int64": "int64_t",
    "int32": "int32_t",
    "int16": "int16_t",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "bool": "uint8_t",
}
"""The types that generated code knows, and C's names for them."""


class UnsupportedError(Exception):
    """Something that generated code does not do: NumPy does it."""


class _Noting(threading.local):
    notes: Any = None


NOTING = _Noting()
"""Where this thread notes what operators between values compute: optimizers' numbers, as a rule."""


def _operator(name: str, turned: bool = False) -> Callable[[Any, Any], Any]:
    def operator(self: Value, other: Any) -> Any:
        if NOTING.notes is None:
            raise UnsupportedError("an operator")
        return NOTING.notes._map(name, *((other, self) if turned else (self, other)))

    return operator


@dataclass(eq=False)
class Buffer:
    """A piece of memory.

    Attributes:
        root: what it is outside of the program; None for what the program makes for itself.
        nbytes: how long it is.
    """

    root: Any = None
    nbytes: int = 0


class Value:
    """An array in a program.

    Attributes:
        buffer: where it lies; None for a number that stands for all elements, ``number``.
        offset: of the first element in the buffer, in bytes.
        strides: in bytes.
        maker: the op that computes it, as long as no other value is a part of it.
    """

    __slots__ = ("buffer", "dtype", "maker", "number", "offset", "shape", "strides")

    def __init__(
        self,
        buffer: Buffer | None,
        shape: Shape,
        dtype: Any,
        offset: int = 0,
        strides: Shape | None = None,
        number: Any = None,
    ) -> None:
        self.buffer = buffer
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        if self.dtype.name not in C_TYPES:
            raise UnsupportedError(f"arrays of {self.dtype}")
        self.offset = offset
        self.strides = row_major(self.shape, self.dtype.itemsize) if strides is None else strides
        self.number = number
        self.maker: Op | None = None

    __add__, __radd__ = _operator("add"), _operator("add", True)
    __sub__, __rsub__ = _operator("sub"), _operator("sub", True)
    __mul__, __rmul__ = _operator("mul"), _operator("mul", True)
    __truediv__, __rtruediv__ = _operator("div"), _operator("div", True)
    __pow__, __rpow__ = _operator("pow"), _operator("pow", True)
    __gt__ = _operator("gt")

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def T(self) -> Value:  # NumPy's name
        return self.permuted(tuple(reversed(range(self.ndim))))

    def view(self, offset: int, shape: Shape, strides: Shape) -> Value:
        """Another view of the same memory, so many bytes after the first element."""
        self.maker = None
        return Value(self.buffer, shape, self.dtype, self.offset + offset, strides, self.number)

    def permuted(self, axes: Sequence[int]) -> Value:
        return self.view(
            0, tuple(self.shape[a] for a in axes), tuple(self.strides[a] for a in axes)
        )

    def broadcast(self, shape: Shape) -> Value:
        """The value repeated to a shape."""
        lead = len(shape) - self.ndim
        if lead < 0 or any(n not in (1, m) for n, m in zip(self.shape, shape[lead:], strict=True)):
            raise UnsupportedError("shapes that do not fit")
        own = tuple(
            0 if n != m else s
            for n, m, s in zip(self.shape, shape[lead:], self.strides, strict=True)
        )
        return self.view(0, shape, (0,) * lead + own)

    def reshaped(self, shape: Shape) -> Value | None:
        """A view of another shape; None where that takes a copy."""
        if -1 in shape:
            known = -math.prod(shape)
            shape = tuple(self.size // max(known, 1) if n == -1 else n for n in shape)
        if math.prod(shape) != self.size:
            raise UnsupportedError("shapes that do not fit")
        if self.number is not None:
            return self.view(0, shape, (0,) * len(shape))
        # Elements of which the address grows evenly may be cut anywhere else.
        runs: list[list[int]] = []  # size and stride of each, from the last
        for n, s in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if n == 1:
                continue
            if runs and s == runs[-1][0] * runs[-1][1]:
                runs[-1][0] *= n
            else:
                runs.append([n, s])
        strides = []
        place, used = 0, 1
        for n in reversed(shape):
            if n == 1 or self.size == 0:
                strides.append(self.dtype.itemsize)
                continue
            if place < len(runs) and used == runs[place][0]:
                place, used = place + 1, 1
            size, stride = runs[place]
            if size % (used * n):
                return None
            strides.append(stride * used)
            used *= n
        return self.view(0, shape, tuple(reversed(strides)))

    def __getattr__(self, name: str) -> Any:
        raise UnsupportedError(f"an array's {name}")

    def reshape(self, *shape: Any) -> Value:
        """As an array's method; raises where that takes a copy."""
        found = self.reshaped(shape[0] if type(shape[0]) is tuple else shape)
        if found is None:
            raise UnsupportedError("a reshape that copies")
        return found

    def __getitem__(self, index: Any) -> Value:
        """A view, for an index that gives one."""
        if self.size == 0:
            raise UnsupportedError("a part of nothing")
        items = index if type(index) is tuple else (index,)
        if any(not (i is None or i is Ellipsis or isinstance(i, (int, slice))) for i in items):
            raise UnsupportedError("an index of arrays")
        if Ellipsis not in items:
            items = (*items, Ellipsis)
        like = np.lib.stride_tricks.as_strided(np.empty((), self.dtype), self.shape, self.strides)
        found = like[items]  # addresses are all that is looked at
        start = found.__array_interface__["data"][0] - like.__array_interface__["data"][0]
        return self.view(start if found.size else 0, found.shape, found.strides)


def row_major(shape: Shape, itemsize: int) -> Shape:
    """The strides of contiguous elements."""
    strides = []
    for n in reversed(shape):
        strides.append(itemsize)
        itemsize *= max(n, 1)
    return tuple(reversed(strides))


def contiguous(value: Value) -> bool:
    """Whether the elements follow one another in row-major order."""
    expected = value.dtype.itemsize
    for n, s in zip(reversed(value.shape), reversed(value.strides), strict=True):
        if n != 1 and s != expected:
            return False
        expected *= n
    return True


@dataclass(eq=False)
class Op:
    """One computation.

    Attributes:
        kind: ``map``, element by element; ``reduce``, over some dimensions of the first input;
            ``product``, of two matrices or stacks of them; ``indexed``, of rows that integers name;
            ``window``, of the elements of windows.
        name: which function.
        out: the result. For ``reduce`` it has the input's shape, with stride 0 where it is reduced.
        ins: the operands; of ``map`` and ``reduce`` in the shape that is gone through.
        dtype: the type in which a ``map`` calculates.
        place: the line of the step that it belongs to, for error messages.
        options: what is particular to some functions.
    """

    kind: str
    name: str
    out: Value
    ins: list[Value]
    dtype: Any
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """The elements that are gone through."""
        return self.out.shape
