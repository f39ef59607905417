"""What a kernel's benchmark consists of, and the arrays it works on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpugrad.backend.primitives import Primitives

Array = Any
Call = Callable[[], Any]

COLUMNS = 1024
"""Of the matrices of kernels over rows, where there are so many elements."""

BLOCK = 2**16
"""Random numbers that are made on the host; larger arrays repeat them."""

LAUNCHES = "gpugrad.backend.launches"


@dataclass
class Case:
    """One kernel at one size, and what is measured beside it.

    Attributes:
        ours: calls the primitive that launches the kernel, or launches it.
        composed: calculates the same with one array function after another; the results are
            compared before anything is timed.
        arrays: what the kernel reads.
        torch: given PyTorch and its tensors over the memory of ``arrays``, the call that calculates
            the same; None where PyTorch has no such function.
        moved: the bytes that have to be read and written at least; by default those of ``arrays``
            and of the result.
    """

    ours: Call
    composed: Call
    arrays: list[Array]
    torch: Callable[..., Call] | None = None
    moved: int | None = None


@dataclass
class Work:
    """Where a case gets its arrays.

    Attributes:
        xp: the CUDA backend, with kernels.
        dtype: the type of the kernel.
        n: the number of elements of its largest operand.
    """

    xp: Any
    dtype: Any
    n: int
    plain: Any = field(init=False)

    def __post_init__(self) -> None:
        self.plain = without_kernels(self.xp)

    @property
    def cols(self) -> int:
        return min(self.n, COLUMNS)

    @property
    def rows(self) -> int:
        return self.n // self.cols

    @property
    def matrix(self) -> tuple[int, int]:
        """The shape of the operands of a kernel over rows."""
        return self.rows, self.cols

    @property
    def suffix(self) -> str:
        return str(self.dtype.name)

    def normal(self, seed: int, *shape: int) -> Array:
        """Normally distributed numbers; a vector of n elements unless a shape is given."""
        return self.tiled(np.random.default_rng(seed).standard_normal(BLOCK), shape or (self.n,))

    def uniform(self, seed: int, *shape: int) -> Array:
        """Numbers between 0.05 and 0.95."""
        return self.tiled(
            np.random.default_rng(seed).uniform(0.05, 0.95, BLOCK), shape or (self.n,)
        )

    def classes(self, seed: int, rows: int, cols: int) -> Array:
        """A class below ``cols`` for each row, as int64."""
        drawn = np.random.default_rng(seed).integers(0, cols, BLOCK)
        return self.tiled(drawn, (rows,), np.dtype(np.int64))

    def tiled(self, block: Array, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """An array of a shape filled with copies of a block of the host's."""
        dtype = self.dtype if dtype is None else dtype
        module, size = self.xp.module, math.prod(shape)
        made = module.empty((size,), dtype)
        source = module.asarray(block.astype(dtype))
        whole = size // BLOCK * BLOCK
        made[:whole].reshape(-1, BLOCK)[...] = source
        made[whole:] = source[: size - whole]
        return made.reshape(shape)

    def empty(self, *shape: int, dtype: str | None = None) -> Array:
        return self.xp.empty(shape, self.dtype if dtype is None else dtype)


def without_kernels(backend: Any) -> Any:
    """The same backend as if none of its primitives had a kernel.

    Every method that comes from the classes of launches is replaced by the one that it overrides.
    """
    order = type(backend).__mro__
    launching = [c for c in order if c.__module__.startswith(LAUNCHES)]
    former: dict[str, Any] = {}
    for name in {name for c in launching for name in vars(c)}:
        found = next((c for c in order if name in vars(c)), None)
        below = (c for c in order if c not in launching and issubclass(Primitives, c))
        if found in launching and not name.startswith("__"):
            method = next((vars(c)[name] for c in below if name in vars(c)), None)
            former |= {name: method} if method is not None else {}
    return type("Plain", (type(backend),), former)(backend.module, 1)


def arrays_of(result: Any) -> list[Array]:
    """The arrays of a result: one, several, or None."""
    if isinstance(result, (list, tuple)):
        return [a for part in result for a in arrays_of(part)]
    return [] if result is None else [result]


# --- the usual kinds ------------------------------------------------------------------------------

Maker = Callable[[Work], Case | None]
"""Makes a case, or None where the kernel does not serve operands of that size."""


def called(
    name: str,
    prepare: Callable[[Work], tuple[Any, ...]],
    torch: Callable[..., Any] | None = None,
    bind: Callable[..., Call] | None = None,
    changes: int | None = None,
    moved: Callable[..., int] | None = None,
) -> Callable[[Work], Case]:
    """A call of a primitive.

    Args:
        name: of the primitive; its composed form is the one that it overrides.
        prepare: makes the arguments. It is called for each side, so that a primitive which changes
            them finds the same.
        torch: of PyTorch and its tensors over the arrays among the arguments; called each time.
        bind: instead of ``torch``, where something has to be made first: gives what to call.
        changes: the number of the argument that the primitive changes, if it does so in place.
        moved: of the arguments, the bytes moved.
    """

    def make(work: Work) -> Case:
        args, theirs = prepare(work), prepare(work)
        ours, composed = getattr(work.xp, name), getattr(work.plain, name)
        return Case(
            lambda: _result(ours(*args), args, changes),
            lambda: _result(composed(*theirs), theirs, changes),
            [a for a in arrays_of(list(args)) if hasattr(a, "shape")],
            bind or (_bound(torch) if torch is not None else None),
            None if moved is None else moved(*args),
        )

    return make


def _result(returned: Any, args: tuple[Any, ...], changes: int | None) -> Any:
    return returned if changes is None else args[changes]


def primitive(
    name: str,
    torch: Callable[..., Any] | None,
    operands: int = 1,
    numbers: tuple[Any, ...] = (),
    over_rows: bool = False,
) -> Maker:
    """A primitive of arrays of one shape.

    Args:
        name, torch: as for :func:`called`.
        operands: how many arrays, between 0 and 1 so that they may be any function's results.
        numbers: after the arrays.
        over_rows: whether the arrays are matrices.
    """

    def prepare(work: Work) -> tuple[Any, ...]:
        shape = work.matrix if over_rows else (work.n,)
        return (*(work.uniform(seed, *shape) for seed in range(operands)), *numbers)

    return called(name, prepare, torch)


def _bound(function: Callable[..., Any]) -> Callable[..., Call]:
    def bind(torch: Any, *tensors: Any) -> Call:
        return lambda: function(torch, *tensors)

    return bind
