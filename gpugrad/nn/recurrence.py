"""One step of a recurrent layer: what ``RNNCell``, ``LSTMCell`` and ``GRUCell`` compute.

Each takes the input's part of the gates, which a layer computes for all steps at once, and the
state before the step; both are (N, gates * hidden_size) and (N, hidden_size).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeAlias

from ..dtypes import promote_types
from ..ops.cells import gru_cell, lstm_cell
from ..tensor import Tensor
from .functional.linear import linear

State: TypeAlias = tuple[Tensor, ...]
Step: TypeAlias = Callable[[Tensor, State, Tensor, Tensor | None], State]


def tanh_step(gates: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
    """h' = tanh(W x + b + W' h + b')."""
    return ((gates + linear(state[0], weight, bias)).tanh(),)


def relu_step(gates: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
    """h' = relu(W x + b + W' h + b')."""
    return ((gates + linear(state[0], weight, bias)).relu(),)


def lstm_step(gates: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
    """c' = f · c + i · g and h' = o · tanh(c'), the gates i, f, o being sigmoids and g a tanh.

    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of Gers,
    Schmidhuber and Cummins, "Learning to Forget", 2000.
    """
    hidden, cell = state
    gates, cell = _of_one_type(gates + linear(hidden, weight, bias), cell)
    found: State = lstm_cell(gates, cell)
    return found


def gru_step(gates: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
    """h' = (1 - z) · n + z · h with n = tanh(W x + b + r · (W' h + b')), r and z being sigmoids.

    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.
    """
    (hidden,) = state
    return (gru_cell(*_of_one_type(gates, linear(hidden, weight, bias), hidden)),)


def _of_one_type(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors in the type in which all of them go."""
    kinds = {t.dtype for t in tensors}
    if len(kinds) == 1:
        return tensors
    kind = functools.reduce(promote_types, kinds)
    return tuple(t.to(kind) for t in tensors)


STEPS: dict[str, tuple[Step, int]] = {
    "RNN_TANH": (tanh_step, 1),
    "RNN_RELU": (relu_step, 1),
    "LSTM": (lstm_step, 4),
    "GRU": (gru_step, 3),
}
"""For each mode the step and the number of gates."""
