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

Array = Any
Call = tuple[Callable[..., Any], list[Any]]

BLOCK = 32768
"""Elements of a block: a dozen blocks of float32 fit into the second-level cache."""
LARGE = 65536
"""Arrays of at least so many elements are done in blocks."""


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
    for number, call in enumerate([*(_flat_call(c) for c in calls), None]):
        if call is not None and _joins(call, chain):
            chain.append(call)
            continue
        if len(chain) > 1:
            made = Chain(chain, _temporary(chain, calls[number:], is_own))
            found.append((made, made.arrays))
        else:
            found += calls[number - len(chain) : number]
        chain = [call] if call is not None else []
        if number < len(calls) and call is None:
            found.append(calls[number])
    return found


def _flat_call(call: Call) -> Call | None:
    """An elementwise call with its output as last argument, if it can be done in blocks."""
    function, args = call
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
    if not chain:
        return False
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
    for _, args in chain:
        read.update(address(a) for a in args[:-1] if large(a) and address(a) not in found)
        out = args[-1]
        if address(out) not in read and is_own(out):
            found[address(out)] = out
    return [a for a in found.values() if not any(_reads(c, a) for c in later)]


def _reads(call: Call, array: Array) -> bool:
    """Whether a call may read what is in an array; one that only writes to it is unknown, too."""
    return any(_touches(a, array) for a in arrays_in(call))


def arrays_in(value: Any) -> list[Array]:
    """All arrays in nested lists, tuples, dictionaries, chains and bound arguments."""
    if type(value) is np.ndarray:
        return [value]
    if isinstance(value, partial):
        return arrays_in([value.func, value.args, value.keywords])
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [a for item in value for a in arrays_in(item)]
    return []
