"""Values that are the same in every replay, which Python may therefore look at while recording.

Such are arrays made of nothing but numbers and other such arrays, and memory from outside that the
recording does not write into: replays stand as long as nobody else has written into it, by the
count of writes that its tensors keep. What follows from inputs or random numbers is not constant.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from .guards import MOST_BYTES
from .noted_steps import Ref, Root, Step, refs_in
from .primitive_effects import DRAWS, ONLY_SHAPE, picks_by_mask
from .primitives import Array

if TYPE_CHECKING:
    from .recorder import Recorder

Again = Callable[[list[Step], Ref], Array]
"""Carries steps out once more, and gives the array that a ref then stands for."""

Versions = Callable[[Any], list[list[int]] | None]
"""For the owner of memory from outside: the counts of writes of its tensors, each a list of one
number; None where it is not known who writes into it."""


class ConstantValues:
    """What is constant in a recording.

    Args:
        recorder: notes the steps.
        versions: tells who counts the writes into memory.
        again: makes sure that a constant follows from what was noted, and from nothing else.
    """

    def __init__(self, recorder: Recorder, versions: Versions, again: Again) -> None:
        self._recorder = recorder
        self._versions = versions
        self._again = again
        self._steps_seen = 0
        self._varying: set[Root] = set()
        self._follows_from: dict[Root, set[Root]] = {}
        self._relied_on: dict[Root, list[list[int]] | None] = {}
        self._places: dict[int, tuple[Array, list[Array]]] = {}
        recorder.at_end.append(self._check_unwritten)

    def varies(self, array: Array) -> None:
        """Replays are given another array in the place of this one."""
        self._varying.add(self._recorder.ref(array).root)

    def holds(self, value: Any) -> bool:
        """Whether all arrays in nested lists, tuples and dictionaries are constant."""
        self._follow_steps()
        refs = list(refs_in(self._recorder.translate(value)))
        return all(map(self._is_constant, refs)) and all(map(self._was_noted, refs))

    def _follow_steps(self) -> None:
        steps = self._recorder.steps
        for step in steps[self._steps_seen :]:
            read = set()
            if step.name not in ONLY_SHAPE:
                read = {ref.root for ref in refs_in((step.args, step.kwargs))}
            written = {ref.root for ref in step.written()}
            chance = step.effect or step.name in DRAWS or step.name == "draw_dropout"
            if chance or not self._varying.isdisjoint(read):
                self._varying |= written
                continue
            sources = {source for root in read for source in self._sources(root)}
            for root in written:
                if root.external:
                    self._varying.add(root)
                else:
                    self._follows_from.setdefault(root, set()).update(sources)
        self._steps_seen = len(steps)

    def _sources(self, root: Root) -> Collection[Root]:
        """The memory from outside from which the numbers in a piece of memory follow."""
        if root.external:
            return () if root.frozen else (root,)
        return self._follows_from.get(root, ())

    def _is_constant(self, ref: Ref) -> bool:
        if ref.root in self._varying:
            return False
        for root in self._sources(ref.root):
            if root not in self._relied_on:
                self._relied_on[root] = self._versions(root.owner)
            if self._relied_on[root] is None:
                return False
        return True

    def _was_noted(self, ref: Ref) -> bool:
        """Whether the steps give these numbers, and nobody wrote into them beside the steps."""
        if ref.root.external:
            return True
        live, steps = {ref.root}, []
        for step in reversed(self._recorder.steps):
            if not live.isdisjoint(r.root for r in step.written()):
                steps.append(step)
                if step.name not in ONLY_SHAPE:
                    live.update(r.root for r in step.refs())
        with self._recorder.paused():
            found = self._again(steps[::-1], ref)
            numbers = [self._recorder.backend.to_host(array) for array in (found, ref.array)]
        return bool(numbers[0].tobytes() == numbers[1].tobytes())

    def _check_unwritten(self) -> None:
        self._follow_steps()
        for root, counts in self._relied_on.items():
            if counts is None:
                continue
            if root in self._varying:
                self._recorder.fail(
                    "a value is read by Python, or a mask used as index, that the function itself "
                    "changes later on"
                )
            for count in counts:
                self._recorder.require("{}[0] == {}", count, count[0])
            self._watch_bytes(root)

    def _watch_bytes(self, root: Root) -> None:
        """Take a little memory for granted that NumPy, too, may write into, which nobody counts."""
        if self._recorder.backend.device_type == "cpu" and root.nbytes <= MOST_BYTES:
            place = (ctypes.string_at, root.address, root.nbytes)
            self._recorder.require("{}({}, {}) == {}", *place, ctypes.string_at(*place[1:]))

    # --- looking at them --------------------------------------------------------------------------

    def read(self, name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a primitive gives that looks at constant arrays: constant, too."""
        with self._recorder.paused():
            result = function(*args, **kwargs)
        if name == "to_host":
            return result
        if isinstance(result, tuple):
            return tuple(map(self._made, result))
        return self._made(result)

    def places(self, index: Any) -> Any:
        """An index with the places where constant masks hold, in the masks' stead."""
        if not isinstance(index, tuple):
            return tuple(self._places_of(index))
        found: list[Any] = []
        for item in index:
            found += self._places_of(item) if picks_by_mask(item) else [item]
        return tuple(found)

    def _places_of(self, mask: Array) -> list[Array]:
        if id(mask) not in self._places:
            with self._recorder.paused():
                places = self._recorder.backend.nonzero(mask)
            self._places[id(mask)] = mask, [self._made(array) for array in places]
        return self._places[id(mask)][1]

    def _made(self, array: Array) -> Array:
        """A copy that replays make anew, if anybody writes into it."""
        self._recorder.ref(array).root.frozen = True
        copied: Array = self._recorder.backend.copy(array)
        return copied
