"""Recurrent layers in composed form: the way through a sequence, and the way back.

Every gate's pre-activation is ``W x_t + b + W' h + b'``; what becomes of them:

- ``RNN_TANH``, ``RNN_RELU``: ``h' = tanh(a)`` or ``relu(a)``.
- ``LSTM``, gates i, f, g, o: ``c' = f c + i g`` and ``h' = o tanh(c')``, with sigmoids in i, f and
  o and a tanh in g. Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget
  gate of Gers, Schmidhuber and Cummins, "Learning to Forget", 2000.
- ``GRU``, gates r, z, n: ``h' = (1 - z) n + z h`` with ``n = tanh(W x + b + r (W' h + b'))``. Cho
  et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.

The gradients are those of backpropagation through time (Werbos, 1990): the pre-activations'
gradients are found from the last step to the first, and one product of matrices over all steps then
gives the weights'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

Array = Any

GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}
"""How many gates each mode has."""


class ComposedRecurrence:
    """One layer in one direction, over a whole padded sequence."""

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def recurrence(
        self,
        x: Array,
        w_ih: Array,
        w_hh: Array,
        h0: Array,
        c0: Array | None,
        b_ih: Array | None,
        b_hh: Array | None,
        mode: str,
        reverse: bool,
        out: tuple[Array | None, ...] | None = None,
    ) -> tuple[Array | None, ...]:
        """The states h after all steps, the last c, and three arrays for the gradient.

        Args:
            x: (L, N, input size).
            w_ih, w_hh: (gates * H, input size) and (gates * H, H).
            h0, c0: (N, H); c0 is None for all modes but ``LSTM``.
            b_ih, b_hh: (gates * H,), or both None.
            reverse: whether the last step of the sequence is the first one done.

        Returns:
            (L, N, H), (N, H) or None, and what :meth:`recurrence_grad` of the same backend wants to
            have, each an array or None.
        """
        steps = range(x.shape[0])
        size = w_hh.shape[1]
        from_x = self.linear(x, w_ih, b_ih)
        h, c = h0, c0
        before, after, acts, cells = [], [], [], [c]
        for t in reversed(steps) if reverse else steps:
            before.append(h)
            a, own = self.getitem(from_x, t), self.linear(h, w_hh, b_hh)
            if mode == "LSTM":
                h, c, both, g, o, _ = self.lstm_cell(self.add(a, own), c)
                cells.append(c)
                acts.append(self.concatenate([both, g, o], 1))
            elif mode == "GRU":
                h, both, n = self.gru_cell(a, own, h)
                mine = self._columns_of(own, 2 * size, 3 * size)
                acts.append(self.concatenate([both, n, mine], 1))
            else:
                a = self.add(a, own)
                h = self.tanh(a) if mode == "RNN_TANH" else self.relu(a)
                acts.append(h)
            after.append(h)
        if reverse:
            for made in (before, after, acts):
                made.reverse()
        y, kept, states = self.stack(after), self.stack(acts), self.stack(before)
        found = (y, c, kept, self.stack(cells) if mode == "LSTM" else None, states)
        if out is None:
            return found
        return tuple(a if a is None else self.into(a, b) for a, b in zip(found, out, strict=True))

    def recurrence_grad(
        self,
        kept: Array,
        cells: Array | None,
        states: Array,
        x: Array,
        w_ih: Array,
        w_hh: Array,
        grad_y: Array | None,
        grad_c: Array | None,
        mode: str,
        reverse: bool,
        wanted: tuple[bool, ...],
        out: tuple[Array | None, ...] | None = None,
    ) -> tuple[Array | None, ...]:
        """The gradients in x, w_ih, w_hh, h0, c0, b_ih and b_hh; None for those not wanted.

        Args:
            kept, cells, states: the last three results of :meth:`recurrence`.
            grad_y, grad_c: the gradients in its first two; one may be None, for zeros.
            wanted: for each of the seven.
        """
        steps, size = range(x.shape[0]), w_hh.shape[1]
        dh: Array | None = None
        dc = grad_c
        in_x: list[Array] = []  # gradients of the pre-activations: of their parts from x,
        in_h: list[Array] = []  # and from h, which for a GRU are others
        for number, t in enumerate(steps if reverse else reversed(steps)):
            a, h = self.getitem(kept, t), self.getitem(states, t)
            if grad_y is not None:
                now = self.getitem(grad_y, t)
                dh = now if dh is None else self.add(dh, now)
            if dh is None:
                dh = self.zeros_like(h)
            if mode == "LSTM":
                before, after = (self.getitem(cells, len(steps) - n - number) for n in (1, 0))
                i_and_f, g, o = self._columns_of(a, 0, 2 * size), *self._last_two(a, size)
                own, dc = self.lstm_cell_grad(i_and_f, g, o, self.tanh(after), before, dh, dc)
                da, dh = own, self.matmul(own, w_hh)
            elif mode == "GRU":
                # Behind r, z and n lies the state's part of n: the third of the last three, as in
                # the state's part of all gates, of which the cell needs no other.
                r_and_z, n = self._columns_of(a, 0, 2 * size), self._last_two(a, size)[0]
                mine = self._columns_of(a, size, 4 * size)
                da, own, through = self.gru_cell_grad(r_and_z, n, mine, h, dh)
                dh = self.add(self.matmul(own, w_hh), through)
            else:
                da = own = self.tanh_grad(a, dh) if mode == "RNN_TANH" else self.relu_grad(a, dh)
                dh = self.matmul(own, w_hh)
            in_x.append(da)
            in_h.append(own)
        if not reverse:
            in_x.reverse()
            in_h.reverse()
        gates_x = self.stack(in_x)
        gates_h = gates_x if mode != "GRU" else self.stack(in_h)
        flat_x, flat_h = self._flat(gates_x), self._flat(gates_h)
        makers: tuple[Callable[[], Array | None], ...] = (
            lambda: self.matmul(gates_x, w_ih),
            lambda: self.matmul(self.permute(flat_x, (1, 0)), self._flat(x)),
            lambda: self.matmul(self.permute(flat_h, (1, 0)), self._flat(states)),
            lambda: dh,
            lambda: dc,
            lambda: self.sum(flat_x, 0),
            lambda: self.sum(flat_h, 0),
        )
        results = [make() if want else None for make, want in zip(makers, wanted, strict=True)]
        if out is None:
            return tuple(results)
        return tuple(a if a is None else self.into(a, b) for a, b in zip(results, out, strict=True))

    def _last_two(self, acts: Array, size: int) -> tuple[Array, Array]:
        """The third and the fourth of what is kept of a step with gates."""
        ends = (2 * size, 3 * size), (3 * size, 4 * size)
        third, fourth = (self._columns_of(acts, *columns) for columns in ends)
        return third, fourth

    def _flat(self, x: Array) -> Array:
        """All steps of all sequences as the rows of one matrix."""
        return self.reshape(x, (x.shape[0] * x.shape[1], x.shape[2]))
