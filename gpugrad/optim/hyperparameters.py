"""Options of a group that recorded steps read from memory, since they have been seen to change.

Most options stay as they are, and a recording may take their numbers for granted. A number that is
not what it was when its group was first updated is read from memory by recordings made from then
on, as the learning rate always is. So a schedule that moves the momentum along with the learning
rate costs no more than one that leaves it alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NamedTuple

from ..autograd.engine import wrap
from ..backend import backend_of, recording
from ..backend.hyperparameters import Varying
from ..creation import zeros
from ..dtypes import float64
from .buckets import Bucket, Group, Plan


class Option(NamedTuple):
    """A number among a group's options.

    Attributes:
        name: as a key of the group.
        item: which item of a tuple it is; None for an option that is a number itself.
        bound: above this number, the backend's step calculates in another way; None if nowhere.
    """

    name: str
    item: int | None = None
    bound: float | None = None

    def of(self, group: Group) -> Any:
        """Its value in a group."""
        value = group[self.name]
        return value if self.item is None else value[self.item]

    def is_high(self, group: Group) -> bool:
        """Whether its value is above the bound."""
        return self.bound is not None and bool(self.of(group) > self.bound)

    @property
    def place(self) -> str:
        """An expression for its value, with ``{}`` in the place of the group."""
        return f"{{}}[{self.name!r}]" + ("" if self.item is None else f"[{self.item}]")


BETAS = (Option("betas", 0, 0.5), Option("betas", 1))
"""Of optimizers like Adam; running means of gradients move from their nearer end."""


class Hyperparameters:
    """The numbers among a group's options, on one device.

    Args:
        options: all of them, in the order in which the backend's step takes them.
    """

    def __init__(self, options: tuple[Option, ...], device: Any) -> None:
        self._options = options
        self._numbers = zeros((len(options),), dtype=float64, device=device).array
        self._places = [self._numbers[k, ...] for k in range(len(options))]
        self._seen: list[Any] = [0.0] * len(options)

    def follow(self, group: Group) -> None:
        """Write to memory what differs from what is there."""
        seen = self._seen
        for k, option in enumerate(self._options):
            value = option.of(group)
            if value is not seen[k]:
                if value != seen[k]:
                    backend_of(self._numbers).fill(self._places[k], float(value))
                seen[k] = value

    def stand_in(self, group: Group, varying: set[Option]) -> Group:
        """A group for a recording: the backend's step finds some of its options in memory."""
        found = dict(group)
        for option, place in zip(self._options, self._places, strict=True):
            if option not in varying:
                continue
            value = Varying(place, self._numbers, option.is_high(group))
            if option.item is None:
                found[option.name] = value
            else:
                items = list(found[option.name])
                items[option.item] = value
                found[option.name] = tuple(items)
        return found


