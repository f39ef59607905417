"""A recurrent layer's way through a whole sequence as one node, with its own way back."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import SHORTCUT, Node

_SHORTCUTS = {"kept": SHORTCUT, "cells": SHORTCUT, "states": SHORTCUT}


class Recurrence(Node):
    """The states after all steps; see :meth:`~gpugrad.backend.composed_recurrence`.

    The tensors are x, w_ih, w_hh and h0, then c0 if the mode has one, then the biases if there are
    any. Which of them there are a subclass says.
    """

    __slots__ = (
        *("b_hh", "b_ih", "c0", "cells", "h0", "kept", "mode", "reverse", "states"),
        *("w_hh", "w_ih", "x"),
    )
    saves = {"x": 0, "w_ih": 1, "w_hh": 2, "h0": 3, **_SHORTCUTS}
    torch_name = "Stack"
    has_cell = False
    has_bias = False

    def forward(self, xp: Any, x: Any, w_ih: Any, w_hh: Any, h0: Any, *rest: Any) -> Any:
        *others, self.mode, self.reverse = rest
        self.x, self.w_ih, self.w_hh, self.h0 = x, w_ih, w_hh, h0
        self.c0 = others.pop(0) if self.has_cell else None
        self.b_ih, self.b_hh = tuple(others) or (None, None)
        y, c, self.kept, self.cells, self.states = self._walk(xp)
        return (y, c) if self.has_cell else y

    def _walk(self, xp: Any) -> tuple[Any, ...]:
        operands = self.x, self.w_ih, self.w_hh, self.h0, self.c0, self.b_ih, self.b_hh
        found: tuple[Any, ...] = xp.recurrence(*operands, self.mode, self.reverse)
        return found

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        grad_y, grad_c = grad if self.has_cell else (grad, None)
        kept, cells, states = self.kept, self.cells, self.states
        if kept is None:
            _, _, kept, cells, states = self._walk(xp)
        places = [0, 1, 2, 3, *((4,) if self.has_cell else ()), *((5, 6) if self.has_bias else ())]
        wanted = [False] * 7
        for place, edge in zip(places, self.edges, strict=True):
            wanted[place] = edge is not None
        found = xp.recurrence_grad(
            *(kept, cells, states, self.x, self.w_ih, self.w_hh, grad_y, grad_c),
            *(self.mode, self.reverse, tuple(wanted)),
        )
        return tuple(found[place] for place in places)


class RecurrenceWithBias(Recurrence):
    """A layer with biases."""

    __slots__ = ()
    saves = {**Recurrence.saves, "b_ih": 4, "b_hh": 5}
    torch_name = "Stack"
    has_bias = True


class LongShortTerm(Recurrence):
    """A layer with a second state."""

    __slots__ = ()
    saves = {**Recurrence.saves, "c0": 4}
    torch_name = "Stack"
    has_cell = True


class LongShortTermWithBias(Recurrence):
    """A layer with a second state and biases."""

    __slots__ = ()
    saves = {**Recurrence.saves, "c0": 4, "b_ih": 5, "b_hh": 6}
    torch_name = "Stack"
    has_cell = True
    has_bias = True


# --- functions -----------------------------------------------------------------------------------


def recurrence(
    x: Any,
    weights: tuple[Any, Any],
    biases: tuple[Any, Any] | None,
    state: tuple[Any, ...],
    mode: str,
    reverse: bool = False,
) -> tuple[Any, tuple[Any, ...]]:
    """One layer of a recurrent network in one direction.

    Args:
        x: shape (L, N, input size).
        weights: for the input and for the state, (gates * H, input size) and (gates * H, H).
        biases: both of shape (gates * H,), or None.
        state: what to begin with: h, or h and c for ``"LSTM"``, each (N, H).
        mode: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``.
        reverse: whether to go from the end to the beginning.

    Returns:
        The states h after all steps, (L, N, H), and the last state.

    >>> import gpugrad
    >>> from gpugrad.ops.recurrence import recurrence
    >>> x, w = gpugrad.ones(3, 1, 1), gpugrad.ones(1, 1)
    >>> y, (h,) = recurrence(x, (w, w), None, (gpugrad.zeros(1, 1),), "RNN_RELU")
    >>> y.flatten(), h
    (tensor([1., 2., 3.]), tensor([[3.]]))
    """
    tensors = [x, *weights, *state]
    if biases is None:
        kind = LongShortTerm if mode == "LSTM" else Recurrence
    else:
        tensors += biases
        kind = LongShortTermWithBias if mode == "LSTM" else RecurrenceWithBias
    made = kind.apply(*tensors, mode, reverse)
    y, rest = (made[0], made[1:]) if mode == "LSTM" else (made, ())
    return y, (y[0 if reverse else -1], *rest)
