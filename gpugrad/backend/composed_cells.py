"""One step of LSTM and GRU cells in composed form, without the products of matrices.

``gates`` are the pre-activations, side by side: i, f, g and o of an LSTM, (N, 4 H); r, z and n of a
GRU, (N, 3 H), in two parts, since r is multiplied with the state's part of n.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

Array = Any


class ComposedCells:
    """A part of :class:`~gpugrad.backend.composed.ComposedForms`."""

    if TYPE_CHECKING:  # the other primitives; at run time it would slow every look-up down

        def __getattr__(self, name: str) -> Any: ...

    def lstm_cell(
        self, gates: Array, cell: Array, out: tuple[Array, ...] | None = None
    ) -> tuple[Array, ...]:
        """``c' = f c + i g`` and ``h' = o tanh(c')``: h', c', (i, f), g, o and tanh(c')."""
        size = cell.shape[1]
        both = self.sigmoid(self._columns_of(gates, 0, 2 * size))
        new = self.tanh(self._columns_of(gates, 2 * size, 3 * size))
        gate = self.sigmoid(self._columns_of(gates, 3 * size, 4 * size))
        kept = self.mul(self._columns_of(both, size, 2 * size), cell)
        c = self.add(kept, self.mul(self._columns_of(both, 0, size), new))
        shown = self.tanh(c)
        return self._each_into((self.mul(gate, shown), c, both, new, gate, shown), out)

    def lstm_cell_grad(
        self,
        both: Array,
        new: Array,
        gate: Array,
        shown: Array,
        cell: Array,
        grad_h: Array | None,
        grad_c: Array | None,
        out: tuple[Array, ...] | None = None,
    ) -> tuple[Array, ...]:
        """The gradients of :meth:`lstm_cell` in the gates and in c, by what it has found."""
        size = cell.shape[1]
        i, f = self._columns_of(both, 0, size), self._columns_of(both, size, 2 * size)
        if grad_h is None:
            through, of_gate = grad_c, self.zeros_like(cell)
        else:
            through = self.tanh_grad(shown, self.mul(grad_h, gate))
            through = through if grad_c is None else self.add(grad_c, through)
            of_gate = self.sigmoid_grad(gate, self.mul(grad_h, shown))
        of_i = self.sigmoid_grad(i, self.mul(through, new))
        of_f = self.sigmoid_grad(f, self.mul(through, cell))
        of_new = self.tanh_grad(new, self.mul(through, i))
        in_gates = self.concatenate([of_i, of_f, of_new, of_gate], 1)
        return self._each_into((in_gates, self.mul(through, f)), out)

    def gru_cell(
        self, gates: Array, own: Array, hidden: Array, out: tuple[Array, ...] | None = None
    ) -> tuple[Array, ...]:
        """``h' = n + z (h - n)`` with ``n = tanh(gates + r own)``: h', (r, z) and n."""
        size = hidden.shape[1]
        before = (self._columns_of(part, 0, 2 * size) for part in (gates, own))
        both = self.sigmoid(self.add(*before))
        inner = self.mul(self._columns_of(both, 0, size), self._columns_of(own, 2 * size, 3 * size))
        new = self.tanh(self.add(self._columns_of(gates, 2 * size, 3 * size), inner))
        kept = self.mul(self._columns_of(both, size, 2 * size), self.sub(hidden, new))
        return self._each_into((self.add(new, kept), both, new), out)

    def gru_cell_grad(
        self,
        both: Array,
        new: Array,
        own: Array,
        hidden: Array,
        grad: Array,
        out: tuple[Array, ...] | None = None,
    ) -> tuple[Array, ...]:
        """The gradients of :meth:`gru_cell` in both parts of the gates and in h."""
        size = hidden.shape[1]
        r, z = self._columns_of(both, 0, size), self._columns_of(both, size, 2 * size)
        in_hidden = self.mul(grad, z)
        of_new = self.tanh_grad(new, self.sub(grad, in_hidden))
        of_z = self.sigmoid_grad(z, self.mul(grad, self.sub(hidden, new)))
        of_r = self.sigmoid_grad(r, self.mul(of_new, self._columns_of(own, 2 * size, 3 * size)))
        in_gates = self.concatenate([of_r, of_z, of_new], 1)
        in_own = self.concatenate([of_r, of_z, self.mul(of_new, r)], 1)
        return self._each_into((in_gates, in_own, in_hidden), out)

    def _columns_of(self, x: Array, start: int, end: int) -> Array:
        return self.getitem(x, (slice(None), slice(start, end)))

    def _each_into(
        self, found: tuple[Array, ...], out: tuple[Array, ...] | None
    ) -> tuple[Array, ...]:
        if out is None:
            return found
        return tuple(self.into(a, b) for a, b in zip(found, out, strict=True))
