"""Chains of elementwise calls over large arrays, done block by block.

One call after the other over arrays that do not fit into the processor's cache fetches everything
from memory each time. Here all calls of a chain do one block before they go on to the next, and
what only the chain itself reads stays in a block of memory of its own. Each element is computed by
the same functions in the same order: results are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from . import cpu_blocks

Array = Any
Call = tuple[Callable[..., Any], list[Any]]

BLOCK = cpu_blocks.BLOCK
LARGE = 65536
"""Arrays of at least so many elements are done in blocks."""


class BlockSum:
    """The sum of an array that comes block by block, divided, as ``cpu_blocks`` adds up.

    Args:
        array: of the array's size and type.
        divisor: a number.
        out: where the quotient goes when all blocks have come.
    """

    __name__ = "block_sum"

    def __init__(self, array: Array, divisor: float, out: Array) -> None:
        self._size, self._divisor, self.out = array.size, divisor, out
        self._seen, self._sum = 0, np.float64(0)

    def __call__(self, array: Array) -> None:
        flat = array.reshape(-1)
        for start in range(0, flat.size, cpu_blocks.BLOCK):
            self._sum += cpu_blocks.total(flat[start : start + cpu_blocks.BLOCK])
        self._seen += flat.size
        if self._seen == self._size:
            self.out[()] = self._sum / self._divisor
            self._seen, self._sum = 0, np.float64(0)


class Chain:
    """Calls that are carried out together, over arrays that may be others in each replay."""

    __name__ = "chain"

    def __init__(self, calls: Sequence[Call], own: Sequence[Array]) -> None:
        """``own`` are arrays that nothing outside of the calls reads."""
        operands = {id(a): a for _, args in calls for a in args if large(a)}
        scratch = {address(a): np.empty(min(BLOCK, a.size) * a.itemsize, np.uint8) for a in own}
        self.arrays = [a for a in operands.values() if address(a) not in scratch]
        self._now = list(self.arrays)
        slots = {id(a): n for n, a in enumerate(self.arrays)}
        size = next(iter(operands.values())).size
        self._parts = [slice(n, min(n + BLOCK, size)) for n in range(0, size, BLOCK)]
        self._uses: list[list[tuple[int, int]]] = [[] for _ in self.arrays]
        self._blocks: list[list[Call]] = []
        for part in self._parts:
            block: list[Call] = []
            for function, args in calls:
                given = []
                for n, a in enumerate(args):
                    if not large(a):
                        given.append(a)
                    elif id(a) in slots:
                        given.append(a.reshape(-1)[part])
                        if not self._blocks:
                            self._uses[slots[id(a)]].append((len(block), n))
                    else:
                        count = part.stop - part.start
                        given.append(scratch[address(a)].view(a.dtype)[:count])
                block.append((function, given))
            self._blocks.append(block)

    def __call__(self, *arrays: Array) -> None:
        for n, array in enumerate(arrays):
            if array is not self._now[n]:
                self._replace(n, array)
        for block in self._blocks:
            for function, args in block:
                function(*args)

    def _replace(self, n: int, array: Array) -> None:
        self._now[n] = array
        flat = array.reshape(-1)
        for part, block in zip(self._parts, self._blocks, strict=True):
            piece = flat[part]
            for call, place in self._uses[n]:
                block[call][1][place] = piece


def large(a: Any) -> bool:
    return type(a) is np.ndarray and a.size >= LARGE


def address(a: Array) -> int:
    found: int = a.__array_interface__["data"][0]
    return found


def in_blocks(calls: list[Call], is_own: Callable[[Array], bool]) -> list[Call]:
    """The calls with chains in the place of those that can be done block by block.

    Args:
        is_own: whether an array lies in memory that is only there for the calls.
    """
    found: list[Call] = []
    chain: list[Call] = []
    plain: list[Call] = []  # the same, as they were
    for number, call in enumerate(calls):
        flat = _flat_call(call)
        if flat is not None and chain and _joins(flat, chain):
            chain.append(flat)
            plain.append(call)
        elif flat is None and chain and _comes_first(call, plain):
            found.append(call)
        else:
            found += _finished(chain, plain, calls[number:], is_own)
            chain, plain = ([], []) if flat is None else ([flat], [call])
            if flat is None:
                found.append(call)
    return found + _finished(chain, plain, [], is_own)


def _finished(
    chain: list[Call], plain: list[Call], later: Sequence[Call], is_own: Callable[[Array], bool]
) -> list[Call]:
    """What stands for a chain that nothing more joins."""
    if len(chain) < 2:
        return plain
    made = Chain(chain, _temporary(chain, later, is_own))
    return [(made, made.arrays)]


def _comes_first(call: Call, chain: list[Call]) -> bool:
    """Whether a short call has nothing to do with a chain, and so can be made before it."""
    if not isinstance(call[0], np.ufunc):
        return False
    mine = arrays_in(call[1])
    if any(large(a) for a in mine):
        return False
    return not any(_touches(a, b) for a in mine for b in arrays_in(chain))


def _flat_call(call: Call) -> Call | None:
    """An elementwise call with its output as last argument, if it can be done in blocks."""
    function, args = call
    if type(function) is BlockSum:
        return call if large(args[0]) and args[0].flags.c_contiguous else None
    if isinstance(function, partial) and list(function.keywords) == ["out"]:
        if function.func not in (np.maximum, np.minimum) or function.args:
            return None
        args, function = [*args, function.keywords["out"]], _TO[function.func]
        inputs = 2
    elif isinstance(function, np.ufunc) and function.nout == 1:
        inputs = function.nin
    else:
        return None
    arrays = [a for a in args if type(a) is np.ndarray and a.ndim]
    out = args[-1]
    fits = (
        len(args) == inputs + 1
        and large(out)
        and all(a.shape == out.shape and a.flags.c_contiguous for a in arrays)
    )
    return (function, args) if fits else None


def _maximum(x: Array, y: Array, out: Array) -> Array:
    return np.maximum(x, y, out=out)


def _minimum(x: Array, y: Array, out: Array) -> Array:
    return np.minimum(x, y, out=out)


_TO: dict[Any, Callable[..., Array]] = {np.maximum: _maximum, np.minimum: _minimum}


def _joins(call: Call, chain: list[Call]) -> bool:
    """Whether a call may be done before those in the chain have done their later blocks.

    Their arrays must lie in the same places, element by element, or apart.
    """
    mine = [a for a in call[1] if large(a)]
    theirs = [a for _, args in chain for a in args if large(a)]
    if mine[0].size != theirs[0].size:
        return False
    return all(_aligned(a, b) for a in mine for b in [*theirs, *mine]) and not any(
        _touches(a, b) for _, args in [*chain, call] for a in _scalars(args) for b in mine
    )


def _scalars(args: list[Any]) -> list[Array]:
    return [a for a in args if type(a) is np.ndarray and not a.ndim]


def _aligned(a: Array, b: Array) -> bool:
    if address(a) == address(b):
        return bool(a.itemsize == b.itemsize)
    return not _touches(a, b)


def _touches(a: Array, b: Array) -> bool:
    return bool(np.may_share_memory(a, b))


def _temporary(
    chain: list[Call], later: Sequence[Call], is_own: Callable[[Array], bool]
) -> list[Array]:
    """The arrays that the chain writes before it reads them, and that nobody reads afterwards."""
    found: dict[int, Array] = {}
    read: set[int] = set()
    for function, args in chain:
        inputs = args if type(function) is BlockSum else args[:-1]
        read.update(address(a) for a in inputs if large(a) and address(a) not in found)
        out = args[-1]
        if address(out) not in read and is_own(out):
            found[address(out)] = out
    return [a for a in found.values() if not _read(a, later)]


def _read(array: Array, calls: Sequence[Call]) -> bool:
    """Whether calls may read what is in an array before they overwrite it."""
    for function, args in calls:
        touching = [a for a in arrays_in([function, args]) if _touches(a, array)]
        if not touching:
            continue
        only_written = (
            isinstance(function, np.ufunc)
            and function.nout == 1
            and len(args) == function.nin + 1
            and len(touching) == 1
            and touching[0] is args[-1]
        )
        if not only_written:
            return True
        if address(touching[0]) == address(array) and touching[0].nbytes >= array.nbytes:
            return False
    return False


def arrays_in(value: Any) -> list[Array]:
    """All arrays in nested lists, tuples, dictionaries, chains and bound arguments."""
    if type(value) is np.ndarray:
        return [value]
    if type(value) is BlockSum:
        return [value.out]
    if isinstance(value, partial):
        return arrays_in([value.func, value.args, value.keywords])
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [a for item in value for a in arrays_in(item)]
    return []
