"""The loops over the steps of a sequence for :mod:`.cpu_recurrence`: products, and what C does.

Where there is no C code, NumPy does the same in more calls.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..native import gates
from .composed_recurrence import Array
from .small_arrays import ONES


def _sigmoid(x: Array, one: Array) -> None:
    """In place."""
    np.negative(x, x)
    np.exp(x, x)
    np.add(x, one, x)
    np.reciprocal(x, x)


# --- forward: the states after each step, beginning with the one that is there -------------------


def _in_c(name: str, weights: Array, columns: Array, flat: Array, *arrays: Array) -> bool:
    """The loop with a C function for what follows each product; False where there is none."""
    step = gates.step(name, arrays[0])
    if step is None:
        return False
    places = tuple(map(id, arrays))
    for t in range(len(flat)):
        weights.dot(columns[t], flat[t])
        step(*places, t)
    return True


def _lstm(weights: Array, columns: Array, first: int, acts: Array, cells: Array) -> None:
    flat = acts.reshape(len(acts), acts.shape[1] * acts.shape[2], acts.shape[3])
    if _in_c("lstm_step", weights, columns, flat, acts, cells, columns):
        return
    one, work, h = ONES[acts.dtype], np.empty_like(acts[0, 0]), columns[:, first:]
    for t in range(len(acts)):
        weights.dot(columns[t], flat[t])
        a, (c, inner) = acts[t], cells[t + 1]
        _sigmoid(a[:3], one)
        o, i, f, g = a
        np.tanh(g, g)
        np.multiply(i, g, work)
        np.multiply(f, cells[t, 0], c)
        np.add(c, work, c)
        np.tanh(c, inner)
        np.multiply(o, inner, h[t + 1])


def _gru(weights: Array, columns: Array, first: int, acts: Array, cells: None) -> None:
    flat = acts.reshape(len(acts), acts.shape[1] * acts.shape[2], acts.shape[3])
    if _in_c("gru_step", weights, columns, flat, acts, columns):
        return
    one, work, h = ONES[acts.dtype], np.empty_like(acts[0, 0]), columns[:, first:]
    for t in range(len(acts)):
        weights.dot(columns[t], flat[t])
        a = acts[t]
        _sigmoid(a[:2], one)
        r, z, n, own = a
        np.multiply(r, own, work)
        np.add(n, work, n)
        np.tanh(n, n)
        np.subtract(h[t], n, work)
        np.multiply(work, z, work)
        np.add(work, n, h[t + 1])


def _rnn_tanh(weights: Array, columns: Array, first: int, acts: Array, cells: None) -> None:
    for t in range(len(acts)):
        weights.dot(columns[t], acts[t, 0])
        np.tanh(acts[t, 0], columns[t + 1, first:])


def _rnn_relu(weights: Array, columns: Array, first: int, acts: Array, cells: None) -> None:
    zero = np.zeros((), acts.dtype)
    for t in range(len(acts)):
        weights.dot(columns[t], acts[t, 0])
        np.maximum(acts[t, 0], zero, out=columns[t + 1, first:])


# --- backward: gradients of the pre-activations, and of the first state --------------------------
#
# In NumPy, what the gradient of a state or a cell is multiplied with is computed for all steps at
# once, and the loop over the steps only multiplies.


def _lstm_back(
    back: Array, columns: Array, first: int, acts: Array, cells: Array, of_y: Array, dc: Array
) -> tuple[Array, Array]:
    length, slopes, dh = len(acts), np.empty_like(acts), np.zeros_like(dc)
    flat = slopes.reshape(length, acts.shape[1] * acts.shape[2], acts.shape[3])
    step = gates.step("lstm_step_back", acts)
    if step is not None:
        places = id(acts), id(cells), id(of_y), id(dh), id(dc), id(slopes)
        for t in range(length - 1, -1, -1):
            step(*places, t)
            back.dot(flat[t], dh)
        return slopes, dh
    one = ONES[acts.dtype]
    o, i, f, g = (acts[:, n] for n in range(4))
    before, inner = cells[:length, 0], cells[1:, 1]
    np.subtract(one, acts[:, :3], slopes[:, :3])
    np.multiply(slopes[:, :3], acts[:, :3], slopes[:, :3])
    _tanh_slope(g, one, slopes[:, 3])
    for number, factor in enumerate((inner, g, before, i)):
        np.multiply(slopes[:, number], factor, slopes[:, number])
    into_cell = _tanh_slope(inner, one, np.empty_like(inner))
    np.multiply(into_cell, o, into_cell)
    work = np.empty_like(dc)
    for t in range(length - 1, -1, -1):
        np.add(dh, of_y[t], dh)
        np.multiply(dh, into_cell[t], work)
        np.add(dc, work, dc)
        by_hidden, by_cell = slopes[t, 0], slopes[t, 1:]
        np.multiply(by_hidden, dh, by_hidden)
        np.multiply(by_cell, dc, by_cell)
        np.multiply(dc, f[t], dc)
        back.dot(flat[t], dh)
    return slopes, dh


def _gru_back(
    back: Array, columns: Array, first: int, acts: Array, cells: None, of_y: Array, dc: Array
) -> tuple[Array, Array]:
    length, slopes, dh = len(acts), np.empty_like(acts), np.zeros_like(dc)
    flat, product = (
        slopes.reshape(length, acts.shape[1] * acts.shape[2], acts.shape[3]),
        np.zeros_like(dc),
    )
    step = gates.step("gru_step_back", acts)
    if step is not None:
        places = id(acts), id(columns), id(of_y), id(product), id(dh), id(slopes)
        for t in range(length - 1, -1, -1):
            step(*places, t)
            back.dot(flat[t], product)
        return slopes, np.add(dh, product, dh)
    one, h = ONES[acts.dtype], columns[:length, first:]
    r, z, n, own = (acts[:, k] for k in range(4))
    of_r, of_z, of_n, of_own = (slopes[:, k] for k in range(4))
    np.subtract(one, acts[:, :2], slopes[:, :2])
    _tanh_slope(n, one, of_n)
    np.multiply(of_n, of_z, of_n)
    np.multiply(slopes[:, :2], acts[:, :2], slopes[:, :2])
    np.multiply(of_z, np.subtract(h, n, of_own), of_z)
    np.multiply(of_r, of_n, of_r)
    np.multiply(of_r, own, of_r)
    np.multiply(of_n, r, of_own)
    for t in range(length - 1, -1, -1):
        np.add(dh, of_y[t], dh)
        np.multiply(slopes[t], dh, slopes[t])
        back.dot(flat[t], product)
        np.multiply(dh, z[t], dh)
        np.add(dh, product, dh)
    return slopes, dh


def _rnn_tanh_back(
    back: Array, columns: Array, first: int, acts: Array, cells: None, of_y: Array, dc: Array
) -> tuple[Array, Array]:
    slopes = np.empty_like(acts)
    _tanh_slope(columns[1:, first:], ONES[acts.dtype], slopes[:, 0])
    return _rnn_back(back, slopes, of_y)


def _rnn_relu_back(
    back: Array, columns: Array, first: int, acts: Array, cells: None, of_y: Array, dc: Array
) -> tuple[Array, Array]:
    return _rnn_back(back, np.not_equal(columns[1:, None, first:], 0).astype(acts.dtype), of_y)


def _rnn_back(back: Array, slopes: Array, of_y: Array) -> tuple[Array, Array]:
    dh = np.zeros_like(of_y[0])
    for t in range(len(slopes) - 1, -1, -1):
        np.add(dh, of_y[t], dh)
        np.multiply(slopes[t, 0], dh, slopes[t, 0])
        back.dot(slopes[t, 0], dh)
    return slopes, dh


def _tanh_slope(y: Array, one: Array, out: Array) -> Array:
    """``1 - y * y``"""
    np.multiply(y, y, out)
    return np.subtract(one, out, out)


FORWARD: dict[str, Callable[..., None]] = {
    "LSTM": _lstm,
    "GRU": _gru,
    "RNN_TANH": _rnn_tanh,
    "RNN_RELU": _rnn_relu,
}
BACKWARD: dict[str, Callable[..., tuple[Array, Array]]] = {
    "LSTM": _lstm_back,
    "GRU": _gru_back,
    "RNN_TANH": _rnn_tanh_back,
    "RNN_RELU": _rnn_relu_back,
}
