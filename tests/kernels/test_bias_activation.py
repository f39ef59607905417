"""A bias, an activation function and their gradients on the host; sums of columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from gpugrad.backend.kernels import MOST_BLOCKS_TO_SUM, ColumnGrid, columns_grid
from tests.kernels.arrays import Placed, assert_near, compute, numpy_dtype, ordinary, sample
from tests.kernels.elementwise import CASES
from tests.kernels.emulation import BACKWARD, FORWARD, SHUFFLED, TYPES, launch

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, for inf and nan

Array = Any

ACTIVATIONS = ("relu", "sigmoid", "tanh", "gelu", "gelu_tanh")
SHAPES = ((0, 5), (1, 1), (300, 1), (5, 3), (9, 32), (67, 40), (3, 33), (2, 264), (1, 2056))
FEW = ((67, 8), (3, 33), (40, 10))
"""For all functions but one, which differ in nothing but the numbers."""

ORDERS = itertools.cycle((FORWARD, BACKWARD, SHUFFLED))


def grids(rows: int, cols: int, suffix: str) -> list[ColumnGrid]:
    """What the library would take, and others that leave threads, lines and slices without work."""
    itemsize = numpy_dtype(suffix).itemsize
    found = {columns_grid(rows, cols, itemsize, sums) for sums in (True, False)}
    for lanes, slices in ((3, 1), (50, 3)):
        width = lanes * (16 // itemsize)
        found.add(ColumnGrid(lanes, slices, (cols + width - 1) // width))
    return sorted(found)


class Sums:
    """The memory that a sum over columns wants, and what must be in it afterwards."""

    def __init__(self, suffix: str, grid: ColumnGrid) -> None:
        width = 16 // numpy_dtype(suffix).itemsize
        several = grid.slices > 1
        numbers = grid.blocks * grid.lanes * width
        self.partial = Placed(np.full(numbers, np.nan), compute(suffix)) if several else None
        self.counter = np.zeros(grid.tiles, np.uint32) if several else None

    @property
    def arguments(self) -> tuple[Array, Array]:
        return (self.partial.array if self.partial else None), self.counter

    def check(self) -> None:
        assert self.counter is None or not self.counter.any()
        assert self.partial is None or self.partial.unchanged(outside_only=True)


def run(name: str, suffix: str, grid: ColumnGrid, args: tuple[Any, ...], shape: Any) -> None:
    launch(name, suffix, grid.blocks, (*args, grid.lanes, grid.slices, *shape), next(ORDERS))


def place(values: Array, suffix: str, offset: int = 0) -> Placed:
    return Placed(values, numpy_dtype(suffix), offset)


OFFSETS = ((0, 0, 0), (1, 1, 1), (0, 0, 1), (0, 1, 0))
"""Of the matrix that is read, the bias or kept matrix, and the matrix that is written."""


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
def test_forward(suffix: str, activation: str | None) -> None:
    name = f"bias_{activation}_forward" if activation else "bias_forward"
    function: Callable[[Array], Array]
    function = CASES[f"{activation}_forward"].expected if activation else np.positive
    for rows, cols in FEW if activation else SHAPES:
        x = sample(suffix, rows * cols, cols).reshape(rows, cols)
        b = ordinary(suffix, cols, 2)
        # The sum of two numbers of the type may be beyond it.
        expected = function((x + b).astype(compute(suffix)).astype(np.float64))
        for offsets, grid in zip(itertools.cycle(OFFSETS), grids(rows, cols, suffix), strict=False):
            source, bias, out = (
                place(v, suffix, o) for v, o in zip((x, b, x * 0 + 77), offsets, strict=True)
            )
            run(name, suffix, grid, (source.array, bias.array, out.array), (rows, cols))
            where = f"{name} {suffix} {(rows, cols)} {grid} {offsets}"
            size = np.abs(x) + np.abs(b)
            lost = 1 + np.fmin(np.abs(x), 1e4)
            assert_near(out.array, expected, suffix, size, lost=lost, where=where)
            assert source.unchanged() and bias.unchanged() and out.unchanged(outside_only=True)


def test_forward_in_place() -> None:
    x, b = ordinary("float32", (300, 12), 1), ordinary("float32", 12, 2)
    matrix = place(x, "float32")
    grid = ColumnGrid(2, 1, 2)  # every thread has several rows of its own on the way
    args = (matrix.array, b.astype(np.float32), matrix.array)
    run("bias_forward", "float32", grid, args, x.shape)
    assert_near(matrix.array, x + b, "float32", np.abs(x) + np.abs(b))


def kept_of(activation: str, suffix: str, shape: tuple[int, int], special: bool) -> Array:
    """What backward takes: x for gelu, else y."""
    n = math.prod(shape)
    x = (sample(suffix, n, 5) if special else ordinary(suffix, n, 5)).reshape(shape)
    low, high = CASES[f"{activation}_backward"].limits
    return np.clip(x, low, high)


def gradient(activation: str, suffix: str, dy: Array, kept: Array, b: Array) -> tuple[Array, Array]:
    """dx in float64, and the size of what it is made of."""
    case = CASES[f"{activation}_backward"]
    if "gelu" in activation:
        kept = (kept + b).astype(compute(suffix)).astype(np.float64)
    terms = np.abs(dy) * (1 + (np.abs(kept) if "gelu" in activation else 0))
    return case.expected(dy, kept), np.nan_to_num(terms, posinf=0)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_backward(suffix: str, activation: str) -> None:
    name = f"bias_{activation}_backward"
    shapes = SHAPES if activation == "relu" else FEW
    for shape, wants_dx in zip(shapes, itertools.cycle((True, True, False)), strict=False):
        rows, cols = shape
        dy, b = ordinary(suffix, shape, 3), ordinary(suffix, cols, 2)
        kept = kept_of(activation, suffix, shape, special=False)
        expected, terms = gradient(activation, suffix, dy, kept, b)
        for offsets, grid in zip(itertools.cycle(OFFSETS), grids(*shape, suffix), strict=False):
            grad, saved, dx = (
                place(v, suffix, o) for v, o in zip((dy, kept, dy * 0 + 77), offsets, strict=True)
            )
            bias, db = place(b, suffix), place(np.full(cols, 77.0), suffix, offsets[1])
            sums = Sums(suffix, grid)
            inputs = (grad.array, saved.array, *((bias.array,) if "gelu" in activation else ()))
            outputs = (dx.array if wants_dx else None, db.array, *sums.arguments)
            run(name, suffix, grid, (*inputs, *outputs), shape)
            where = f"{name} {suffix} {shape} {grid} {offsets}"
            if wants_dx:
                assert_near(dx.array, expected, suffix, terms, where=f"dx {where}")
            assert dx.unchanged(outside_only=wants_dx), where
            size = terms.sum(0) * (1 + rows / 64)
            assert_near(db.array, expected.sum(0), suffix, size, where=f"db {where}")
            sums.check()
            assert grad.unchanged() and saved.unchanged() and bias.unchanged()
            assert db.unchanged(outside_only=True)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_at_special_numbers(suffix: str, activation: str) -> None:
    shape = (31, 8)
    dy, b = ordinary(suffix, shape, 3), ordinary(suffix, 8, 2)
    kept = kept_of(activation, suffix, shape, special=True)
    expected, terms = gradient(activation, suffix, dy, kept, b)
    grid = columns_grid(*shape, numpy_dtype(suffix).itemsize, sums=True)
    dx = place(dy, suffix)  # in place of dy
    saved, bias = place(kept, suffix), place(b, suffix)
    inputs = [dx.array, saved.array, *((bias.array,) if "gelu" in activation else ())]
    run(f"bias_{activation}_backward", suffix, grid, (*inputs, dx.array, *[None] * 3), shape)
    lost = 1 + np.abs(dy)
    assert_near(dx.array, expected, suffix, terms, lost=lost, where=f"{activation} {suffix}")


def column_sum(x: Placed, suffix: str, grid: ColumnGrid, order: int) -> Array:
    out = place(np.full(x.array.shape[1], 77.0), suffix, 1)
    sums = Sums(suffix, grid)
    args = (x.array, out.array, *sums.arguments, grid.lanes, grid.slices, *x.array.shape)
    launch("column_sum", suffix, grid.blocks, args, order)
    sums.check()
    assert out.unchanged(outside_only=True) and x.unchanged()
    return out.array


@pytest.mark.parametrize("suffix", TYPES)
def test_column_sum(suffix: str) -> None:
    for shape in SHAPES:
        x = ordinary(suffix, shape, 1)
        for offset, grid in zip(itertools.cycle((0, 1)), grids(*shape, suffix), strict=False):
            found = column_sum(place(x, suffix, offset), suffix, grid, next(ORDERS))
            size = np.abs(x).sum(0) * (1 + shape[0] / 64)
            assert_near(found, x.sum(0), suffix, size, where=f"{shape} {grid} {offset}")


@pytest.mark.parametrize("suffix", TYPES)
def test_neither_order_nor_alignment_changes_a_sum(suffix: str) -> None:
    x = ordinary(suffix, (500, 24), 1)
    grid = columns_grid(500, 24, numpy_dtype(suffix).itemsize, sums=True)
    assert grid.slices > 1
    found = {
        column_sum(place(x, suffix), suffix, grid, order).tobytes()
        for order in (FORWARD, BACKWARD, SHUFFLED)
    }
    assert len(found) == 1


def test_what_is_not_a_number_stays_in_its_column() -> None:
    x = ordinary("float32", (200, 40), 1)
    x[150, 7], x[3, 33] = np.inf, np.nan
    found = column_sum(place(x, "float32"), "float32", columns_grid(200, 40, 4, True), FORWARD)
    assert np.flatnonzero(~np.isfinite(found)).tolist() == [7, 33]
    assert found[7] == np.inf


@pytest.mark.parametrize("sums", [True, False])
@pytest.mark.parametrize("itemsize", [2, 4, 8])
def test_grid(sums: bool, itemsize: int) -> None:
    sizes = (1, 3, 7, 10, 31, 33, 100, 1000, 10**6)
    for rows, cols in itertools.product((0, *sizes, 2**33), (*sizes, 2**31)):
        grid = columns_grid(rows, cols, itemsize, sums)
        tile = grid.lanes * (16 // itemsize)
        assert 1 <= grid.lanes <= 256
        assert (grid.tiles - 1) * tile < cols <= grid.tiles * tile
        assert 1 <= grid.slices <= max(rows, 1) and grid.blocks < 2**31
        if sums and grid.slices > 1:
            assert grid.tiles <= MOST_BLOCKS_TO_SUM and grid.blocks <= MOST_BLOCKS_TO_SUM


def test_the_composed_forms_agree_with_the_formulas() -> None:
    x, b, dy = (
        ordinary("float64", (6, 5), 1),
        ordinary("float64", 5, 2),
        ordinary("float64", (6, 5), 3),
    )
    for activation in ACTIVATIONS:
        y = cpu.bias_activation(x, b, activation)
        np.testing.assert_allclose(y, CASES[f"{activation}_forward"].expected(x + b), rtol=1e-12)
        kept = x if "gelu" in activation else y
        found = cpu.bias_activation_grad(kept, b, dy, activation, (True, True))
        expected, _ = gradient(activation, "float64", dy, kept, b)
        np.testing.assert_allclose(found[0], expected, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(found[1], expected.sum(0), rtol=1e-10, atol=1e-14)
