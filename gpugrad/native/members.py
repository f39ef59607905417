"""Ops as members of loops: their dimensions in a normal form, and cut as the loops are.

The dimensions are in the order of memory, those merged that are one run of memory, and of each
operand there is a stride for each dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .values import Buffer, Op, UnsupportedError, Value

Strides = tuple[int, ...]
Key = tuple[int, int, Strides]


@dataclass
class Access:
    """An operand or a result in an op's loops: strides in bytes, one for each dimension."""

    value: Value
    strides: Strides
    written: bool

    @property
    def buffer(self) -> Buffer | None:
        return self.value.buffer

    def key(self) -> Key:
        """What two accesses to the very same elements in the same order have in common."""
        return id(self.value.buffer), self.value.offset, self.strides


@dataclass(eq=False)
class Member:
    """An op in a cluster.

    Attributes:
        op: what is computed.
        shape: its dimensions in normal form, then those of the cluster.
        level: ``element``; ``row``: once for each row.
        way: of a reduction: ``row``, along the last dimension; ``column``, along all others;
            ``full``, along all; ``rows``, of one number for each row along all rows.
        phase: in which loop over the columns; for the level of rows, after which, from -1.
    """

    op: Op
    shape: tuple[int, ...]
    out: Access
    ins: list[Access]
    level: str = "element"
    way: str = ""
    phase: int = 0

    @property
    def accesses(self) -> list[Access]:
        return [*self.ins, self.out]

    @property
    def late(self) -> bool:
        """Whether the result is there only when all rows have been gone through."""
        return self.way in ("column", "full", "rows")


def member(op: Op) -> Member:
    """An op with its dimensions in the order of memory and merged."""
    values = [*op.ins, op.out]
    if op.kind in ("indexed", "window"):
        *ins, out = (Access(v, (), v is op.out) for v in values)
        return Member(op, (), out, ins)
    kept = len(op.shape) - 2 if op.kind == "product" else len(op.shape)
    dims = [
        (n, tuple(v.strides[d] if v.number is None else 0 for v in values))
        for d, n in enumerate(op.shape)
        if n != 1 or d >= kept
    ]
    if op.kind == "product":
        pass
    elif op.name not in ("onehot", "pick"):
        leading = -1 if op.kind == "map" else 0  # the access that decides about the order
        dims.sort(key=lambda dim: -abs(dim[1][leading]))
        dims = merged(dims)
    elif dims and op.shape[-1] != 1:
        if len(dims) == 1:  # one row is a row, too
            dims.insert(0, (1, tuple(v.dtype.itemsize for v in values)))
        dims = [*merged(dims[:-1]), dims[-1]]
    else:
        raise UnsupportedError("a row of one element")
    shape = tuple(n for n, _ in dims)
    accesses = [
        Access(v, tuple(s[i] for _, s in dims), i == len(op.ins)) for i, v in enumerate(values)
    ]
    return Member(op, shape, accesses[-1], accesses[:-1])


def merged(dims: Sequence[tuple[int, Strides]]) -> list[tuple[int, Strides]]:
    """Dimensions of which each operand's form one run, as one."""
    found: list[tuple[int, Strides]] = []
    for n, strides in dims:
        if found and all(a == b * n for a, b in zip(found[-1][1], strides, strict=True)):
            found[-1] = (found[-1][0] * n, strides)
        else:
            found.append((n, strides))
    return found


def refined(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...] | None:
    """The coarsest dimensions of which both can be made by merging."""
    cuts = sorted({*_cuts(one), *_cuts(other)})
    if any(b % a for a, b in pairwise(cuts)):
        return None
    return tuple(reversed([b // a for a, b in zip([1, *cuts], cuts, strict=False)]))


def _cuts(shape: Sequence[int]) -> list[int]:
    found, size = [], 1
    for n in reversed(shape):
        size *= n
        found.append(size)
    return found


def cut(strides: Strides, shape: Sequence[int], finer: Sequence[int]) -> Strides:
    """Strides of finer dimensions."""
    if tuple(finer) == tuple(shape):
        return strides
    found: list[int] = []
    left = list(finer)
    for n, s in zip(reversed(shape), reversed(strides), strict=True):
        size = 1
        while size < n:
            found.append(s * size)
            size *= left.pop()
    return tuple(reversed(found))
