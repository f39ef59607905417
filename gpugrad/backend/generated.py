"""Expressions of the user's own as a primitive: computed by other primitives, or by a kernel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

Array = Any

_FLOAT32, _FLOAT64 = np.dtype("float32"), np.dtype("float64")


class Program(Protocol):
    """What the primitive must know of some expressions of arrays and numbers.

    Attributes:
        name: of the kernel; the names of its entry points are this and the type.
        count: the number of results.
        arrays: which of the arrays are read, by position.
        numbers: which of the numbers are read, by position.
    """

    name: str
    count: int
    arrays: tuple[int, ...]
    numbers: tuple[int, ...]

    def compute(
        self, xp: Any, operands: Sequence[Array], dtype: Any, shape: tuple[int, ...]
    ) -> list[Array]:
        """The results by the primitives ``xp``, from what is read, all of type ``dtype``."""

    def source(self, single: Collection[int] = ()) -> str:
        """The kernel; ``single``: which of the arrays that are read have but one element."""


class Generated:
    """The primitive in composed form."""

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def generated(
        self,
        *arrays: Array,
        program: Program,
        numbers: Sequence[float] = (),
        out: tuple[Array, ...] | None = None,
    ) -> tuple[Array, ...]:
        """The results of a program, element by element.

        Args:
            arrays: of one floating-point type; they broadcast. 16-bit types compute in float32.
            program: what to compute.
            numbers: what the program takes by value.
            out: arrays for the results.

        Returns:
            For each result a new array of the type of ``arrays``, or the one given for it.

        Raises:
            ValueError: the shapes do not broadcast.
        """
        dtype = arrays[0].dtype
        wide = dtype if dtype == _FLOAT64 else _FLOAT32
        shape = common_shape(arrays)
        read = [arrays[i] for i in program.arrays]
        if dtype != wide:
            read = [self.cast(a, wide) for a in read]
        read += [self.full((), float(numbers[i]), wide) for i in program.numbers]
        with np.errstate(all="ignore"):  # as kernels do; and what a choice leaves out is computed
            results = program.compute(self, read, wide, shape)
        if out is not None:
            return tuple(self.copy(r, out=o) for r, o in zip(results, out, strict=True))
        taken, made = read, []
        for result in map(self.asarray, results):
            # Nobody else may hold what is handed out: an operand does, or another result.
            if result.shape == shape and result.dtype == dtype and not _among(result, taken):
                made.append(result)
            else:
                made.append(self.copy(result, out=self.empty(shape, dtype)))
            taken = [*taken, result]
        return tuple(made)


def common_shape(arrays: Sequence[Array]) -> tuple[int, ...]:
    """The shape to which arrays broadcast. Raises ValueError if they do not."""
    shape: tuple[int, ...] = arrays[0].shape
    if all(a.shape == shape for a in arrays):
        return shape
    return np.broadcast_shapes(*(a.shape for a in arrays))


def _among(array: Array, others: Sequence[Array]) -> bool:
    return any(array is other for other in others)
