"""Steps of LSTM and GRU cells in C: ``kernels/native_cells.c``.

Each gives None where the C code does not apply, and leaves it to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import Family

Array = Any

_functions = Family(
    "native_cells",
    {
        "lstm_cell": "a" * 8,
        "lstm_cell_grad": "a" * 9,
        "gru_cell": "a" * 6,
        "gru_cell_grad": "a" * 8,
    },
)


def lstm(gates: Array, cell: Array) -> tuple[Array, ...] | None:
    """h', c', the sigmoids i and f, g, o, and tanh(c')."""
    function = _functions.of("lstm_cell", cell)
    if function is None or gates.dtype is not cell.dtype:
        return None
    count, size = cell.shape
    h, c, new, out, shown = (np.empty((count, size), cell.dtype) for _ in range(5))
    found = h, c, np.empty((count, 2 * size), cell.dtype), new, out, shown
    return found if function(id(gates), id(cell), *map(id, found)) else None


def lstm_grad(
    acts: tuple[Array, ...], cell: Array, grad_h: Array | None, grad_c: Array | None
) -> tuple[Array, Array] | None:
    """The gradients in the gates and in c."""
    function = _functions.of("lstm_cell_grad", cell)
    if function is None:
        return None
    grads = [None if g is None else np.ascontiguousarray(g) for g in (grad_h, grad_c)]
    count, size = cell.shape
    found = np.empty((count, 4 * size), cell.dtype), np.empty((count, size), cell.dtype)
    places = [0 if g is None else id(g) for g in grads]
    return found if function(*map(id, acts), id(cell), *places, *map(id, found)) else None


def gru(gates: Array, own: Array, hidden: Array) -> tuple[Array, ...] | None:
    """h', the sigmoids r and z, and n."""
    function = _functions.of("gru_cell", hidden)
    if function is None:
        return None
    (count, size), dtype = hidden.shape, hidden.dtype
    found = tuple(np.empty((count, n * size), dtype) for n in (1, 2, 1))
    return found if function(id(gates), id(own), id(hidden), *map(id, found)) else None


def gru_grad(
    acts: tuple[Array, ...], own: Array, hidden: Array, grad: Array
) -> tuple[Array, Array, Array] | None:
    """The gradients in both parts of the gates and in h."""
    function = _functions.of("gru_cell_grad", hidden)
    if function is None:
        return None
    grad, (count, size), dtype = np.ascontiguousarray(grad), hidden.shape, hidden.dtype
    in_gates, in_own = (np.empty((count, 3 * size), dtype) for _ in range(2))
    in_hidden = np.empty((count, size), dtype)
    arrays = (*acts, own, hidden, grad, in_gates, in_own, in_hidden)
    return (in_gates, in_own, in_hidden) if function(*map(id, arrays)) else None
