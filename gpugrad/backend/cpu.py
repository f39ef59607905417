"""The primitives over NumPy, with NumPy's fastest spelling for the small arrays of toy models."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..device import CPU as CPU_DEVICE
from ..device import device as Device
from ..native import along, casts, pointwise, rows
from ..native.product_threads import dot
from . import cpu_blocks
from .add_at import add_at, rows_picked, sum_rows
from .blocking import in_blocks
from .composed_pointwise import NOTED_IN_PARTS
from .cpu_activations import HostActivations
from .cpu_functions import HostFunctions
from .cpu_losses import HostLosses, goes_to_c
from .cpu_reductions import HostReductions
from .cpu_rows import HostRows
from .half_types import through_single
from .host_memory import keep_freed_memory
from .parts import (
    HostAttention,
    HostCells,
    HostConvolution,
    HostNorms,
    HostPools,
    HostRecurrence,
    LargeSteps,
)
from .primitives import Array, Primitives, Shape
from .small_arrays import ONES, is_narrow

MATERIALISE_BELOW = 4096
"""Up to this size, writing a broadcast out is quicker than reading it with zero strides."""

_WHOLE = slice(None)

_NOTHING_TO_SWITCH: AbstractContextManager[Any] = nullcontext()


class CPU(
    HostActivations,
    HostLosses,
    HostAttention,
    HostCells,
    HostConvolution,
    HostFunctions,
    HostNorms,
    HostPools,
    HostRecurrence,
    HostReductions,
    HostRows,
    LargeSteps,
    Primitives,
):
    """NumPy's implementation of the waist."""

    device_type = "cpu"
    noted_in_parts = NOTED_IN_PARTS

    def __init__(self) -> None:
        super().__init__(np)
        keep_freed_memory()
        self.dot = np.ndarray.dot

    def device(self, x: Array) -> Device:
        return CPU_DEVICE

    def on(self, where: Device) -> AbstractContextManager[Any]:
        return _NOTHING_TO_SWITCH

    def address(self, x: Array) -> int:
        return int(x.__array_interface__["data"][0])

    def memory(self, x: Array) -> tuple[Any, int, int]:
        base = x.base
        while base is not None:
            if type(base) is np.ndarray:
                x = base
            base = getattr(base, "base", None)  # between stands what as_strided makes
        return x, self.address(x), x.nbytes

    def view_of(
        self, memory: Array, offset: int, shape: Shape, strides: Shape, dtype: Any
    ) -> Array:
        return np.ndarray(shape, dtype, memory, offset, strides)

    def strided(self, x: Array, start: int, shape: Shape, strides: Shape) -> Array:
        memory, begin, _ = self.memory(x)
        return np.ndarray(shape, x.dtype, memory, self.address(x) - begin + start, strides)

    def lowered(
        self, name: str, args: list[Any], kwargs: dict[str, Any], out: Any
    ) -> list[Any] | None:
        from .lowering import RULES  # which only recorded programs need

        rule = RULES.get(name)
        if rule is None or type(out) is tuple or goes_to_c(name, args):
            return None
        return rule(*args, **kwargs, out=out)

    def rewritten(
        self, steps: Sequence[Any], kept: Collection[Any], inputs: Sequence[Array] = ()
    ) -> Sequence[Any]:
        from ..native import toolchain  # which is above this module, and needed by few programs

        if not toolchain.available():
            return steps
        from ..native.translation import translated

        return translated(self, steps, kept, inputs)

    def in_blocks(self, calls: list[Any], is_own: Callable[[Array], bool]) -> list[Any]:
        return in_blocks(calls, is_own)

    def executor(self, calls: list[Any]) -> Callable[[], None]:
        if len(calls) == 1 and hasattr(calls[0][0], "repeated"):
            found: Callable[[], None] = calls[0][0].repeated(calls[0][1])
            return found
        return super().executor(calls)

    def to_host(self, x: Array) -> Array:
        return np.asarray(x)

    def from_host(self, x: Array, where: Device) -> Array:
        return x

    def getitem(self, x: Array, index: Any) -> Array:
        # Of whole rows, or columns, take makes a copy four times as fast.
        if type(index) is tuple and index and x.ndim > 1:
            if type(index[0]) is np.ndarray:
                rows = rows_picked(x, index)
                if rows is not None:
                    return x.take(rows, 0)
            elif type(index[0]) is slice and index[0] == _WHOLE:
                axis = _only_axis(index)
                if axis:
                    return x.take(index[axis], axis)
        return x[index]

    def index_add(self, x: Array, index: Any, value: Array) -> Array:
        return add_at(x, index, value)

    def embedding(self, weight: Array, index: Array, out: Array | None = None) -> Array:
        return weight.take(index, 0, out)

    def embedding_grad(
        self,
        grad: Array,
        index: Array,
        rows: int,
        padding: int,
        by_frequency: bool,
        out: Array | None = None,
    ) -> Array:
        out = self.zeros((rows, grad.shape[-1]), grad.dtype, out)
        flat = index.reshape(-1)
        sum_rows(grad.reshape(flat.size, grad.shape[-1]), flat, out)
        if by_frequency:
            counts = np.maximum(np.bincount(flat, minlength=rows), 1)
            np.divide(out, counts.reshape(-1, 1).astype(out.dtype), out=out)
        if padding >= 0:
            out[padding] = 0
        return out

    def cumsum(self, x: Array, axis: int, dtype: Any = None, out: Array | None = None) -> Array:
        if x.size >= along.LARGE and dtype is None:
            found = along.running("cumsum", x, axis)
            if found is not None:
                return self.into(found, out)
        kind = x.dtype if dtype is None else np.dtype(dtype)
        if is_narrow(kind):
            return self.into(np.cumsum(x, axis, np.float32).astype(kind), out)
        return np.cumsum(x, axis, dtype, out)

    def cumsum_backward(self, x: Array, axis: int, out: Array | None = None) -> Array:
        if x.size >= along.LARGE:
            found = along.running("cumsum", x, axis, True)
            if found is not None:
                return self.into(found, out)
        return super().cumsum_backward(x, axis, out)

    def cumprod(self, x: Array, axis: int, dtype: Any = None, out: Array | None = None) -> Array:
        if x.size >= along.LARGE and dtype is None:
            found = along.running("cumprod", x, axis)
            if found is not None:
                return self.into(found, out)
        return np.cumprod(x, axis, dtype, out)

    def take_along_axis(self, x: Array, index: Array, axis: int, out: Array | None = None) -> Array:
        if x.size >= along.LARGE:
            found = along.take(x, index, axis)
            if found is not None:
                return self.into(found, out)
        return super().take_along_axis(x, index, axis, out)

    def scatter_along_axis(
        self, x: Array, index: Array, axis: int, shape: Shape, out: Array | None = None
    ) -> Array:
        if x.size >= along.LARGE:
            found = along.put(x, index, axis, shape)
            if found is not None:
                return self.into(found, out)
        return super().scatter_along_axis(x, index, axis, shape, out)

    def triangle(self, x: Array, diagonal: int, below: bool, out: Array | None = None) -> Array:
        if x.size >= along.LARGE:
            found = along.triangle(x, diagonal, below)
            if found is not None:
                return self.into(found, out)
        return super().triangle(x, diagonal, below, out)

    def ones_like(self, x: Array, out: Array | None = None) -> Array:
        if x.ndim == 0 and out is None:  # the first gradient: np.full takes six times as long
            return ONES[x.dtype].copy()
        return super().ones_like(x, out)

    def broadcast_to(self, x: Array, shape: Shape) -> Array:
        if math.prod(shape) <= MATERIALISE_BELOW:
            out = np.empty(shape, x.dtype)
            out[...] = x
            return out
        return np.broadcast_to(x, shape)

    def matmul(self, x: Array, y: Array, out: Array | None = None) -> Array:
        # ndarray.dot reaches BLAS with a third of matmul's overhead, and means the same here.
        if x.ndim <= 2 and y.ndim <= 2:
            return dot(x, y, out)
        if y.ndim == 2 and (out is None or out.flags.c_contiguous):
            # One product of all rows, not one for each matrix of the stack.
            *stack, inner = x.shape
            rows = math.prod(stack)
            flat = None if out is None else out.reshape(rows, y.shape[1])
            product = dot(x.reshape(rows, inner), y, flat)
            return product.reshape(*stack, y.shape[1]) if out is None else out
        product = np.matmul(x, y, out=out)
        return product if product.dtype == x.dtype else product.astype(x.dtype)  # bfloat16

    def linear(
        self, x: Array, weight: Array, bias: Array | None, out: Array | None = None
    ) -> Array:
        if bias is None:
            return self.matmul(x, weight.T, out)
        if bias.itemsize == 2 and is_narrow(bias.dtype):
            return through_single(self.linear, x, weight, bias, out=out)
        out = self.matmul(x, weight.T, out)
        if out.size >= rows.WIDE and rows.add_row(out, bias, out) is not None:
            return out
        return np.add(out, bias, out=out)

    def where(self, condition: Array, x: Array, y: Array, out: Array | None = None) -> Array:
        if condition.__class__ is np.ndarray and condition.size >= pointwise.MASKED:
            found = pointwise.where(condition, x, y, out)
            if found is not None:
                return found
        return super().where(condition, x, y, out)

    def cast(self, x: Array, dtype: Any, out: Array | None = None) -> Array:
        if out is None and x.size >= casts.LARGE:
            found = casts.cast(x, dtype)
            if found is not None:
                return found
        return super().cast(x, dtype, out)

    def copy(self, x: Array, out: Array | None = None) -> Array:
        if out is None and cpu_blocks.is_transposed(x):
            return cpu_blocks.transposed_copy(x)
        return super().copy(x, out)


def _only_axis(index: tuple[Any, ...]) -> int:
    """Where an index has its only array, one of integers behind whole dimensions; else 0."""
    last = len(index) - (2 if index[-1] is ... else 1)
    only = index[last]
    if type(only) is not np.ndarray or only.dtype.kind != "i":
        return 0
    return last if all(type(i) is slice and i == _WHOLE for i in index[:last]) else 0
