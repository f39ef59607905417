"""The first replay of a program, compared with the eager call that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.engine import TensorBase
from ..backend.noted_steps import CaptureError
from ..backend.primitives import Array
from .effects import agree, coarsest, left_to_chance, size, streams, written
from .program import Program
from .structure import tensors_in
from .trace import Trace


class Verification:
    """Takes the state before a call, and compares once the call has been made.

    Args:
        trace: an earlier trace of the same call, which tells what the call may change.
        tensors: the arguments of the call to come.
    """

    def __init__(self, trace: Trace, tensors: Sequence[TensorBase]) -> None:
        self._backend = trace.recorder.backend
        self._arrays = written(trace, tensors)
        self._streams = streams(trace)
        self._least = coarsest(trace)
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
            largest = max((size(self._backend, a) for _, a, _ in pairs), default=0.0)
            unsure = {
                id(entry.leaf.array): left_to_chance(self._backend, grad.array, largest)
                for entry, grad in zip(trace.leaves, grads, strict=True)
                if grad is not None
            }
            for what, expected, found in pairs:
                self._compare(what, expected, found, largest, unsure.get(id(found), False))
        finally:
            self._restore(after)
            for entry, grad in zip(trace.leaves, grads, strict=True):
                entry.leaf.grad = grad

    def _compare(
        self, what: str, expected: Array, found: Array, largest: float, ignored: Any
    ) -> None:
        if not agree(self._backend, expected, found, largest, ignored, self._least):
            raise CaptureError(
                f"a replay gives another {what} of shape {expected.shape} than an eager call. "
                "Something that changes from call to call is not seen by the primitives"
            )
