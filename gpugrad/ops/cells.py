"""One step of an LSTM or a GRU cell as one node."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import SHORTCUT, Node


class LongShortTermStep(Node):
    """``c' = f c + i g`` and ``h' = o tanh(c')`` for gates i, f, g, o side by side."""

    __slots__ = ("both", "cell", "gate", "gates", "new", "shown")
    saves = {"gates": 0, "cell": 1} | dict.fromkeys(("both", "new", "gate", "shown"), SHORTCUT)
    torch_name = "Mul"

    def forward(self, xp: Any, gates: Any, cell: Any) -> Any:
        self.gates, self.cell = gates, cell
        h, c, self.both, self.new, self.gate, self.shown = xp.lstm_cell(gates, cell)
        return h, c

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        acts = self.both, self.new, self.gate, self.shown
        if self.both is None:
            acts = xp.lstm_cell(self.gates, self.cell)[2:]
        in_gates, in_cell = xp.lstm_cell_grad(*acts, self.cell, *grad)
        return in_gates, in_cell


class GatedStep(Node):
    """``h' = n + z (h - n)`` for gates r, z, n in two parts, from the input and from the state."""

    __slots__ = ("both", "gates", "hidden", "new", "own")
    saves = {"gates": 0, "own": 1, "hidden": 2, "both": SHORTCUT, "new": SHORTCUT}
    torch_name = "Add"

    def forward(self, xp: Any, gates: Any, own: Any, hidden: Any) -> Any:
        self.gates, self.own, self.hidden = gates, own, hidden
        h, self.both, self.new = xp.gru_cell(gates, own, hidden)
        return h

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any, Any]:
        acts = self.both, self.new
        if self.both is None:
            acts = xp.gru_cell(self.gates, self.own, self.hidden)[1:]
        in_gates, in_own, in_hidden = xp.gru_cell_grad(*acts, self.own, self.hidden, grad)
        return in_gates, in_own, in_hidden


# --- functions -----------------------------------------------------------------------------------


def lstm_cell(gates: Any, cell: Any) -> tuple[Any, Any]:
    """The next h and c of an LSTM.

    Args:
        gates: the pre-activations of i, f, g and o, (N, 4 H).
        cell: c, (N, H), of the same floating-point type.

    >>> import gpugrad
    >>> from gpugrad.ops.cells import lstm_cell
    >>> lstm_cell(gpugrad.zeros(1, 4), gpugrad.ones(1, 1))
    (tensor([[0.2311]]), tensor([[0.5000]]))
    """
    h, c = LongShortTermStep.apply(gates, cell)
    return h, c


def gru_cell(gates: Any, own: Any, hidden: Any) -> Any:
    """The next h of a GRU.

    Args:
        gates, own: the pre-activations of r, z and n, from the input and from the state, (N, 3 H).
        hidden: h, (N, H), of the same floating-point type.

    >>> import gpugrad
    >>> from gpugrad.ops.cells import gru_cell
    >>> gru_cell(gpugrad.zeros(1, 3), gpugrad.zeros(1, 3), gpugrad.ones(1, 1))
    tensor([[0.5000]])
    """
    return GatedStep.apply(gates, own, hidden)
