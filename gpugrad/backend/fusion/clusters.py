"""Steps gathered into groups that can be done at one time."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping

from ..noted_steps import Step
from .flow import Flow

MOST_LOOKED_AT = 4000
"""So many groups are searched for a way that forbids a merger; then it counts as forbidden."""


class Clusters:
    """A division of a program's steps into groups, at first of one step each.

    Two groups may be merged if no step outside has to be done after one and before the other.

    Args:
        flow: of the steps.

    Attributes:
        members: the numbers of each group's steps, in order, by the group's number.
        of: the number of each step's group.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        count = len(flow.steps)
        self.of = list(range(count))
        self.members = {n: [n] for n in range(count)}
        self._after: list[set[int]] = [set() for _ in range(count)]
        for before, after in _dependences(flow):
            self._after[before].add(after)

    def merge(self, one: int, other: int) -> bool:
        """Merge two groups, if that can be done; the result has the number of the first."""
        if one == other:
            return True
        if self._way(one, other) or self._way(other, one):
            return False
        for step in self.members[other]:
            self.of[step] = one
        self.members[one] = sorted(self.members[one] + self.members.pop(other))
        return True

    def _following(self, cluster: int) -> set[int]:
        after = {self.of[n] for step in self.members[cluster] for n in self._after[step]}
        return after - {cluster}

    def _way(self, start: int, end: int) -> bool:
        """Whether a group outside of both comes after the one and before the other."""
        waiting = self._following(start) - {end}
        seen = set(waiting)
        while waiting:
            following = self._following(waiting.pop())
            if end in following or len(seen) > MOST_LOOKED_AT:
                return True
            waiting |= following - seen
            seen |= following
        return False

    def ordered(self, instead: Mapping[int, list[Step]]) -> list[Step]:
        """All steps in an order that is allowed, with others in the place of some groups.

        A group is done when its last step was, or as soon after that as possible.
        """
        following = {c: self._following(c) for c in self.members}
        missing = dict.fromkeys(self.members, 0)
        for after in following.values():
            for c in after:
                missing[c] += 1
        ready = [(steps[-1], c) for c, steps in self.members.items() if not missing[c]]
        heapq.heapify(ready)
        found: list[Step] = []
        while ready:
            _, cluster = heapq.heappop(ready)
            own = [self._flow.steps[n] for n in self.members[cluster]]
            found += instead.get(cluster, own)
            for c in following[cluster]:
                missing[c] -= 1
                if not missing[c]:
                    heapq.heappush(ready, (self.members[c][-1], c))
        return found


def _dependences(flow: Flow) -> Iterator[tuple[int, int]]:
    """Pairs of steps of which the second must come after the first."""
    written: dict[int, int] = {}
    read: dict[int, list[int]] = {}
    effect: int | None = None
    for number, step in enumerate(flow.steps):
        for region in flow.reads[number] | flow.writes[number]:
            if region in written:
                yield written[region], number
        yield from _after_readers(flow.writes[number], read, number)
        for region in flow.reads[number]:
            read.setdefault(region, []).append(number)
        for region in flow.writes[number]:
            written[region] = number
        if step.effect:
            if effect is not None:
                yield effect, number
            effect = number


def _after_readers(
    regions: Collection[int], read: dict[int, list[int]], number: int
) -> Iterator[tuple[int, int]]:
    for region in regions:
        for reader in read.pop(region, ()):
            yield reader, number
