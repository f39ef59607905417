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

from .members import Access, Member, Strides, cut, member, refined
from .overlap import apart
from .values import Op

LOOK_BACK = 24
"""So many clusters an op may be moved past to join an earlier one."""

SHORT_ROW = 8
"""Large runs of memory are not cut into rows shorter than that."""

LONGEST_SUMS = 4096
"""So many sums of columns may be on the stack."""

WHOLE = 1024
"""Up to so many elements it does not matter how they are cut."""


@dataclass(eq=False)
class Cluster:
    """Ops that share loops; or one product, or one reduction that fits no cluster.

    Attributes:
        buffers: the identities of all that is read or written.
        written: of that which is written.
        spread: of that of which there is more than one element.
    """

    shape: tuple[int, ...]
    members: list[Member] = field(default_factory=list)
    alone: bool = False

    buffers: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)
    spread: set[int] = field(default_factory=set)

    def hold(self, members: list[Member]) -> None:
        """Take these for the members."""
        self.members = members
        self.buffers = {id(v.buffer) for m in members for v in (*m.op.ins, m.op.out)}
        self.buffers.discard(id(None))
        self.written = {id(m.op.out.buffer) for m in members}
        self.spread = self.buffers if not self.shape else _spread(members)


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


def _spread(members: Sequence[Member]) -> set[int]:
    """The identities of the buffers of which more than one element is met."""
    return {id(a.value.buffer) for m in members for a in m.accesses if any(a.strides)}


def _all(fresh: Member) -> set[int]:
    return {id(v.buffer) for v in (*fresh.op.ins, fresh.op.out) if v.buffer is not None}


def _follows(cluster: Cluster, earlier: Cluster) -> bool:
    """Whether a cluster must come after another."""
    if not (cluster.written & earlier.buffers or cluster.buffers & earlier.written):
        return False
    return any(depends(m, earlier) for m in cluster.members)


def _unite(one: Cluster, other: Cluster) -> bool:
    """Let a cluster take in a later one of as many elements."""
    if one.alone or other.alone or math.prod(one.shape) != math.prod(other.shape):
        return False
    if one.spread.isdisjoint(other.spread):
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
    if cluster.spread.isdisjoint(_spread([fresh]) if fresh.shape else _all(fresh)):
        return False
    if size != own:
        return _join_rows(cluster, fresh, size, own)
    shape = refined(cluster.shape, fresh.shape)
    if shape is None:
        return False
    shortest = min([*cluster.shape[-1:], *fresh.shape[-1:]], default=1)
    if size > WHOLE and shape and shape[-1] < min(SHORT_ROW, shortest):
        return False
    return _join_in(cluster, [fresh], shape)


def _join_in(cluster: Cluster, fresh: Sequence[Member], shape: tuple[int, ...]) -> bool:
    """Add ops to a cluster that gets another shape, if both meet some memory in one place."""
    placed = _placed([*cluster.members, *fresh], shape)
    if placed is None:
        return False
    old, new = placed[: -len(fresh)], placed[-len(fresh) :]
    keys = {a.key() for m in old for a in m.accesses if a.buffer is not None}
    if not any(a.key() in keys and (any(a.strides) or not shape) for m in new for a in m.accesses):
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
    if len(shape) >= 2 and all(gone[:-1]) and fresh.op.name == "sum" and shape[-1] <= LONGEST_SUMS:
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
