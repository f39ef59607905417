"""What a call changes besides what it returns, and whether two calls gave the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.engine import TensorBase
from ..backend.noted_steps import Ref
from ..backend.primitives import Array
from .trace import Trace

TOLERANCE = {"float64": 1e-9, "float32": 1e-3, "float16": 2e-2, "bfloat16": 5e-2}
"""Relative to the largest element: fused and planned calls may round otherwise."""

ROUNDINGS = 64
"""So many roundings of the largest number may add up where nothing else is left."""


def size(backend: Any, array: Array) -> float:
    """The largest finite number in an array of floating-point numbers; else 0."""
    if array.dtype.kind not in "fV":
        return 0.0
    numbers = np.asarray(backend.to_host(array)).astype(np.float64)
    return float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0))


def rounding(dtype: Any, largest: float) -> float:
    """What may be left where numbers as large as ``largest`` cancel each other."""
    eps = np.finfo("float64" if dtype.itemsize == 8 else "float32").eps
    return ROUNDINGS * largest * float(eps)


def left_to_chance(backend: Any, gradient: Array, largest: float) -> Any:
    """Where a gradient is but what rounding has left.

    An optimizer that divides by the size of the gradient takes steps of full length there.
    """
    numbers = np.asarray(backend.to_host(gradient)).astype(np.float64)
    return np.abs(numbers) <= rounding(gradient.dtype, largest)


def coarsest(trace: Trace) -> float:
    """The tolerance for the narrowest type of floating-point numbers that a call works with.

    Numbers of wider types may follow from those. Single numbers, such as counts of steps, do not
    count.
    """
    arrays = {ref.dtype for step in trace.steps for ref in step.refs() if math.prod(ref.shape) > 1}
    return max((TOLERANCE.get(dtype.name, 0.0) for dtype in arrays), default=0.0)


def agree(
    backend: Any,
    expected: Array,
    found: Array,
    largest: float = 0.0,
    ignored: Any = False,
    least: float = 0.0,
) -> bool:
    """Whether two arrays have the same values but for rounding. Waits for the device.


    ``largest`` is the largest number that was met elsewhere: where such numbers cancel each other,
    as in the gradient of a bias before a normalization, nothing but their rounding is left.
    ``ignored`` is a mask of elements that do not count. ``least`` is the least tolerance: for where
    numbers of a narrower type have been calculated with.
    """
    a, b = (np.asarray(backend.to_host(x)) for x in (expected, found))
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind not in "fV":
        return bool((a == b).all())
    limit = max(TOLERANCE[a.dtype.name], least)
    one, other = (x.astype(np.float64) for x in (a, b))
    scale = float(np.abs(one[np.isfinite(one)]).max(initial=0.0))
    close = limit * scale + rounding(a.dtype, largest)
    fits = np.isclose(one, other, rtol=limit, atol=close, equal_nan=True)
    return bool((fits | ignored).all())


def written(trace: Trace, tensors: Sequence[TensorBase]) -> list[Array]:
    """Arrays from outside into which steps may write: arguments and gradients are others now."""
    backend = trace.recorder.backend
    inputs = {
        id(backend.memory(then)[0]): now.array
        for then, now in zip(trace.inputs, tensors, strict=True)
    }
    inputs |= {
        id(backend.memory(entry.before.array)[0]): entry.leaf.grad.array
        for entry in trace.leaves
        if entry.before is not None and entry.leaf.grad is not None
    }
    refs: dict[Ref, Array] = {}
    arguments: dict[int, Array] = {}
    for step in trace.steps:
        for ref in step.written():
            owner = id(ref.root.owner)
            if owner in inputs:
                arguments[owner] = inputs[owner]
            elif ref.root.external and backend.writable(ref.array):
                refs.setdefault(ref, ref.array)
    return [*refs.values(), *arguments.values()]


def streams(trace: Trace) -> list[Any]:
    """The streams of random numbers that a call draws from, each once."""
    owners: list[Any] = [step.function.__self__ for step in trace.steps if step.effect]  # type: ignore[attr-defined]
    found = [getattr(owner, "stream", owner) for owner in owners]
    if any(step.name == "draw_dropout" for step in trace.steps):  # by the state in the memory
        from ..random import state  # which is above this module

        found += [generator.stream for generator, _ in state.snapshot()]
    return list({id(stream): stream for stream in found}.values())
