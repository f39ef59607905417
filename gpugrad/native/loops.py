"""Ops in common loops: in which places each meets memory, and in which phase it can be.

Members are taken in one after the other. Each is compared with those only that meet the same
memory, so that many take little more time apiece than few.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .members import Access, Key, Member, Strides, cut
from .overlap import apart
from .values import Op

LONGEST_SUMS = 4096
"""So many sums of columns may be on the stack."""

Met = tuple[Member, Access]


class Loops:
    """Members, and what they read and write.

    Attributes:
        shape: of the loops; the last dimension is that of the columns.
        members: in the order of their ops.
        buffers: the identities of all that is read or written.
        written: of that which is written.
        spread: of that of which there is more than one element.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.members: list[Member] = []
        self.buffers: set[int] = set()
        self.written: set[int] = set()
        self.spread: set[int] = set()
        self._size = math.prod(shape)
        self._accesses: dict[int, list[Met]] = {}
        self._writes: dict[int, list[Met]] = {}
        self._first: dict[Key, int] = {}
        """For each key the number of the member that has it first."""
        self._starts: set[tuple[int, int]] = set()
        self._closed = False
        """Whether the only member has to stay so."""

    def copy_in(self, shape: tuple[int, ...]) -> Loops | None:
        """The same members in loops of another shape; None if they do not all fit."""
        other = Loops(shape)
        return other if other.take(self.members) else None

    def hold(self, only: Member) -> None:
        """Have a member that is in no loops, or in loops of its own."""
        self._append(only)
        self._count_in(0)
        self._closed = True

    def take(self, fresh: Sequence[Member], meeting: bool = False) -> bool:
        """Take in members; without all of them, if one does not fit.

        Args:
            meeting: they also must meet some memory in a place where others do.
        """
        count = len(self.members)
        for member in fresh:
            placed = None if self._closed else self._placed(member)
            if placed is None:
                self._drop(count)
                return False
            self._append(placed)
        if meeting and not self._meets(count):
            self._drop(count)
            return False
        self._count_in(count)
        return True

    def may_meet(self, fresh: Sequence[Member]) -> bool:
        """Whether it is worth while to try them: nothing else can be met in one place."""
        return any(
            (id(a.value.buffer), a.value.offset) in self._starts for m in fresh for a in m.accesses
        )

    def precedes(self, op: Op) -> bool:
        """Whether an op must come after the members."""
        if id(op.out.buffer) not in self.buffers and not any(
            id(v.buffer) in self.written for v in op.ins
        ):
            return False
        for value in (*op.ins, op.out):
            if value.buffer is None:
                continue
            known = self._accesses if value is op.out else self._writes
            if any(not apart(value, a.value) for _, a in known.get(id(value.buffer), ())):
                return True
        return False

    # --- keeping count ----------------------------------------------------------------------------

    def _append(self, member: Member) -> None:
        number = len(self.members)
        self.members.append(member)
        for a in member.accesses:
            if a.buffer is not None:
                self._accesses.setdefault(id(a.buffer), []).append((member, a))
                self._first.setdefault(a.key(), number)
        self._writes.setdefault(id(member.out.buffer), []).append((member, member.out))
        if member.way == "row" and not member.ins[0].strides[-1]:
            self._closed = True

    def _drop(self, count: int) -> None:
        """Be without all but the first members."""
        for number in range(len(self.members) - 1, count - 1, -1):
            member = self.members.pop()
            for a in member.accesses:
                if a.buffer is not None:
                    self._accesses[id(a.buffer)].pop()
                    if self._first.get(a.key()) == number:
                        del self._first[a.key()]
            self._writes[id(member.out.buffer)].pop()

    def _count_in(self, start: int) -> None:
        for m in self.members[start:]:
            for a in m.accesses:
                if a.buffer is None:
                    continue
                self.buffers.add(id(a.buffer))
                self._starts.add((id(a.buffer), a.value.offset))
                if any(a.strides) or not self.shape:
                    self.spread.add(id(a.buffer))
            self.written.add(id(m.out.buffer))

    def _meets(self, start: int) -> bool:
        """Whether members from a number on meet memory in a place where earlier ones do."""
        return any(
            a.buffer is not None
            and (any(a.strides) or not self.shape)
            and self._first[a.key()] < start
            for m in self.members[start:]
            for a in m.accesses
        )

    # --- places -----------------------------------------------------------------------------------

    def _placed(self, old: Member) -> Member | None:
        """A member in these loops, behind those that are there; None if it does not fit."""
        shape = self.shape
        level = "element" if math.prod(old.shape) == self._size else "row"
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
            way = self._way(fresh)
            if way is None:
                return None
            fresh.way = way
            if way == "row":
                fresh.level = "row"
                if not ins[0].strides[-1] and self.members:
                    return None
        phase = self._phase(fresh)
        if phase is None:
            return None
        fresh.phase = phase
        return fresh

    def _way(self, fresh: Member) -> str | None:
        shape = self.shape
        gone = [s == 0 for s in fresh.out.strides]
        if fresh.level == "row":
            return "rows" if all(gone) else None
        if all(gone):
            return "full"
        if len(shape) >= 2 and gone[-1] and not any(gone[:-1]):
            return "row"
        if fresh.op.name == "pick":
            return None
        columns = len(shape) >= 2 and all(gone[:-1]) and fresh.op.name == "sum"
        return "column" if columns and shape[-1] <= LONGEST_SUMS else None

    def _phase(self, fresh: Member) -> int | None:
        """The phase for a member; None if it meets memory in another place than others do."""
        phase = 0 if fresh.level == "element" else -1
        for a in fresh.accesses:
            if a.buffer is None:
                continue
            if a.written and not fresh.late and not _each_once(a.strides, self.shape, fresh):
                return None
            known = self._accesses if a.written else self._writes
            for other, b in known.get(id(a.buffer), ()):
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
