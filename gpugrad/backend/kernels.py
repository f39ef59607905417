"""Our CUDA kernels: compiled when first used, their handles kept, their arguments checked.

A kernel reads and writes raw memory: it knows neither strides nor types, and a wrong argument gives
wrong numbers or takes the process down. So every launch checks its arguments against the
declaration in the source first.

>>> from gpugrad.backend.kernels import blocks_for
>>> blocks_for(10_000, 4)
10
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from . import kernel_source
from .kernel_source import ADDRESSES, THREADS, WARP_COLUMNS, Entry, Parameter

Array = Any

OPTIONS = ("-std=c++17",)
"""The compiler's options."""

MOST_BLOCKS = 2**31 - 1
"""The hardware's limit; what is left over after so many blocks, the kernels do in turns."""

PACK_BYTES = 16
"""What a thread loads or stores at once."""

FULL_GPU = 1024
"""Blocks that keep the largest GPUs busy; from twice as many on, each does twice the work."""

PACKS_TO_SUM = 8
"""How many packs a thread adds up, at least, before threads add up theirs."""

MOST_PARTIAL_SUMS = 1024
"""How many sums the last block of a sum over everything adds up, at most."""

WARPS = THREADS // 32

ROWS_OF_THREAD = 4
"""How many rows a thread of a kernel over columns goes down, at least, where there are as many."""

MOST_SLICES = 384
"""How many sums the last block of a tile of columns adds up, at most."""

MOST_BLOCKS_TO_SUM = 1024
"""How many blocks all tiles together have at most, as long as there are so few tiles."""


class ColumnGrid(NamedTuple):
    """How a kernel over columns divides a matrix; see ``columns.cuh``.

    Attributes:
        lanes: threads side by side.
        slices: blocks of a tile, which share its rows.
        tiles: beside one another.
    """

    lanes: int
    slices: int
    tiles: int

    @property
    def blocks(self) -> int:
        """The blocks of the launch."""
        return self.slices * self.tiles


