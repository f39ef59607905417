"""Steps of LSTM and GRU cells: in C against the composed form, and as layers have them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.backend.primitives import Primitives
from gpugrad.native import cells
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any

SIZES = ((1, 1), (3, 7), (2, 16), (5, 51))
KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])


@pytest.fixture(autouse=True)
def in_c() -> Iterator[None]:
    with switched(on=True):
        yield


def draw(kind: str, *shapes: tuple[int, int]) -> list[Array]:
    source = np.random.default_rng(0)
    return [(2 * source.standard_normal(shape)).astype(kind) for shape in shapes]


def close(found: Any, wanted: Any) -> None:
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        scale = 16 * float(np.finfo(ours.dtype).eps)
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=scale, atol=scale * np.abs(theirs).max())


@KINDS
@pytest.mark.parametrize(("count", "size"), SIZES)
def test_lstm(count: int, size: int, kind: str) -> None:
    gates, cell, of_h, of_c = draw(kind, (count, 4 * size), *[(count, size)] * 3)
    found = cells.lstm(gates, cell)
    assert found is not None
    wide = [a.astype(np.float64) for a in (gates, cell)]
    close(found, Primitives.lstm_cell(cpu, *wide))
    acts = found[2:]
    exact = [a.astype(np.float64) for a in (*acts, cell)]
    for grads in ((of_h, of_c), (of_h, None), (None, of_c)):
        gradients = cells.lstm_grad(acts, cell, *grads)
        wanted: Any = [None if g is None else g.astype(np.float64) for g in grads]
        close(gradients, Primitives.lstm_cell_grad(*(cpu, *exact, *wanted)))


@KINDS
@pytest.mark.parametrize(("count", "size"), SIZES)
def test_gru(count: int, size: int, kind: str) -> None:
    shapes = [(count, 3 * size)] * 2 + [(count, size)] * 2
    gates, own, hidden, grad = draw(kind, *shapes)
    found = cells.gru(gates, own, hidden)
    assert found is not None
    wide = [a.astype(np.float64) for a in (gates, own, hidden)]
    close(found, Primitives.gru_cell(cpu, *wide))
    acts = found[1], found[2]
    exact = [a.astype(np.float64) for a in (*acts, own, hidden, grad)]
    close(cells.gru_grad(acts, own, hidden, grad), Primitives.gru_cell_grad(cpu, *exact))


def test_what_is_left_to_numpy() -> None:
    gates, cell = draw("float32", (3, 8), (3, 2))
    assert cells.lstm(gates.astype(np.float64), cell) is None
    assert cells.lstm(gates[:, ::-1], cell) is None
    assert cells.gru(gates[:, :6], gates[:, 2:], cell) is None
    assert cells.lstm(*draw("float16", (3, 8), (3, 2))) is None
    turned = np.ascontiguousarray(gates.T).T
    close(cpu.lstm_cell(turned, cell), cpu.lstm_cell(gates, cell))


@pytest.mark.parametrize("in_c", [True, False])
@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell"])
def test_derivatives(name: str, in_c: bool) -> None:
    gpugrad.manual_seed(0)
    layer = getattr(gpugrad.nn, name)(2, 3, dtype=gpugrad.float64)
    like: dict[str, Any] = {"dtype": gpugrad.float64, "requires_grad": True}
    x, *state = (gpugrad.rand(2, n, **like) for n in (2, 3, 3)[: 3 if name == "LSTMCell" else 2])

    def stepped(x: Any, *state: Any) -> Any:
        return layer(x, state if len(state) > 1 else state[0])

    with switched(on=in_c):
        assert gpugrad.autograd.gradcheck(stepped, (x, *state))
        assert gpugrad.autograd.gradgradcheck(stepped, (x, *state))
        if name == "LSTMCell":
            for which in (0, 1):  # with one of the results unused
                assert gpugrad.autograd.gradcheck(lambda *a, w=which: stepped(*a)[w], (x, *state))


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell"])
def test_compiled_loops_give_what_eager_ones_do(name: str, generated: None) -> None:
    gpugrad.manual_seed(0)
    layer, x = getattr(gpugrad.nn, name)(3, 5), gpugrad.rand(4, 6, 3)

    def step() -> Any:
        state = None
        total = 0
        for t in range(6):
            state = layer(x[:, t], state)
            total = total + (state[0] if name == "LSTMCell" else state).square().sum()
        return (total, *gpugrad.autograd.grad(total, list(layer.parameters())))

    compiled = gpugrad.compile(step)
    compiled()
    for found, wanted in zip(compiled(), step(), strict=True):
        gpugrad.testing.assert_close(found, wanted)


def test_types_that_differ() -> None:
    layer = gpugrad.nn.LSTMCell(2, 3)
    state = gpugrad.ones(1, 3), gpugrad.ones(1, 3, dtype=gpugrad.float64)
    hidden, cell = layer(gpugrad.ones(1, 2), state)
    assert hidden.dtype == cell.dtype == gpugrad.float64
    assert math.isfinite(float(hidden.detach().sum()))
