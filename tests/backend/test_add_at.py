"""Whole rows picked and added to by index on the CPU, against NumPy's general way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.backend.add_at import rows_picked
from tests.native_switch import switched

Array = Any


@pytest.fixture(autouse=True, params=["NumPy", "C"])
def code(request: pytest.FixtureRequest) -> Iterator[None]:
    """NumPy alone, or C where there is a compiler."""
    with switched(on=request.param == "C"):
        yield


def draw(*shape: int, kind: str = "float32") -> Array:
    return np.random.default_rng(0).standard_normal(shape).astype(kind)


ROWS = np.random.default_rng(1).integers(-20, 20, 400)


def repeated(columns: int) -> tuple[Array, Array]:
    """The index of ``scatter`` along dimension 0 for a vector that is expanded."""
    wide = np.broadcast_to(ROWS[:, None], (len(ROWS), columns))
    return wide, np.arange(columns).reshape(1, -1)


@pytest.mark.parametrize("kind", ["float32", "float64", "int64"])
@pytest.mark.parametrize("columns", [7, 40])
def test_rows(columns: int, kind: str) -> None:
    x, value = draw(20, columns, kind=kind), draw(400, columns, kind=kind)
    forms: Any = ((ROWS,), (ROWS, ...), repeated(columns))
    for index in forms:
        np.testing.assert_array_equal(rows_picked(x, index), ROWS)
        np.testing.assert_array_equal(cpu.getitem(x, index), x[index])
        found, wanted = x.copy(), x.astype(np.float64)
        cpu.index_add(found, index, value)
        np.add.at(wanted, index, value)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_what_does_not_pick_whole_rows() -> None:
    x = draw(20, 40)
    wide, columns = repeated(40)
    mask = x[:, 0] > 0
    for index in (
        (wide, columns[:, ::-1].copy()),
        (wide[:, :30], columns[:, :30]),
        (wide.copy(), columns),
        (ROWS, 3),
        (ROWS, ROWS),
        (mask,),
        (ROWS.reshape(20, 20),),
        (slice(3, 5), ROWS),
        (),
    ):
        assert rows_picked(x, index) is None
        np.testing.assert_array_equal(cpu.getitem(x, index), x[index])


def test_rows_that_are_not_there() -> None:
    x, index = draw(20, 40), np.full(400, 20)
    with pytest.raises(IndexError, match="out of bounds for axis 0 with size 20"):
        cpu.getitem(x, (index,))
    with pytest.raises(IndexError, match="out of bounds for axis 0 with size 20"):
        cpu.index_add(x, (index,), draw(400, 40))


def test_messages_along_edges() -> None:
    """A step of a graph network, and its derivatives."""
    gpugrad.manual_seed(0)
    h = gpugrad.rand(20, 3, dtype=gpugrad.float64, requires_grad=True)
    source, target = (gpugrad.tensor(np.abs(r) % 20) for r in (ROWS[:50], ROWS[50:100]))

    def passed(h: Any) -> Any:
        index = target[:, None].expand(-1, 3)
        return gpugrad.zeros(20, 3, dtype=gpugrad.float64).scatter_add(0, index, h[source] ** 2)

    assert gpugrad.autograd.gradcheck(passed, (h,))
    assert gpugrad.autograd.gradgradcheck(passed, (h,))