def blocks_for(n: int, itemsize: int) -> int:
    """The blocks for an elementwise kernel: a pack for every thread, or two if there are many.

    A thread that moves two has both on their way at once. At least one block.
    """
    per_block = THREADS * PACK_BYTES // itemsize
    if n > 2 * FULL_GPU * per_block:
        per_block *= 2
    return max(1, min((n + per_block - 1) // per_block, MOST_BLOCKS))


def blocks_for_rows(rows: int, cols: int) -> int:
    """The blocks for a kernel over rows: a warp for every row, or a block if rows are long."""
    blocks = (rows + WARPS - 1) // WARPS if cols <= WARP_COLUMNS else rows
    return max(1, min(blocks, MOST_BLOCKS))


def blocks_for_sum(n: int, itemsize: int) -> int:
    """The blocks for a sum of everything. Depends on nothing else, so that the sum does not."""
    per_block = THREADS * PACKS_TO_SUM * PACK_BYTES // itemsize
    return max(1, min((n + per_block - 1) // per_block, MOST_PARTIAL_SUMS))


def columns_grid(rows: int, cols: int, itemsize: int, sums: bool) -> ColumnGrid:
    """The launch of a kernel over columns. Depends on nothing else, so that sums do not.

    Args:
        rows, cols: of the matrix; at least one column.
        itemsize: of its elements.
        sums: whether the kernel adds up columns; more slices are more sums to add up at last.

    >>> columns_grid(1000, 100, 4, True)
    ColumnGrid(lanes=25, slices=25, tiles=1)
    """
    width = PACK_BYTES // itemsize
    packs = (cols + width - 1) // width
    lanes = 32
    while lanes < THREADS and 2 * lanes * rows <= THREADS:
        lanes *= 2  # a few rows leave nothing to do for more lines of threads
    tiles = (packs + lanes - 1) // lanes
    lanes = (packs + tiles - 1) // tiles  # tiles of about the same width
    rows_of_block = THREADS // lanes * ROWS_OF_THREAD
    slices = max(1, (rows + rows_of_block - 1) // rows_of_block)
    if sums:
        slices = min(slices, MOST_SLICES, max(1, MOST_BLOCKS_TO_SUM // tiles))
    return ColumnGrid(lanes, min(slices, MOST_BLOCKS // tiles), tiles)


@functools.cache
def suffix_of(dtype: Any) -> str | None:
    """The kernels' name of a NumPy dtype; None if there are no kernels for it."""
    name = str(dtype.name)
    return name if name in kernel_source.SUFFIXES else None


class ByValue:
    """Addresses that a kernel gets as an argument, instead of their address.

    They may be changed as soon as the kernel has been launched.

    Args:
        wrap: what makes of a NumPy array an argument that CuPy copies; None without CuPy.
    """

    __slots__ = ("array", "wrapped")

    def __init__(self, wrap: Callable[[Any], Any] | None = None) -> None:
        self.array = np.zeros(ADDRESSES, np.int64)
        self.wrapped = None if wrap is None else wrap(self.array)


class Kernel:
    """One entry point for one type, ready to be launched.

    Args:
        module: CuPy.
        function: its handle of the entry point.
        entry: the declaration.
        suffix: the type's name.
    """

    __slots__ = ("_by_value", "_current_device", "_entry", "_function", "_rules", "_suffix")

    def __init__(self, module: Any, function: Any, entry: Entry, suffix: str) -> None:
        self._current_device = module.cuda.runtime.getDevice
        self._function = function
        self._entry = entry
        self._suffix = suffix
        self._rules = _rules(entry, suffix)
        kinds = [p.type for p in entry.parameters]
        self._by_value = kinds.index("Addresses") if "Addresses" in kinds else None

    def __call__(self, blocks: int, *args: Any) -> None:
        """Launch with so many blocks on the current stream.

        Raises:
            TypeError, ValueError: see :func:`check_arguments`.
        """
        _check(self._entry, self._suffix, self._rules, args, self._current_device())
        place = self._by_value
        if place is not None:
            args = (*args[:place], args[place].wrapped, *args[place + 1 :])
        self._function((blocks,), (THREADS,), args)


class Kernels:
    """All kernels over CuPy; a source is compiled when one of its kernels is first asked for.

    Args:
        module: CuPy.
    """

    def __init__(self, module: Any) -> None:
        self._array_module = module
        self._modules: dict[str, Any] = {}
        self._found: dict[tuple[str, str], Kernel] = {}

    def get(self, name: str, suffix: str) -> Kernel:
        """The kernel ``name`` for arrays of the type ``suffix``.

        Raises:
            KeyError: there is none.
        """
        found = self._found.get((name, suffix))
        if found is None:
            found = self._found[name, suffix] = self._make(name, suffix)
        return found

    def _make(self, name: str, suffix: str) -> Kernel:
        entry = kernel_source.entries().get(name)
        if entry is None or suffix not in kernel_source.SUFFIXES:
            raise KeyError(f"no kernel {name!r} for {suffix}")
        compiled = self._modules.get(entry.stem)
        if compiled is None:
            compiled = self._array_module.RawModule(
                code=kernel_source.source(entry.stem), options=OPTIONS
            )
            self._modules[entry.stem] = compiled
        # CuPy makes a new handle at each call, which loads the code anew.
        function = compiled.get_function(f"{name}_{suffix}")
        return Kernel(self._array_module, function, entry, suffix)


def check_arguments(
    entry: Entry, suffix: str, args: Sequence[Any], device: int | None = None
) -> None:
    """Refuse arguments that a kernel would misread.

    Args:
        entry: the kernel's declaration.
        suffix: the type that it is for.
        args: arrays and Python numbers, in order.
        device: the index of the device on which the kernel will run; None for host arrays.

    Raises:
        TypeError: their number, an array's dtype or a number's type is wrong.
        ValueError: an array is not contiguous, or is on another device.
    """
    _check(entry, suffix, _rules(entry, suffix), args, device)


Rules = tuple[tuple[Parameter, Any], ...]
"""For each parameter the dtype of the array, or the type of what is given by value."""


def _check(
    entry: Entry, suffix: str, rules: Rules, args: Sequence[Any], device: int | None
) -> None:
    """As :func:`check_arguments`. Every launch comes here: each look-up counts."""
    if len(args) != len(rules):
        names = ", ".join(p.name for p in entry.parameters)
        raise TypeError(
            f"[{entry.name}_{suffix}] takes {len(rules)} arguments ({names}), got {len(args)}"
        )
    for (parameter, expected), value in zip(rules, args, strict=True):
        if type(value) is expected:  # a number, as a rule
            continue
        if not parameter.array:
            # A bool would be passed as one byte where the kernel reads eight.
            if not isinstance(value, expected) or type(value) is bool:
                raise _refusal(entry, suffix, parameter, expected.__name__, value)
        elif value is None:
            if not parameter.nullable:
                raise _refusal(entry, suffix, parameter, f"an array of {expected}", value)
        else:
            if getattr(value, "dtype", None) != expected:
                raise _refusal(entry, suffix, parameter, f"an array of {expected}", value)
            if not value.flags.c_contiguous:
                raise ValueError(
                    f"[{entry.name}_{suffix}] {parameter.name} must be contiguous, got shape "
                    f"{value.shape} with strides {value.strides}"
                )
            if device is not None and value.data.device_id != device:
                raise ValueError(
                    f"[{entry.name}_{suffix}] {parameter.name} is on device "
                    f"{value.data.device_id}, but the kernel runs on device {device}"
                )


@functools.cache
def _rules(entry: Entry, suffix: str) -> Rules:
    return tuple(
        (p, _numpy_dtype(p.dtype(suffix)) if p.array else _PYTHON_TYPES[p.type])
        for p in entry.parameters
    )


_PYTHON_TYPES = {"double": float, "long long": int, "Addresses": ByValue}


def _numpy_dtype(name: str) -> Any:
    return dtypes.bfloat16.numpy if name == "bfloat16" else np.dtype(name)


def _refusal(
    entry: Entry, suffix: str, parameter: Parameter, expected: str, value: Any
) -> TypeError:
    dtype = getattr(value, "dtype", None)
    got = repr(value) if dtype is None else f"an array of {dtype}"
    return TypeError(f"[{entry.name}_{suffix}] {parameter.name} must be {expected}, got {got}")
