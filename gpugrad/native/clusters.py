"""Which ops share a loop.

Each op is brought into a normal form: its dimensions in the order of memory, those merged that are
one run of memory, and of each operand a stride for each dimension. Ops join into a cluster if its
loops can be cut so that they go through their elements in the same order, and if whatever one
writes and another reads or writes is met in the same place of the loops.

A cluster goes through rows: all dimensions but the last. What is reduced along the last dimension
is a number for each row. One row after the other goes through the phases of a cluster, which are
loops over its columns: a later phase uses numbers that come out of an earlier one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .values import Buffer, Op, UnsupportedError, Value

Strides = tuple[int, ...]
Key = tuple[int, int, Strides]

LOOK_BACK = 24
"""So many clusters an op may be moved past to join an earlier one."""

SHORT_ROW = 8
"""Large runs of memory are not cut into rows shorter than that."""

WHOLE = 1024
"""Up to so many elements it does not matter how they are cut."""


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


@dataclass(eq=False)
class Cluster:
    """Ops that share loops; or one product, or one reduction that fits no cluster.

    Attributes:
        buffers: the identities of all that is read or written.
        written: of that which is written.
    """

    shape: tuple[int, ...]
    members: list[Member] = field(default_factory=list)
    alone: bool = False

    buffers: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)

    def hold(self, members: list[Member]) -> None:
        """Take these for the members."""
        self.members = members
        self.buffers = {id(v.buffer) for m in members for v in (*m.op.ins, m.op.out)}
        self.buffers.discard(id(None))
        self.written = {id(m.op.out.buffer) for m in members}


# --- normal form ----------------------------------------------------------------------------------


def member(op: Op) -> Member:
    """An op with its dimensions in the order of memory and merged."""
    values = [*op.ins, op.out]
    dims = [
        (n, tuple(v.strides[d] if v.number is None else 0 for v in values))
        for d, n in enumerate(op.shape)
        if n != 1
    ]
    if op.kind == "product":
        pass
    elif op.name not in ("onehot", "pick"):
        leading = -1 if op.kind == "map" else 0  # the access that decides about the order
        dims.sort(key=lambda dim: -abs(dim[1][leading]))
        dims = merged(dims)
    elif dims and op.shape[-1] != 1:
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
    if any(b % a for a, b in zip(cuts, cuts[1:], strict=False)):
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
    found: list[int] = []
    left = list(finer)
    for n, s in zip(reversed(shape), reversed(strides), strict=True):
        size = 1
        while size < n:
            found.append(s * size)
            size *= left.pop()
    return tuple(reversed(found))


# --- joining --------------------------------------------------------------------------------------


def clusters_of(ops: Iterable[Op]) -> list[Cluster]:
    """Ops in clusters, in an order in which they may be carried out."""
    found: list[Cluster] = []
    for op in ops:
        fresh = member(op)
        if op.kind != "product":
            for number in range(len(found) - 1, max(-1, len(found) - 1 - LOOK_BACK), -1):
                if join(found[number], fresh):
                    break
                if depends(fresh, found[number]):
                    found.append(_alone(fresh))
                    break
            else:
                found.append(_alone(fresh))
        else:
            found.append(_alone(fresh))
    return united(found)


def united(clusters: Sequence[Cluster]) -> list[Cluster]:
    """The clusters with those in one that a later op has brought together."""
    found: list[Cluster] = []
    for cluster in clusters:
        for number in range(len(found) - 1, max(-1, len(found) - 1 - LOOK_BACK), -1):
            if _unite(found[number], cluster):
                break
            if _follows(cluster, found[number]):
                found.append(cluster)
                break
        else:
            found.append(cluster)
    return found


def _follows(cluster: Cluster, earlier: Cluster) -> bool:
    """Whether a cluster must come after another."""
    if not (cluster.written & earlier.buffers or cluster.buffers & earlier.written):
        return False
    return any(depends(m, earlier) for m in cluster.members)


def _unite(one: Cluster, other: Cluster) -> bool:
    """Let a cluster take in a later one of as many elements."""
    if one.alone or other.alone or math.prod(one.shape) != math.prod(other.shape):
        return False
    if not one.buffers & other.buffers:
        return False
    shape = refined(one.shape, other.shape)
    if shape not in (one.shape, other.shape):
        return False
    return _join_in(one, other.members, shape)


def _alone(fresh: Member) -> Cluster:
    placed = None if fresh.op.kind == "product" else _placed([fresh], fresh.shape)
    cluster = Cluster(fresh.shape, alone=placed is None)
    cluster.hold(placed or [fresh])
    return cluster


def join(cluster: Cluster, fresh: Member) -> bool:
    """Add an op to a cluster if it fits there."""
    if cluster.alone:
        return False
    size, own = math.prod(cluster.shape), math.prod(fresh.shape)
    if not any(id(v.buffer) in cluster.buffers for v in (*fresh.op.ins, fresh.op.out)):
        return False
    if size != own:
        return _join_rows(cluster, fresh, size, own)
    shape = refined(cluster.shape, fresh.shape)
    if shape is None:
        return False
    if shape and shape[-1] < SHORT_ROW and size > WHOLE:
        if shape[-1] < min([*cluster.shape[-1:], *fresh.shape[-1:]]):
            return False
    return _join_in(cluster, [fresh], shape)


def _join_in(cluster: Cluster, fresh: Sequence[Member], shape: tuple[int, ...]) -> bool:
    """Add ops to a cluster that gets another shape, if both meet some memory in one place."""
    placed = _placed([*cluster.members, *fresh], shape)
    if placed is None:
        return False
    old, new = placed[: -len(fresh)], placed[-len(fresh) :]
    keys = {a.key() for m in old for a in m.accesses if a.buffer is not None}
    if not any(
        a.key() in keys and (any(a.strides) or not shape) for m in new for a in m.accesses
    ):
        return False
    cluster.shape = shape
    cluster.hold(placed)
    return True


def _join_rows(cluster: Cluster, fresh: Member, size: int, own: int) -> bool:
    """Add an op that has one element for each row of a cluster."""
    if len(cluster.shape) < 2 or own * cluster.shape[-1] != size:
        return False
    shape = refined(cluster.shape, (*fresh.shape, cluster.shape[-1]))
    if shape is None or shape[-1] != cluster.shape[-1]:
        return False
    return _join_in(cluster, [fresh], shape)


def _placed(members: Sequence[Member], shape: tuple[int, ...]) -> list[Member] | None:
    """The members in a cluster of that shape; None if they do not all fit."""
    size = math.prod(shape)
    found: list[Member] = []
    for old in members:
        level = "element" if math.prod(old.shape) == size else "row"
        inner = shape if level == "element" else shape[:-1]
        extra = () if level == "element" else (0,)
        known = len(old.shape)
        out, *ins = (
            Access(a.value, (*cut(a.strides[:known], old.shape, inner), *extra), a.written)
            for a in (old.out, *old.ins)
        )
        fresh = Member(old.op, inner, out, ins, level)
        if old.op.name in ("onehot", "pick") and (
            level != "element" or shape[-1] != old.op.shape[-1] or len(shape) < 2
        ):
            return None
        if old.op.kind == "reduce":
            way = _way(fresh, shape)
            if way is None:
                return None
            fresh.way = way
            if way == "row":
                fresh.level = "row"
                if not ins[0].strides[-1] and len(members) > 1:
                    return None
        phase = _phase(found, fresh, shape)
        if phase is None:
            return None
        fresh.phase = phase
        found.append(fresh)
    return found


def _way(fresh: Member, shape: tuple[int, ...]) -> str | None:
    gone = [s == 0 for s in fresh.out.strides]
    if fresh.level == "row":
        return "rows" if all(gone) else None
    if all(gone):
        return "full"
    if len(shape) >= 2 and gone[-1] and not any(gone[:-1]):
        return "row"
    if fresh.op.name == "pick":
        return None
    if len(shape) >= 2 and all(gone[:-1]) and fresh.op.name == "sum":
        return "column"
    return None


def _phase(earlier: Sequence[Member], fresh: Member, shape: tuple[int, ...]) -> int | None:
    """The phase that an op can have; None if it meets memory in another place than others do."""
    phase = 0 if fresh.level == "element" else -1
    for a in fresh.accesses:
        if a.buffer is None:
            continue
        if a.written and not fresh.late and not _each_once(a.strides, shape, fresh):
            return None
        for other in earlier:
            for b in other.accesses:
                if b.buffer is not a.buffer or not (a.written or b.written):
                    continue
                if a.value.dtype != b.value.dtype:
                    return None
                if a.key() != b.key():
                    if apart(a.value, b.value):
                        continue
                    return None
                if (b.written and other.late) or (a.written and fresh.late):
                    return None
                if other.level == "element":
                    # What a sum over all rows still has to see is changed in a later phase.
                    later = a.written and other.way == "full"
                    phase = max(phase, other.phase + later)
                elif fresh.level == "element":
                    phase = max(phase, other.phase + 1)
                else:
                    phase = max(phase, other.phase)
    return phase


def _each_once(strides: Strides, shape: Sequence[int], fresh: Member) -> bool:
    """Whether different places of the loops write different elements."""
    dims = shape if fresh.level == "element" else shape[:-1]
    return all(s != 0 for s, _ in zip(strides, dims, strict=False))


# --- memory that overlaps -------------------------------------------------------------------------


def extent(value: Value) -> tuple[int, int]:
    """The first byte in the buffer, and the one after the last."""
    spans = [(n - 1) * s for n, s in zip(value.shape, value.strides, strict=True)]
    low = value.offset + sum(s for s in spans if s < 0)
    return low, value.offset + sum(s for s in spans if s > 0) + value.dtype.itemsize


def apart(one: Value, other: Value) -> bool:
    """Whether two values of a buffer surely have no byte in common."""
    a, b = extent(one), extent(other)
    if a[1] <= b[0] or b[1] <= a[0]:
        return True
    # Columns of one matrix: rows of the same length, that begin at different places.
    rows = [
        {abs(s) for n, s in zip(v.shape, v.strides, strict=True) if n > 1 and s} for v in (one, other)
    ]
    for pitch in rows[0] & rows[1]:
        spans = []
        for v in (one, other):
            inner = [
                (n - 1) * s
                for n, s in zip(v.shape, v.strides, strict=True)
                if n > 1 and abs(s) < pitch
            ]
            outer = [s for n, s in zip(v.shape, v.strides, strict=True) if n > 1 and s % pitch]
            if any(s < 0 for s in inner) or any(abs(s) >= pitch for s in outer):
                break
            start = v.offset % pitch
            spans.append((start, start + sum(inner) + v.dtype.itemsize))
        if len(spans) == 2 and all(end <= pitch for _, end in spans):
            (a1, a2), (b1, b2) = spans
            if a2 <= b1 or b2 <= a1:
                return True
    return False


def depends(fresh: Member, cluster: Cluster) -> bool:
    """Whether an op must come after a cluster."""
    op = fresh.op
    if id(op.out.buffer) not in cluster.buffers and not any(
        id(v.buffer) in cluster.written for v in op.ins
    ):
        return False
    return any(
        a.buffer is b.buffer and (a is op.out or b is m.op.out) and not apart(a, b)
        for m in cluster.members
        for b in (*m.op.ins, m.op.out)
        for a in (*op.ins, op.out)
        if a.buffer is not None
    )