class Variation:
    """Which options of a group change, as far as that is known.

    Args:
        options: those that recordings can read from memory.
        group: as it is when its parameters are updated for the first time.
    """

    def __init__(self, options: tuple[Option, ...], group: Group) -> None:
        self._options = options
        self._first = [option.of(group) for option in options]
        self._changed: set[Option] = set()
        self._on: dict[Any, Hyperparameters] = {}

    def record(self, recorder: recording.Recorder, group: Group, plan: Plan) -> list[Group]:
        """Tell a recorder what a step of the group takes for granted, and what changes.

        Returns:
            For each bucket of the plan, the group for its part of the step.
        """
        varying = self._varying(group)
        self._take_for_granted(recorder, group, varying)
        with recorder.paused():
            followed = [self._memory_for(bucket) for bucket in plan.buckets] if varying else []
        distinct = list(dict.fromkeys(followed))

        def follow() -> None:
            for bucket in plan.buckets:
                if bucket.lr.seen is not group["lr"]:
                    bucket.lr.follow(group["lr"])
            for numbers in distinct:
                numbers.follow(group)

        with recorder.paused():
            follow()
        recorder.before_replay(follow)
        recorder.at_end.append(partial(self._check_unchanged, recorder, group, self._values(group)))
        if not varying:
            return [group] * len(plan.buckets)
        return [numbers.stand_in(group, varying) for numbers in followed]

    def _check_unchanged(
        self, recorder: recording.Recorder, group: Group, values: list[Any]
    ) -> None:
        """Refuse a function that changes options itself: replays would not."""
        pairs = zip(values, self._values(group), strict=True)
        if any(before is not now and before != now for before, now in pairs):
            recorder.fail(
                "it changes the learning rate or another option of an optimizer, as schedules do, "
                "which Python would not repeat: do it outside of the function"
            )

    def _values(self, group: Group) -> list[Any]:
        return [group["lr"], *(option.of(group) for option in self._options)]

    def _varying(self, group: Group) -> set[Option]:
        """The options that a recording made now reads from memory."""
        for option, first in zip(self._options, self._first, strict=True):
            now = option.of(group)
            if now is not first and now != first:
                self._changed.add(option)
        # What is 0 is left out of a step: the term that belongs to it, and so its memory.
        return {o for o in self._changed if _is_number(o.of(group)) and o.of(group) != 0}

    def _take_for_granted(
        self, recorder: recording.Recorder, group: Group, varying: set[Option]
    ) -> None:
        numbers = {option.name for option in self._options}
        for name, value in group.items():
            if name not in ("params", "lr", *numbers):
                recorder.require(f"{{}}[{name!r}] is {{}}", group, value)
        for option in self._options:
            if option not in varying:
                _require_equal(recorder, option.place, group, option.of(group))
                continue
            recorder.require(option.place + " != 0", group)
            if option.bound is not None:
                side = f"({option.place} > {option.bound!r}) == {option.is_high(group)}"
                recorder.require(side, group)

    def _memory_for(self, bucket: Bucket) -> Hyperparameters:
        device = bucket.backend.device(bucket.lr.array)
        if device not in self._on:
            self._on[device] = Hyperparameters(self._options, device)
        return self._on[device]


def operand(number: Any, dtype: Any) -> Any:
    """An option beside tensors of ``dtype``: a number, or a 0-d tensor where it is in memory."""
    return wrap(number.value).to(dtype) if isinstance(number, Varying) else number


def rest(number: Any, dtype: Any) -> Any:
    """1 - ``number`` in the same way, calculated in float64."""
    return (1 - wrap(number.value)).to(dtype) if isinstance(number, Varying) else 1 - number


def take_for_granted(
    recorder: recording.Recorder, group: Group, names: Collection[Any] | None = None
) -> None:
    """Let replays stand only as long as options are as they are, the learning rate included.

    ``names`` are those of the options; None stands for all.
    """
    for name, value in group.items():
        if name != "params" and (names is None or name in names):
            _require_equal(recorder, Option(name).place, group, value)


def with_options_for_granted(step: Callable[..., Any]) -> Callable[..., Any]:
    """The ``step`` of an optimizer from outside, for which options are numbers as Python has them.

    What is recorded of it stands only as long as all of them are as they are, or, if it leaves the
    update to ``super().step()``, those that it mentions itself.
    """
    code = getattr(step, "__code__", None)
    mentioned = None if code is None or "super" not in code.co_names else set(code.co_consts)

    @functools.wraps(step)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = recording.current()
        if recorder is not None and recorder.for_replays:
            for group in self.param_groups:
                take_for_granted(recorder, group, mentioned)
                self._note_parameters(group)
        return step(self, *args, **kwargs)

    return wrapper


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _require_equal(recorder: recording.Recorder, place: str, group: Group, value: Any) -> None:
    """Let replays stand only as long as an option is as it is, or is an equal number."""
    term = f"{place} is {{}}"
    if _is_number(value):
        equal = f"type({place}) is {{}} and {place} == {{}}"
        recorder.require(f"({term} or {equal})", group, value, group, type(value), group, value)
    else:
        recorder.require(term, group, value)
