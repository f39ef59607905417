"""The first replay of a program, compared with the eager call that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.engine import TensorBase
from ..backend.noted_steps import CaptureError, Ref
from ..backend.primitives import Array
from .program import Program
from .structure import tensors_in
from .trace import Trace

TOLERANCE = {"float64": 1e-9, "float32": 1e-3, "float16": 2e-2, "bfloat16": 5e-2}
"""Relative to the largest element: fused and planned calls may round otherwise."""


class Verification:
    """Takes the state before a call, and compares once the call has been made.

    Args:
        trace: an earlier trace of the same call, which tells what the call may change.
        tensors: the arguments of the call to come.
    """

    def __init__(self, trace: Trace, tensors: Sequence[TensorBase]) -> None:
        self._backend = trace.recorder.backend
        self._arrays = _written(trace, tensors)
        self._streams = list({id(s): s for s in _streams(trace)}.values())
        self._before = self._state()

    def _state(self) -> tuple[list[Array], list[Any]]:
        copies = [self._backend.copy(array) for array in self._arrays]
        return copies, [stream.get_state() for stream in self._streams]

    def _restore(self, state: tuple[list[Array], list[Any]]) -> None:
        for array, copy in zip(self._arrays, state[0], strict=True):
            self._backend.copy(copy, array)
        for stream, value in zip(self._streams, state[1], strict=True):
            stream.set_state(value)

    def finish(self, program: Program, tensors: Sequence[TensorBase], eager: Any) -> None:
        """Replay the call that was made meanwhile, and leave everything as that call did.

        Raises:
            CaptureError: a replay gives something else.
        """
        trace = program.trace
        after = self._state()
        grads = [entry.leaf.grad for entry in trace.leaves]
        self._restore(self._before)
        try:
            program.replay(tensors)  # which may only prepare what later replays do
            self._restore(self._before)
            replayed = program.replay(tensors)
            pairs = [
                ("result", a.array, b.array)
                for a, b in zip(tensors_in(eager), tensors_in(replayed), strict=True)
            ]
            pairs += [
                ("gradient", grad.array, entry.leaf.grad.array)
                for entry, grad in zip(trace.leaves, grads, strict=True)
                if grad is not None and entry.leaf.grad is not None
            ]
            pairs += [("state", a, b) for a, b in zip(after[0], self._arrays, strict=True)]
            for what, expected, found in pairs:
                self._compare(what, expected, found)
        finally:
            self._restore(after)
            for entry, grad in zip(trace.leaves, grads, strict=True):
                entry.leaf.grad = grad

    def _compare(self, what: str, expected: Array, found: Array) -> None:
        a, b = (np.asarray(self._backend.to_host(x)) for x in (expected, found))
        if a.dtype.kind in "fV":
            limit = TOLERANCE[a.dtype.name]
            one, other = (x.astype(np.float64) for x in (a, b))
            scale = float(np.abs(one[np.isfinite(one)]).max(initial=0.0))
            fits = np.allclose(one, other, rtol=limit, atol=limit * scale, equal_nan=True)
        else:
            fits = bool((a == b).all())
        if not fits:
            raise CaptureError(
                f"a replay gives another {what} of shape {a.shape} than an eager call. Something "
                "that changes from call to call is not seen by the primitives"
            )


def _written(trace: Trace, tensors: Sequence[TensorBase]) -> list[Array]:
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


def _streams(trace: Trace) -> list[Any]:
    return [step.function.__self__ for step in trace.steps if step.effect]  # type: ignore[attr-defined]
