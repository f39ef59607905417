"""Whether two traced calls did the same: then the next one will, too."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..backend.noted_steps import CaptureError, Ref
from .structure import PLAIN, fields_of
from .trace import Slot, Trace


def compare(first: Trace, second: Trace) -> None:
    """Make sure that a second call did the same steps: then the next one will too.

    Memory that was there before must be the same, or hold the same constants. This finds what
    would be frozen: numbers that Python computed anew, and arrays that were made outside of the
    primitives.

    Raises:
        CaptureError: they differ; the message names the step.
    """
    a, b = first.steps, second.steps
    for number, (one, other) in enumerate(zip(a, b, strict=False)):
        same = _Same(first, second)
        if one.name != other.name:
            raise CaptureError(
                f"the function does not do the same in every call: step {number} was {one.name} at "
                f"{one.place} and then {other.name} at {other.place}"
            )
        if not same((one.args, one.kwargs, one.results), (other.args, other.kwargs, other.results)):
            if same.left_behind:
                raise CaptureError(
                    f"{other.name} at {other.place} reads what the call before has left behind in "
                    "memory of its own, such as an attribute that every call assigns anew: write "
                    "into the same memory, as copy_() does, or pass it as an argument"
                )
            raise CaptureError(
                f"the arguments of {one.name} at {other.place} change from call to call: "
                f"{same.difference}. A number that Python computes would be frozen: make it an "
                "argument of the function or a tensor"
            )
    if len(a) != len(b):
        longer = max(a, b, key=len)
        raise CaptureError(
            f"the function does not do the same in every call: {len(a)} steps and then {len(b)}; "
            f"the first one more is {longer[min(len(a), len(b))].name} at "
            f"{longer[min(len(a), len(b))].place}"
        )
    if not _returns_same(first, second, first.result, second.result):
        raise CaptureError(
            f"the function's result is another one in every call: {first.result!r} and then "
            f"{second.result!r}. What Python computes would be frozen"
        )


def _returns_same(first: Trace, second: Trace, one: Any, other: Any) -> bool:
    """Whether two results have the same structure, and the same values besides tensors.

    Another view of the same memory that was there before, such as a parameter detached, becomes a
    result that is copied.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, Slot):
        if one.same is not None and other.same is not None and one.same is not other.same:
            before, now = first.recorder.ref(one.same.array), second.recorder.ref(other.same.array)
            if _place_of(before) != _place_of(now):
                return False
            other.ref, other.leaf, other.same = now, other.same.needs_grad, None
            return True
        return one.number == other.number and one.same is other.same
    same = functools.partial(_returns_same, first, second)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if type(one) not in PLAIN and (fields := fields_of(one)) is not None:
        others = fields_of(other) or {}
        return fields.keys() == others.keys() and all(same(fields[k], others[k]) for k in fields)
    return bool(one is other or one == other or (one != one and other != other))


def _place_of(ref: Ref) -> tuple[Any, ...]:
    return id(ref.root.owner), ref.offset, ref.shape, ref.strides, ref.dtype


def _places(trace: Trace) -> dict[int, Any]:
    """Which argument, or gradient of a leaf or of a result, a piece of memory is."""
    memory = trace.recorder.backend.memory
    arrays = (*trace.inputs, *(seed for one in trace.passes for seed in one.seeds))
    found: dict[int, Any] = {
        id(memory(entry.before.array)[0]): entry.leaf
        for entry in trace.leaves
        if entry.before is not None
    }
    return found | {id(memory(array)[0]): place for place, array in enumerate(arrays)}


def _only_itself(value: Any) -> bool:
    """Whether a value is equal to no other, since its class says nothing about that."""
    equal: Any = type(value).__eq__
    return equal is object.__eq__


class _Same:
    """Whether arguments of the same step in two traces mean the same."""

    def __init__(self, first: Trace, second: Trace) -> None:
        self._inputs = [_places(trace) for trace in (first, second)]
        self._backend = second.recorder.backend
        self.difference = ""
        self.left_behind = False
        """Whether the second call read memory that the first one had made."""
        self._made = first.recorder.roots

    def __call__(self, one: Any, other: Any) -> bool:
        if isinstance(one, Ref) and isinstance(other, Ref):
            return self._memory(one, other) or self._differ("an array made in Python", "")
        if type(one) is not type(other):
            return self._differ(one, other)
        if isinstance(one, (list, tuple)):
            return len(one) == len(other) and all(map(self, one, other))
        if isinstance(one, dict):
            return one.keys() == other.keys() and all(self(one[k], other[k]) for k in one)
        if isinstance(one, np.ndarray):  # on the host, to be copied to a device
            layout = one.dtype == other.dtype and one.shape == other.shape
            same = layout and one.tobytes() == other.tobytes()
            return same or self._differ("an array made in Python", "")
        if one is other or one == other or (one != one and other != other):
            return True
        # Objects of one type that cannot be compared, such as memory for intermediate results.
        return _only_itself(one) or self._differ(one, other)

    def _memory(self, one: Ref, other: Ref) -> bool:
        layout = (one.offset, one.shape, one.strides, one.dtype)
        if layout != (other.offset, other.shape, other.strides, other.dtype):
            return False
        if one.root.step != other.root.step or one.root.owner is other.root.owner:
            return one.root.step == other.root.step
        if not one.root.external:
            return True
        first, second = self._inputs
        place = first.get(id(one.root.owner))
        if place is not None or id(other.root.owner) in second:
            there = second.get(id(other.root.owner))
            return place is there or (type(place) is int and place == there)
        made = self._made.get(id(other.root.owner))
        self.left_behind = made is not None and not made.external
        # To the last bit: nan is like nan, and zeros have signs.
        return not self.left_behind and self._bytes(one) == self._bytes(other)

    def _bytes(self, ref: Ref) -> bytes:
        return np.asarray(self._backend.to_host(ref.array)).tobytes()

    def _differ(self, one: Any, other: Any) -> bool:
        self.difference = f"{one!r} and then {other!r}" if other != "" else str(one)
        return False
