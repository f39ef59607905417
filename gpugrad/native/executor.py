"""Generated programs in a plan: their tables of addresses, and the calls."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend.noted_steps import Ref
from . import blas, toolchain
from .product_threads import gemm
from .segments import FIRST, Program
from .values import UnsupportedError

SHORT = 1 << 16
"""A program that touches fewer bytes keeps the interpreter's lock: it is done sooner than that
would be given back."""


@functools.cache
def offsets() -> tuple[int, int]:
    """Where a list has the address of its items, and an array that of its data, in bytes.

    Raises:
        UnsupportedError: this interpreter has them elsewhere.
    """
    word = ctypes.sizeof(ctypes.c_void_p)
    array = np.empty(3)
    items = [array, None]
    places = []
    for thing, wanted in ((array, array.ctypes.data), (items, None)):
        for place in range(2 * word, 8 * word, word):
            value = ctypes.c_void_p.from_address(id(thing) + place).value
            if wanted is None:
                known = thing.__sizeof__() and value not in (None, len(items))
                if known and _reads(value, id(array)):
                    places.append(place)
                    break
            elif value == wanted:
                places.append(place)
                break
    if len(places) != 2:
        raise UnsupportedError("lists and arrays of another layout")
    return places[1], places[0]


def _reads(address: int | None, wanted: int) -> bool:
    """Whether an address is that of the items of a list, without looking at what may be none."""
    return (
        address is not None
        and address > 4096
        and (ctypes.c_void_p.from_address(address).value == wanted)
    )


class Native:
    """A generated program, compiled.

    Args:
        program: what was generated.
        refs: for each buffer from outside, in the order of the program's, where it is.

    Raises:
        UnsupportedError: there is no compiler, or it fails.
    """

    def __init__(self, program: Program, refs: Sequence[Ref]) -> None:
        self.program = program
        self._refs = list(refs)
        self._outside = [b for b in program.buffers if b not in program.scratch]
        library = toolchain.load(program.source)
        if library is None:
            raise UnsupportedError("no compiler")
        address = ctypes.cast(library.run, ctypes.c_void_p).value or 0
        small = sum(ref.root.nbytes for ref in refs) + program.scratch_bytes < SHORT
        prototype = ctypes.PYFUNCTYPE if small else ctypes.CFUNCTYPE
        made = prototype(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._library = library
        self._run = made(address)

    def __call__(self, *_: Any) -> None:
        raise AssertionError("a program is bound to memory first")

    def bound(self, array_of: Callable[[Ref], Any]) -> Bound:
        """The program over the memory that a plan has for its refs."""
        program = self.program
        place_of = dict(zip(self._outside, self._refs, strict=True))
        table = np.zeros(FIRST + len(program.buffers), np.intp)
        scratch = np.empty(program.scratch_bytes + 64, np.uint8)
        start = -(-scratch.ctypes.data // 64) * 64
        failure = np.zeros(1, np.int64)
        held: list[Any] = [scratch, failure]
        table[: FIRST - 1] = [f(k) for f in (gemm, blas.gemv) for k in ("float", "double")]
        table[FIRST - 1] = failure.ctypes.data
        given = []
        for number, buffer in enumerate(program.buffers):
            if buffer in program.scratch:
                table[FIRST + number] = start + program.scratch[buffer]
                continue
            ref = place_of[buffer]
            array = array_of(ref)
            if number < program.inputs:
                given.append(array)
            table[FIRST + number] = array.__array_interface__["data"][0] - ref.offset
            held.append(array)
        return Bound(self._run, table, failure, held, given, program.failures)


class Bound:
    """A program with its table.

    Attributes:
        given: the arrays whose addresses it takes anew in each call.
    """

    __name__ = "native"

    def __init__(
        self,
        run: Callable[[int, int], int],
        table: Any,
        failure: Any,
        held: list[Any],
        given: list[Any],
        failures: Sequence[tuple[int, int]],
    ) -> None:
        self.given = given
        self._run, self._table, self._failure = run, table, failure
        self._held = held
        self._failures = failures
        self._address = table.ctypes.data

    def __call__(self, *arrays: Any) -> None:
        self.carry_out(list(arrays))

    def carry_out(self, arrays: list[Any]) -> None:
        """Run over the given arrays.

        Raises:
            IndexError: an index is out of range.
        """
        if failed := self._run(self._address, id(arrays)):
            self.fail(failed)

    def repeated(self, arrays: list[Any]) -> Callable[[], None]:
        """A function that runs over whatever arrays a list has then."""
        run, address, place, fail = self._run, self._address, id(arrays), self.fail

        def execute() -> None:
            if failed := run(address, place):
                fail(failed)

        execute.held = (self, arrays)  # type: ignore[attr-defined]
        return execute

    def fail(self, number: int) -> None:
        """Raise what a failure means."""
        size, axis = self._failures[number - 1]
        index = int(self._failure[0])
        raise IndexError(f"index {index} is out of bounds for axis {axis} with size {size}")
