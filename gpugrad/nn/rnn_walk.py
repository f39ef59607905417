"""The way of the recurrent layers through their sequences, padded or packed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..casting.calls import THREADS, casting, composed
from ..ops.joining import cat, stack
from ..ops.recurrence import recurrence
from ..tensor import Tensor
from . import functional as F
from .recurrence import STEPS, State

if TYPE_CHECKING:
    from .rnn_base import RNNBase


def walk_layers(
    layers: RNNBase, x: Tensor, first: State, sizes: list[int] | None
) -> tuple[Tensor, State]:
    """The outputs of the last layer, and the last states of all layers and directions.

    Args:
        x: (L, N, input_size); packed, with ``sizes``, (sum of the lengths, input_size).
        first: the states before the first step, (layers · directions, N, ...).
        sizes: how many sequences have each step, the longest sequences being the first.
    """
    directions = 2 if layers.bidirectional else 1
    last: list[State] = []
    for number in range(layers.num_layers):
        outputs = []
        for direction in range(directions):
            index = number * directions + direction
            states = tuple(s[index] for s in first)
            walk = _Walk(layers, layers._all_weights[index])
            output, final = walk.through(x, states, sizes, direction == 1)
            outputs.append(output)
            last.append(final)
        x = outputs[0] if directions == 1 else cat(outputs, -1)
        if layers.dropout and layers.training and number < layers.num_layers - 1:
            x = F.dropout(x, layers.dropout)
    return x, tuple(stack(parts) for parts in zip(*last, strict=True))


class _Walk:
    """One layer in one direction."""

    def __init__(self, layers: RNNBase, names: list[str]) -> None:
        self.weights = {name.split("_l")[0]: getattr(layers, name) for name in names}
        self.mode = layers.mode
        self.step = STEPS[layers.mode][0]
        self.projected = bool(layers.proj_size)

    def through(
        self, x: Tensor, state: State, sizes: list[int] | None, reverse: bool
    ) -> tuple[Tensor, State]:
        weights = self.weights
        apart = self.projected or (THREADS and composed(self.mode, x))
        if sizes is None and not apart:
            pair = weights["weight_ih"], weights["weight_hh"]
            biases = (weights["bias_ih"], weights["bias_hh"]) if "bias_ih" in weights else None
            if THREADS and (run := casting(self.mode)):
                return run(recurrence, x, pair, biases, state, self.mode, reverse)
            return recurrence(x, pair, biases, state, self.mode, reverse)
        gates = F.linear(x, weights["weight_ih"], weights.get("bias_ih"))
        outputs = []
        if sizes is None:
            parts = gates.unbind(0)
            for part in reversed(parts) if reverse else parts:
                state = self._next(part, state)
                outputs.append(state[0])
            return stack(outputs[::-1] if reverse else outputs), state
        parts = gates.split(sizes)
        steps = self._backwards if reverse else self._forwards
        # Behind the states at the steps comes that of all sequences at their ends.
        *states, last = steps(parts, state, sizes)
        outputs = [state[0] for state in states]
        return cat(outputs[::-1] if reverse else outputs), last

    def _next(self, part: Tensor, state: State) -> State:
        weights = self.weights
        state = self.step(part, state, weights["weight_hh"], weights.get("bias_hh"))
        if self.projected:
            state = (F.linear(state[0], weights["weight_hr"]), *state[1:])
        return state

    def _forwards(
        self, parts: tuple[Tensor, ...], state: State, sizes: list[int]
    ) -> Iterator[State]:
        """The states at all steps, of ever fewer sequences, and the last one of each sequence."""
        ended = []  # of the shortest sequences first
        for part, size in zip(parts, sizes, strict=True):
            if size < state[0].size(0):
                ended.append(tuple(s[size:] for s in state))
                state = tuple(s[:size] for s in state)
            state = self._next(part, state)
            yield state
        yield _joined([state, *reversed(ended)])

    def _backwards(
        self, parts: tuple[Tensor, ...], first: State, sizes: list[int]
    ) -> Iterator[State]:
        """The states from the last step to the first one, of ever more sequences, and these."""
        state = tuple(s[:0] for s in first)
        for part, size in zip(reversed(parts), reversed(sizes), strict=True):
            before = state[0].size(0)
            if size > before:
                more = tuple(s[before:size] for s in first)
                state = _joined([state, more]) if before else more
            state = self._next(part, state)
            yield state
        yield state


def _joined(states: list[State]) -> State:
    if len(states) == 1:
        return states[0]
    return tuple(cat(parts) for parts in zip(*states, strict=True))
