"""Parameters sorted into lists of one device and one dtype, which a backend updates in one call.

Sorting costs more than a small model's whole update, so a group's plan is kept for as long as the
same arrays have gradients. Whatever a user may change between two steps is read anew each time:
gradients, options, state.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import is_
from typing import Any

from ..backend import backend_of
from ..backend.primitives import Array
from ..creation import zeros
from ..dtypes import dtype, float32, float64
from ..tensor import Tensor

Group = dict[str, Any]


class LearningRate:
    """``group["lr"]`` as a 0-d array on the device, where steps and their replays read it."""

    __slots__ = ("array", "seen")

    def __init__(self, array: Array) -> None:
        self.array = array
        self.seen: object = None

    def follow(self, lr: Any) -> None:
        """Write the array anew; needed whenever ``group["lr"]`` is not the object ``seen``.

        A number goes along with the command to fill the array: that copies nothing to the device.
        """
        backend = backend_of(self.array)
        if not isinstance(lr, Tensor):
            if type(lr) is type(self.seen) and lr == self.seen:
                self.seen = lr
                return
            backend.fill(self.array, lr)
            self.seen = lr
            return
        self.seen = None  # a tensor may be changed in place
        if backend_of(lr.array) is backend:
            backend.copy(lr.array.reshape(()), out=self.array)
        else:
            backend.fill(self.array, lr.item())


class Bucket:
    """Some of a group's parameters, of one device, dtype and number of steps.

    Attributes:
        positions: which of the group's parameters with gradients belong here, None for all.
        lr: the learning rate in the dtype that the update wants.
        step: the number of steps, a tensor that these parameters share; None if nobody counts.
        scratch: the backend's memory for intermediate results.
    """

    __slots__ = ("backend", "lr", "positions", "scratch", "step")

    def __init__(
        self,
        arrays: list[Array],
        positions: list[int] | None,
        lr: LearningRate,
        step: Any,
    ) -> None:
        self.positions = positions
        self.lr = lr
        self.step = step
        self.backend = backend_of(arrays[0])
        self.scratch = self.backend.step_scratch(arrays)


class Plan:
    """The buckets of a group, valid for these arrays and step counts."""

    __slots__ = ("arrays", "buckets", "steps")

    def __init__(self, arrays: list[Array], steps: list[Any], buckets: list[Bucket]) -> None:
        self.arrays = arrays
        self.steps = steps
        self.buckets = buckets

    def fits(self, arrays: list[Array], steps: list[Any]) -> bool:
        return (
            len(arrays) == len(self.arrays)
            and all(map(is_, arrays, self.arrays))
            and (not steps or all(map(is_, steps, self.steps)))
        )


def make_plan(
    params: list[Tensor],
    states: list[dict[str, Any]] | None,
    everyone: Iterator[Any],
    rates: dict[Any, LearningRate],
    wide_lr: bool,
) -> Plan:
    """Sort ``params``, which have gradients, into buckets.

    Args:
        states: the parameters' states with their ``"step"``; None if steps are not counted.
        everyone: the states of all parameters of the optimizer.
        rates: the group's learning rates by device and dtype; added to.
        wide_lr: whether the learning rate is float64 for every parameter.
    """
    for p in params if states is None else [*params, *(s["step"] for s in states)]:
        p.array = backend_of(p.array).asarray(p.array)  # NumPy's scalars cannot be written to
    arrays = [p.array for p in params]
    members: dict[Any, list[int]] = {}
    for i, p in enumerate(params):
        step = None if states is None else states[i]["step"]
        members.setdefault((p.device, p.dtype, id(step)), []).append(i)
    if states is not None:
        own_steps(members.values(), states, everyone)
    buckets = []
    for positions in members.values():
        first = params[positions[0]]
        lr_dtype = rate_dtype(first.dtype, wide_lr)
        key = (first.device, lr_dtype)
        if key not in rates:
            rates[key] = LearningRate(zeros((), dtype=lr_dtype, device=first.device).array)
        buckets.append(
            Bucket(
                [arrays[i] for i in positions],
                None if len(members) == 1 else positions,
                rates[key],
                None if states is None else states[positions[0]]["step"],
            )
        )
    steps = [] if states is None else [s["step"] for s in states]
    return Plan(arrays, steps, buckets)


def rate_dtype(param_dtype: dtype, wide: bool) -> dtype:
    """The learning rate's dtype: never narrower than float32."""
    return float64 if wide or param_dtype is float64 else float32


def own_steps(members: Any, states: list[dict[str, Any]], everyone: Iterator[Any]) -> None:
    """Give each bucket a step count that nobody outside of it shares.

    A count is shared by parameters that have always been updated together. Those of them that now
    have no gradient must not be counted along.
    """
    sharers: dict[int, int] = {}
    for state in everyone:
        if isinstance(state, dict) and "step" in state:
            sharers[id(state["step"])] = sharers.get(id(state["step"]), 0) + 1
    for positions in members:
        inside = {id(states[i]): states[i] for i in positions}
        step = states[positions[0]]["step"]
        if sharers[id(step)] > len(inside):
            step = step.clone()
            for state in inside.values():
                state["step"] = step
