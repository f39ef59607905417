"""What of a cluster needs memory, and what a copy of a row while that is worked on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from .clusters import Cluster
from .members import Access, Key
from .text import LONGEST_ROW
from .values import C_TYPES, Buffer


def without_memory(cluster: Cluster, is_local: Callable[[Buffer], bool]) -> set[int]:
    """The buffers that only this cluster uses, and every element only where it has made it."""
    if cluster.alone:
        return set()
    made: set[Key] = set()
    never: set[int] = set()
    found: dict[int, Buffer] = {}
    long = bool(cluster.shape) and len(cluster.shape) > 1 and cluster.shape[-1] > LONGEST_ROW
    again: dict[int, set[Any]] = {}
    for m in cluster.members:
        for a in m.ins:
            if a.buffer is not None and a.key() not in made:
                never.add(id(a.buffer))
        for a in m.accesses:
            if a.buffer is not None:
                found[id(a.buffer)] = a.buffer
                if m.level == "element" or (m.way == "row" and a is m.ins[0]):
                    again.setdefault(id(a.buffer), set()).add(
                        "whole" if m.op.kind == "reduce" and m.way != "column" else m.phase
                    )
        made.add(m.out.key())
        if m.late:
            never.add(id(m.out.buffer))
    if long:  # copies of rows would be large
        never |= {b for b, phases in again.items() if len(phases) > 1}
    return {b for b, buffer in found.items() if b not in never and is_local(buffer)}


def copies_of_rows(cluster: Cluster, local: Collection[int]) -> dict[Key, tuple[str, str]]:
    """The rows that are computed and gone through again: a name and a type for an array of each.

    Args:
        local: the buffers that have no memory.
    """
    found: dict[Key, tuple[str, str]] = {}
    if cluster.alone or not cluster.shape:
        return found
    phases: dict[Key, set[int]] = {}
    whole: dict[Key, Access] = {}
    made = {m.out.key() for m in cluster.members if m.op.kind == "map"}
    for m in cluster.members:
        for a in m.accesses:
            if a.buffer is None or (a.strides and not a.strides[-1]):
                continue
            helped = m.op.kind == "reduce" and m.way in ("row", "full") and a is m.ins[0]
            if m.level == "element" and not helped:
                phases.setdefault(a.key(), set()).add(m.phase)
            strided = a.strides[-1] != a.value.dtype.itemsize
            if helped and strided and a.key() in made and cluster.shape[-1] <= LONGEST_ROW:
                whole[a.key()] = a
            if helped and id(a.buffer) in local:
                whole[a.key()] = a
            if id(a.buffer) in local and len(phases.get(a.key(), ())) > 1:
                whole[a.key()] = a
    for n, (key, a) in enumerate(whole.items()):
        found[key] = (f"c{n}", C_TYPES[a.value.dtype.name])
    return found
