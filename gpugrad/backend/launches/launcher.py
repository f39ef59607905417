"""What all launches share: the kernels, and operands and results that a kernel may be given."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ..kernels import MOST_BLOCKS_TO_SUM, Kernels, blocks_for, blocks_for_rows, suffix_of
from ..primitives import Primitives, Shape
from ..step_scratch import Array, Arrays


class Launcher(Primitives):
    """Base of the classes that override composed primitives by launches; CuPy arrays only."""

    @cached_property
    def kernels(self) -> Kernels:
        """Our kernels, compiled when first used."""
        return Kernels(self.module)

    def launch_elementwise(
        self, name: str, operands: Arrays, numbers: tuple[float, ...], out: Array | None
    ) -> Array | None:
        """One launch over arrays of one shape and type; None where that does not apply."""
        first = operands[0]
        suffix = suffix_of(first.dtype)
        if suffix is None or not alike(operands):
            return None
        if not first.flags.c_contiguous and all(x.flags.f_contiguous for x in operands):
            # In the order of memory nothing has to be copied, and the result gets that order too.
            turned = [x.transpose() for x in operands]
            into = None if out is None else out.transpose()
            found = self.launch_elementwise(name, turned, numbers, into)
            assert found is not None, "transposing changes no type"
            return found.transpose() if out is None else out
        dense = [self.dense(x) for x in operands]
        result = self.result(first, dense, out)
        if n := int(first.size):
            kernel = self.kernels.get(name, suffix)
            kernel(blocks_for(n, first.itemsize), *dense, result, *numbers, n)
        return self.given(result, out)

    def launch_over_rows(
        self, name: str, operands: Arrays, axis: int, out: Array | None
    ) -> Array | None:
        """One launch along the last dimension; None where that does not apply."""
        first = operands[0]
        suffix = suffix_of(first.dtype)
        if suffix is None or axis not in (-1, first.ndim - 1) or not alike(operands):
            return None
        if first.ndim == 0:
            return None
        dense = [self.dense(x) for x in operands]
        result = self.result(first, dense, out)
        if first.size:
            cols = int(first.shape[-1])
            rows = int(first.size) // cols
            kernel = self.kernels.get(name, suffix)
            kernel(blocks_for_rows(rows, cols), *dense, result, rows, cols)
        return self.given(result, out)

    def dense(self, x: Array) -> Array:
        """``x``, or a contiguous copy: kernels know no strides."""
        return x if x.flags.c_contiguous else self.copy(x)

    def result(self, like: Array, operands: Arrays, out: Array | None) -> Array:
        """``out`` where a kernel may write to it, else a new array."""
        return self.result_of(like.shape, like.dtype, operands, out)

    def result_of(self, shape: Shape, dtype: Any, operands: Arrays, out: Array | None) -> Array:
        """:meth:`result` of a shape and dtype."""
        fits = (
            out is not None
            and out.shape == shape
            and out.dtype == dtype
            and out.flags.c_contiguous
            and not any(overlap(out, x) and not _same(out, x) for x in operands)
        )
        return out if fits else self.empty(shape, dtype)

    @cached_property
    def _counters(self) -> dict[tuple[int, int, int], Array]:
        return {}

    @contextlib.contextmanager
    def own_counters(self) -> Iterator[dict[Any, Array]]:
        """A context in which the zeros of :meth:`counter` are made anew; gives what is made."""
        before, self.__dict__["_counters"] = self._counters, {}
        try:
            yield self._counters
        finally:
            self.__dict__["_counters"] = before

    def counter(self, count: int = 1) -> Array:
        """At least ``count`` zeros with which blocks count themselves, for the current stream.

        Kernels on one stream run one after the other, so they can share them. There is one for
        each tile of columns; most kernels want only the first. The default stream of a thread has
        the same number in every thread, so each thread has its own.
        """
        cuda = self.module.cuda
        stream = cuda.get_current_stream().ptr
        key = (cuda.runtime.getDevice(), stream, threading.get_ident())
        found = self._counters.get(key)
        if found is None or found.size < count:
            size = max(MOST_BLOCKS_TO_SUM, count)
            found = self._counters[key] = self.zeros((size,), "uint32")
        return found

    def given(self, result: Array, out: Array | None) -> Array:
        """A result of :meth:`result`, stored in ``out`` if one was given."""
        return result if result is out else self.into(result, out)


def alike(operands: Arrays) -> bool:
    """Whether all have the shape and dtype of the first."""
    first = operands[0]
    return all(x.shape == first.shape and x.dtype == first.dtype for x in operands[1:])


def overlap(out: Array, x: Array) -> bool:
    """Whether two contiguous arrays share memory."""
    start, other = out.data.ptr, x.data.ptr
    return bool(start < other + x.nbytes and other < start + out.nbytes)


def _same(out: Array, x: Array) -> bool:
    """Whether two contiguous arrays are the same memory: read first, by whoever writes there."""
    return bool(out.data.ptr == x.data.ptr and out.shape == x.shape and out.dtype == x.dtype)
