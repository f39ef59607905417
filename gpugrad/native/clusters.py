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

from .loops import Loops
from .members import Member, member, refined
from .values import Op

LOOK_BACK = 24
"""So many clusters an op may be moved past to join an earlier one."""

LARGEST = 128
"""So many ops share loops at most: compilers take long for large bodies, and what is left in
registers from op to op is but a part of the work by then."""

ALONE = frozenset(["product", "indexed", "window"])
"""Kinds of ops that share loops with no others."""

SHORT_ROW = 8
"""Large runs of memory are not cut into rows shorter than that."""

WHOLE = 1024
"""Up to so many elements it does not matter how they are cut."""


class Cluster:
    """Ops that share loops; or one that shares none.

    Attributes:
        loops: with the ops as members.
        alone: whether it is one that shares nothing.
    """

    def __init__(self, fresh: Member) -> None:
        self.loops = Loops(fresh.shape)
        self.alone = fresh.op.kind in ALONE or not self.loops.take([fresh])
        if self.alone:
            self.loops.hold(fresh)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.loops.shape

    @property
    def members(self) -> list[Member]:
        return self.loops.members


def clusters_of(ops: Iterable[Op]) -> list[Cluster]:
    """Ops in clusters, in an order in which they may be carried out."""
    found: list[Cluster] = []
    for op in ops:
        fresh = member(op)
        spread = _spread(fresh)
        if op.kind not in ALONE:
            for number in range(len(found) - 1, max(-1, len(found) - 1 - LOOK_BACK), -1):
                if join(found[number], fresh, spread):
                    break
                if found[number].loops.precedes(op):
                    found.append(Cluster(fresh))
                    break
            else:
                found.append(Cluster(fresh))
        else:
            found.append(Cluster(fresh))
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


def _spread(fresh: Member) -> set[int]:
    """The identities of the buffers that an op shares a loop for: more than one element is met."""
    if not fresh.shape:
        return {id(a.buffer) for a in fresh.accesses if a.buffer is not None}
    return {id(a.buffer) for a in fresh.accesses if any(a.strides)}


def _follows(cluster: Cluster, earlier: Cluster) -> bool:
    """Whether a cluster must come after another."""
    one, other = cluster.loops, earlier.loops
    if one.written.isdisjoint(other.buffers) and one.buffers.isdisjoint(other.written):
        return False
    return any(other.precedes(m.op) for m in cluster.members)


def _unite(one: Cluster, other: Cluster) -> bool:
    """Let a cluster take in a later one of as many elements."""
    if one.alone or other.alone or math.prod(one.shape) != math.prod(other.shape):
        return False
    if one.loops.spread.isdisjoint(other.loops.spread):
        return False
    shape = refined(one.shape, other.shape)
    if shape not in (one.shape, other.shape):
        return False
    return _join_in(one, other.members, shape)


def join(cluster: Cluster, fresh: Member, spread: set[int]) -> bool:
    """Add an op to a cluster if it fits there."""
    if cluster.alone or cluster.loops.spread.isdisjoint(spread):
        return False
    size, own = math.prod(cluster.shape), math.prod(fresh.shape)
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
    loops: Loops | None = cluster.loops
    assert loops is not None
    if len(loops.members) + len(fresh) > LARGEST or not loops.may_meet(fresh):
        return False
    if shape != cluster.shape:
        loops = loops.copy_in(shape)
    if loops is None or not loops.take(fresh, meeting=True):
        return False
    cluster.loops = loops
    return True


def _join_rows(cluster: Cluster, fresh: Member, size: int, own: int) -> bool:
    """Add an op that has one element for each row of a cluster."""
    if len(cluster.shape) < 2 or own * cluster.shape[-1] != size:
        return False
    shape = refined(cluster.shape, (*fresh.shape, cluster.shape[-1]))
    if shape is None or shape[-1] != cluster.shape[-1]:
        return False
    return _join_in(cluster, [fresh], shape)
