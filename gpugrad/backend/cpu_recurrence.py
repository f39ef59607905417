"""Recurrent layers over NumPy: few calls a step, and BLAS does the rest.

Everything lies feature by feature, the sequences of a batch side by side: (L, block, H, N). So a
gate of all sequences is one piece of memory, and the product for a step, weights times states, is
the one that BLAS is quickest at. Input, a row of ones for the biases, and state stand below each
other in one array, and the weights beside each other in one matrix, so that a single product gives
all gates of a step.

A block is what one activation is computed of. Each gate is one, but for the last gate of a GRU,
whose parts from input and state are two.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .composed_recurrence import Array
from .cpu_recurrent_steps import BACKWARD, FORWARD
from .primitives import Primitives
from .small_arrays import BLAS_TYPES


class Blocks(NamedTuple):
    """Where a mode's gates are computed.

    Attributes:
        number: of blocks.
        sigmoids: so many of the first blocks are put through a sigmoid.
        of_x, of_h: for every gate, in PyTorch's order, the block its part from the input, or from
            the state, belongs to.
    """

    number: int
    sigmoids: int
    of_x: tuple[int, ...]
    of_h: tuple[int, ...]


BLOCKS = {
    "RNN_TANH": Blocks(1, 0, (0,), (0,)),
    "RNN_RELU": Blocks(1, 0, (0,), (0,)),
    "LSTM": Blocks(4, 3, (1, 2, 3, 0), (1, 2, 3, 0)),  # o, i, f, g
    "GRU": Blocks(4, 2, (0, 1, 2), (0, 1, 3)),  # r, z, n, and n's part from the state
}


class HostRecurrence(Primitives):
    """Every method's composed form in ``ComposedRecurrence`` says what it computes."""

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
        dtype = x.dtype
        if dtype not in BLAS_TYPES:
            return super().recurrence(x, w_ih, w_hh, h0, c0, b_ih, b_hh, mode, reverse, out)
        blocks = BLOCKS[mode]
        length, batch, inputs = x.shape
        size, first = w_hh.shape[1], inputs + 1
        y, last, acts, cells, columns = out or (None,) * 5
        if columns is None:
            columns = np.empty((length + 1, first + size, batch), dtype)
        columns[:length, :inputs] = (x[::-1] if reverse else x).transpose(0, 2, 1)
        columns[:, inputs] = 1
        columns[0, first:] = h0.T
        columns[length, :inputs] = 0
        weights = _joined(blocks, w_ih, w_hh, b_ih, b_hh)
        if acts is None:
            acts = np.empty((length, blocks.number, size, batch), dtype)
        if c0 is not None:
            if cells is None:
                cells = np.empty((length + 1, 2, size, batch), dtype)
            cells[0, 0] = c0.T
            cells[0, 1] = 0
        matrix = weights.reshape(-1, first + size)
        with np.errstate(over="ignore"):  # of the sigmoids, where infinity is right
            FORWARD[mode](matrix, columns, first, acts, cells)
        states = columns[1:, first:].transpose(0, 2, 1)
        y = self.copy(states[::-1] if reverse else states, y)
        if cells is not None:
            last = self.copy(cells[length, 0].T, last)
        return y, last, acts, cells, columns

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
        dtype = x.dtype
        if dtype not in BLAS_TYPES:
            return super().recurrence_grad(
                kept, cells, states, x, w_ih, w_hh, grad_y, grad_c, mode, reverse, wanted, out
            )
        blocks, (length, batch, inputs) = BLOCKS[mode], x.shape
        size, first = w_hh.shape[1], x.shape[2] + 1
        weights = _joined(blocks, w_ih, w_hh, None, None).reshape(blocks.number * size, -1)
        of_y = np.zeros((length, size, batch), dtype)
        if grad_y is not None:
            of_y[...] = (grad_y[::-1] if reverse else grad_y).transpose(0, 2, 1)
        dc = np.zeros((size, batch), dtype)
        if grad_c is not None:
            dc[...] = grad_c.T
        back = np.ascontiguousarray(weights[:, first:].T)
        slopes, dh = BACKWARD[mode](back, states, first, kept, cells, of_y, dc)
        # (blocks * H, L * N): runs of N stay together.
        flat = slopes.transpose(1, 2, 0, 3).reshape(blocks.number * size, length * batch)
        in_x, *in_weights, in_h, in_c, in_b_ih, in_b_hh = out or (None,) * 7
        if wanted[0]:
            rows = flat.T.dot(weights[:, :inputs]).reshape(x.shape)
            if reverse:
                rows = rows[::-1]
            in_x = rows if in_x is None and not reverse else self.copy(rows, in_x)
        found: list[Array | None] = [in_x, None, None, None, None, None, None]
        if wanted[1] or wanted[2] or wanted[5] or wanted[6]:
            inner = states[:length].transpose(1, 0, 2).reshape(first + size, length * batch)
            product = flat.dot(inner.T).reshape(blocks.number, size, first + size)
            parts = (
                (1, blocks.of_x, slice(inputs), in_weights[0]),
                (2, blocks.of_h, slice(first, None), in_weights[1]),
                (5, blocks.of_x, inputs, in_b_ih),
                (6, blocks.of_h, inputs, in_b_hh),
            )
            for number, places, columns, given in parts:
                if wanted[number]:
                    found[number] = _gathered(product[:, :, columns], places, given)
        if wanted[3]:
            found[3] = self.copy(dh.T, in_h)
        if wanted[4]:
            found[4] = self.copy(dc.T, in_c)
        return tuple(found)


def _joined(
    blocks: Blocks, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> Array:
    """Weights for the input, biases, and weights for the state: (block, H, columns)."""
    size, inputs = w_hh.shape[1], w_ih.shape[1]
    joined = np.zeros((blocks.number, size, inputs + 1 + size), w_ih.dtype)
    for gate, (in_x, in_h) in enumerate(zip(blocks.of_x, blocks.of_h, strict=True)):
        rows = slice(gate * size, (gate + 1) * size)
        joined[in_x, :, :inputs] = w_ih[rows]
        joined[in_h, :, inputs + 1 :] = w_hh[rows]
        if b_ih is not None and b_hh is not None:
            joined[in_x, :, inputs] = b_ih[rows]
            joined[in_h, :, inputs] += b_hh[rows]
    return joined


def _gathered(found: Array, places: tuple[int, ...], given: Array | None) -> Array:
    """The blocks of gates in PyTorch's order, one below the other."""
    _, size, *rest = found.shape
    if given is None:
        given = np.empty((len(places) * size, *rest), found.dtype)
    for gate, place in enumerate(places):
        given[gate * size : (gate + 1) * size] = found[place]
    return given
