"""Steps of LSTM and GRU cells over NumPy: in C where there is a compiler, else as composed."""

from __future__ import annotations

from typing import Any

from ..native import cells as native
from .primitives import Primitives

Array = Any
Several = tuple[Array, ...]


class HostCells(Primitives):
    """Every method's composed form in ``ComposedCells`` says what it computes."""

    def lstm_cell(self, gates: Array, cell: Array, out: Several | None = None) -> Several:
        found = native.lstm(gates, cell)
        if found is None:
            return super().lstm_cell(gates, cell, out)
        return self._each_into(found, out)

    def lstm_cell_grad(
        self,
        both: Array,
        new: Array,
        gate: Array,
        shown: Array,
        cell: Array,
        grad_h: Array | None,
        grad_c: Array | None,
        out: Several | None = None,
    ) -> Several:
        acts = both, new, gate, shown
        found = native.lstm_grad(acts, cell, grad_h, grad_c)
        if found is None:
            return super().lstm_cell_grad(*acts, cell, grad_h, grad_c, out)
        return self._each_into(found, out)

    def gru_cell(
        self, gates: Array, own: Array, hidden: Array, out: Several | None = None
    ) -> Several:
        found = native.gru(gates, own, hidden)
        if found is None:
            return super().gru_cell(gates, own, hidden, out)
        return self._each_into(found, out)

    def gru_cell_grad(
        self,
        both: Array,
        new: Array,
        own: Array,
        hidden: Array,
        grad: Array,
        out: Several | None = None,
    ) -> Several:
        found = native.gru_grad((both, new), own, hidden, grad)
        if found is None:
            return super().gru_cell_grad(both, new, own, hidden, grad, out)
        return self._each_into(found, out)
