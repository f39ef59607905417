"""Memory for the intermediate results of optimizer steps."""

from __future__ import annotations

from functools import cached_property
from typing import Any

Array = Any
Arrays = list[Any]


LARGE = 2048
"""From so many elements of a parameter on, a step is worth a call of C code for the whole list."""

MANY = 32
"""So many parameters of any size are as well."""


def compute_dtype(dtype: Any) -> str:
    """The dtype in which a step calculates: the parameter's, but float32 for 16-bit types."""
    return str(dtype.name) if dtype.itemsize > 2 else "float32"


class Scratch:
    """Memory for the intermediate results of a step, made once and used in every step.

    All parameters share one stretch of memory as long as the largest of them: it stays in the
    cache while the list is worked through. ``first`` and ``second`` are lists of views into two
    such stretches, one view of every parameter's shape.

    Attributes:
        dtype: the type in which the step calculates.
        kept: hyperparameters and the operands made of them.
        in_bulk: whether the list is long enough, or a parameter large enough, for C code.
    """

    def __init__(self, backend: Any, params: Arrays) -> None:
        self._backend = backend
        self._shapes = [(p.size, p.shape) for p in params]
        self.dtype = compute_dtype(params[0].dtype)
        self.kept: tuple[Any, Arrays] = (None, [])
        self.in_bulk = len(params) >= MANY or any(size >= LARGE for size, _ in self._shapes)

    def _views(self) -> Arrays:
        memory = self._backend.empty((max(size for size, _ in self._shapes),), self.dtype)
        return [memory[:size].reshape(shape) for size, shape in self._shapes]

    @cached_property
    def first(self) -> Arrays:
        return self._views()

    @cached_property
    def second(self) -> Arrays:
        return self._views()

    @cached_property
    def wide(self) -> Array:
        """A 0-d float64, for scalars of which the last bits count."""
        return self._backend.empty((), "float64")

    @cached_property
    def scalars(self) -> Arrays:
        """Three 0-d arrays of the dtype in which the step calculates."""
        return [self._backend.empty((), self.dtype) for _ in range(3)]
