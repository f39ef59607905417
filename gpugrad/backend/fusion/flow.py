"""Which step of a program reads and writes which memory."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ..noted_steps import Ref, Root, Step, refs_in

ONLY_SHAPES = frozenset(["ones_like", "zeros_like"])
"""Primitives that look at the shape of their operand and not at its values."""


class Place(NamedTuple):
    """Contiguous elements: two refs of one place are the same elements in the same order."""

    region: int
    address: int
    size: int
    dtype: Any


class Flow:
    """The reads and writes of steps, in terms of regions: pieces of memory that do not overlap.

    Args:
        steps: in order.
        kept: memory whose contents are wanted when all has been done.

    Attributes:
        steps: as given.
        reads: for each step the regions whose values it takes.
        writes: for each step the regions that it changes.
        readers: for each region the numbers of the steps that read it.
        writers: for each region the numbers of the steps that change it.
    """

    def __init__(self, steps: Sequence[Step], kept: Collection[Root]) -> None:
        self.steps = list(steps)
        self._regions = _regions([ref for step in self.steps for ref in step.refs()], kept)
        self._external = {n for root, n in self._regions.items() if root.external}
        self._kept = {self.region(root) for root in kept}
        self.reads: list[set[int]] = []
        self.writes: list[set[int]] = []
        self.readers: dict[int, list[int]] = {n: [] for n in self._regions.values()}
        self.writers: dict[int, list[int]] = {n: [] for n in self._regions.values()}
        for number, step in enumerate(self.steps):
            values = () if step.name in ONLY_SHAPES else refs_in((step.args, step.kwargs))
            self.reads.append({self.region(ref.root) for ref in values})
            self.writes.append({self.region(ref.root) for ref in step.written()})
            for region in self.reads[-1]:
                self.readers[region].append(number)
            for region in self.writes[-1]:
                self.writers[region].append(number)
        for region, writers in self.writers.items():  # what is read first was there before
            if not writers or min(self.readers[region], default=writers[0] + 1) <= writers[0]:
                self._external.add(region)

    # --- memory -----------------------------------------------------------------------------------

    def region(self, root: Root) -> int:
        """The region of which the memory is a part. Memory from outside may overlap."""
        return self._regions[root]

    def place(self, ref: Any) -> Place | None:
        """Where the elements are; None for what is not contiguous, empty, or no array."""
        if not isinstance(ref, Ref) or not contiguous(ref):
            return None
        address = ref.root.address + ref.offset
        return Place(self.region(ref.root), address, math.prod(ref.shape), ref.dtype)

    def outlives(self, region: int) -> bool:
        """Whether somebody looks at the region when all steps have been done."""
        return region in self._kept or region in self._external

    # --- values -----------------------------------------------------------------------------------

    def maker(self, ref: Any) -> int | None:
        """The step that made these elements, if nothing else has been in this memory or will be."""
        place = self.place(ref)
        if place is None or place.region in self._external:
            return None
        writers = self.writers[place.region]
        if len(writers) != 1 or any(n <= writers[0] for n in self.readers[place.region]):
            return None
        (number,) = writers
        made = [self.place(result) for result in self.steps[number].results]
        return number if place in made else None

    def starts_with(self, ref: Ref, number: int) -> bool:
        """Whether a step is the first that has to do with this memory, and makes these elements."""
        region = self.region(ref.root)
        if region in self._external or self.writers[region][0] != number:
            return False
        made = [self.place(result) for result in self.steps[number].results]
        return self.place(ref) in made and all(n > number for n in self.readers[region])

    def made_by(self, ref: Any, name: str) -> int | None:
        """As :meth:`maker`, if that step is of this name."""
        number = self.maker(ref)
        return number if number is not None and self.steps[number].name == name else None

    def read_by(self, ref: Ref) -> list[int] | None:
        """The steps that read the memory; None if it is looked at later, too."""
        region = self.region(ref.root)
        return None if self.outlives(region) else self.readers[region]

    def unchanged(self, ref: Any, first: int, last: int) -> bool:
        """Whether the step ``last`` finds in this memory what it held after the step ``first``."""
        if not isinstance(ref, Ref):
            return True
        return not any(first < n < last for n in self.writers[self.region(ref.root)])

    # --- other steps ------------------------------------------------------------------------------

    def edited(self, edits: Mapping[int, list[Step]]) -> list[Step]:
        """The steps, with others in the place of some."""
        found: list[Step] = []
        for number, step in enumerate(self.steps):
            found += edits.get(number, [step])
        return found


def contiguous(ref: Ref) -> bool:
    """Whether the elements follow each other in row-major order, and there are any."""
    expected = ref.dtype.itemsize
    for n, stride in zip(reversed(ref.shape), reversed(ref.strides), strict=True):
        if n != 1 and stride != expected:
            return False
        expected *= n
    return bool(expected > 0)


def alike(*refs: Any) -> bool:
    """Whether all are contiguous arrays of one shape and dtype."""
    first = refs[0]
    return all(
        isinstance(r, Ref) and r.shape == first.shape and r.dtype == first.dtype and contiguous(r)
        for r in refs
    )


def flattened(backend: Any, ref: Ref) -> Ref:
    """Contiguous elements as an array of one dimension."""
    size = math.prod(ref.shape)
    array = backend.reshape(ref.array, (size,))
    return Ref(ref.root, ref.offset, (size,), (ref.dtype.itemsize,), ref.dtype, array)


def plain(step: Step) -> bool:
    """Whether a step does nothing but compute one array from its positional arguments."""
    return (
        len(step.results) == 1
        and not step.several
        and not step.also_written
        and not step.effect
        and not step.kwargs
    )


def _regions(refs: Sequence[Ref], roots: Collection[Root]) -> dict[Root, int]:
    """A number for each root, the same for roots from outside of which the used parts overlap."""
    used: dict[Root, tuple[int, int]] = {}
    for ref in refs:
        start, end = _extent(ref)
        first, last = used.get(ref.root, (start, end))
        used[ref.root] = min(first, start), max(last, end)
    found: dict[Root, int] = {}
    number, limit = 0, 0
    for root, (start, end) in sorted(used.items(), key=lambda item: item[1]):
        if root.external:
            number += start >= limit
            found[root], limit = number, max(limit, end)
    for root in (*used, *roots):
        found.setdefault(root, len(used) + len(found) + 1)
    return found


def _extent(ref: Ref) -> tuple[int, int]:
    """The addresses of the first byte and of that after the last."""
    start = ref.root.address + ref.offset
    if 0 in ref.shape:
        return start, start
    steps = [(n - 1) * stride for n, stride in zip(ref.shape, ref.strides, strict=True)]
    low = start + sum(s for s in steps if s < 0)
    return low, start + sum(s for s in steps if s > 0) + ref.dtype.itemsize
