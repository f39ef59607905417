"""What capture needs of a CUDA device: where memory is, graphs, and products without CuPy."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

import numpy as np

from .cublas import DATA_TYPES, Cublas, matrices_of
from .cuda_graph import GraphExecutor, Turns
from .fusion import rewritten
from .launches import LISTS, Launches
from .noted_steps import Root, Step
from .primitives import Array, Shape

PRODUCTS = ("matmul", "dot", "linear")


class Capturable(Launches):
    """Base of the CUDA backend."""

    copies_inputs = True

    def memory(self, x: Array) -> tuple[Any, int, int]:
        memory = x.data.mem
        return memory, int(memory.ptr), int(memory.size)

    def view_of(
        self, memory: Array, offset: int, shape: Shape, strides: Shape, dtype: Any
    ) -> Array:
        return self.module.ndarray(shape, dtype, memory.data + offset, strides)

    def rewritten(
        self, steps: Sequence[Step], kept: Collection[Root], inputs: Sequence[Array] = ()
    ) -> Sequence[Step]:
        return rewritten(steps, kept, self)

    def executor(self, calls: list[Any]) -> Callable[[], None]:
        return GraphExecutor(self, calls, functools.partial(self._on_device_of, calls))

    def _on_device_of(self, value: Any) -> AbstractContextManager[Any]:
        """A context in which the device of the first array in nested lists is the current one."""
        array = next(self._arrays_in(value), None)
        return nullcontext() if array is None else self.on(self.device(array))

    def _arrays_in(self, value: Any) -> Iterator[Array]:
        if isinstance(value, self.module.ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from self._arrays_in(item)

    @cached_property
    def graph_turns(self) -> Turns:
        return Turns()

    def lowered(
        self, name: str, args: list[Any], kwargs: dict[str, Any], out: Any
    ) -> list[Any] | None:
        with self._on_device_of([args, out]):
            return self._simpler(name, args, kwargs, out)

    def _simpler(
        self, name: str, args: list[Any], kwargs: dict[str, Any], out: Any
    ) -> list[Any] | None:
        # CuPy's way to cuBLAS is closed while a graph is captured, and so are copies of tables.
        if name in LISTS or name.endswith("_step"):
            return self.with_own_tables(name, args, kwargs, out)
        if name == "reshape" and out is not None and out.flags.c_contiguous:
            return [(self.copy, [args[0], out.reshape(args[0].shape)])]  # not twice
        if name not in PRODUCTS or kwargs:
            return None
        x, y, *rest = args
        bias = rest[0] if rest else None
        return self._gemm(x, y.T if name == "linear" else y, out, bias)

    def _gemm(self, x: Array, y: Array, out: Array, bias: Array | None) -> list[Any] | None:
        if x.dtype.name not in DATA_TYPES or x.dtype != y.dtype or not out.flags.c_contiguous:
            return None
        left = x[None] if x.ndim == 1 else x
        right = y[:, None] if y.ndim == 1 else y
        if left.ndim > 2 and right.ndim == 2 and left.flags.c_contiguous:
            left = left.reshape(-1, left.shape[-1])  # one product of many rows
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        calls: list[Any] = []
        operands = []
        for matrix in (left, right):
            if batch and matrix.shape[:-2] != batch:
                matrix = self.module.broadcast_to(matrix, (*batch, *matrix.shape[-2:]))
            if matrices_of(matrix) is None:
                dense = self.empty(matrix.shape, matrix.dtype)
                calls.append((self.copy, [matrix, dense]))
                matrix = dense
            operands.append(matrix)
        left, right = operands
        target = out.reshape(*batch, left.shape[-2], right.shape[-1])
        calls.append((self._cublas(out.data.device_id).product, [left, right, target]))
        return calls if bias is None else [*calls, (self.add, [out, bias, out])]

    def _product_in_graph(self, x: Array, y: Array, out: Array | None) -> Array | None:
        """``x @ y`` without CuPy's cuBLAS, for primitives that are composed of others.

        None for types that cuBLAS does not have, of which CuPy computes products by itself.
        """
        batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        shape = (*batch, *x.shape[-2:-1], *(y.shape[-1:] if y.ndim > 1 else ()))
        target = out
        if target is None or not target.flags.c_contiguous:
            target = self.empty(shape, x.dtype)
        calls = self._gemm(x, y, target, None)
        if calls is None:
            return None
        for function, args in calls:
            function(*args)
        return target if out is None or out is target else self.copy(target, out)

    @cached_property
    def _cublas_handles(self) -> dict[int, Cublas]:
        return {}

    def _cublas(self, device: int) -> Cublas:
        found = self._cublas_handles.get(device)
        if found is None:
            with self.module.cuda.Device(device):
                found = self._cublas_handles[device] = Cublas(self.module)
        return found
