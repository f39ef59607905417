"""The squared error of the sigmoid on the host: every reduction, and both gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from tests.kernels.arrays import Placed, assert_near, compute, numpy_dtype, ordinary, sample
from tests.kernels.emulation import BACKWARD, FORWARD, SHUFFLED, TYPES, launch

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, for inf and nan

Array = Any

SIZES = (0, 1, 5, 33, 1025, 5000)
OFFSETS = ((0, 0, 0), (1, 1, 1), (0, 0, 1), (0, 1, 0))
"""Of the inputs, the first output and the second."""


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def place(values: Array, suffix: str, offset: int = 0) -> Placed:
    return Placed(values, numpy_dtype(suffix), offset)


def slack(x: Array) -> Array:
    """The size of what makes p: the rounding of x weighs in exp."""
    p = sigmoid(x)
    return p * (1 + np.nan_to_num(np.abs(x), posinf=0) * (1 - p))


def reduce(
    suffix: str, x: Placed, y: Placed, p: Placed | None, scale: float, blocks: int, order: int
) -> Array:
    out = place(np.full(1, 77.0), suffix)
    partial, counter = np.full(blocks, np.nan, compute(suffix)), np.zeros(1, np.uint32)
    workspace = (partial, counter) if blocks > 1 else (None, None)
    kept = None if p is None else p.array
    args = (x.array, y.array, out.array, kept, scale, *workspace, x.array.size)
    launch("sigmoid_mse_reduce", suffix, blocks, args, order)
    assert not counter.any()
    assert out.unchanged(outside_only=True) and x.unchanged() and y.unchanged()
    return out.array


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("n", SIZES)
def test_reduce(suffix: str, n: int) -> None:
    a, b = ordinary(suffix, n, 1, 3.0), ordinary(suffix, n, 2)
    exact, errors = sigmoid(a), (sigmoid(a) - b) ** 2
    orders = itertools.cycle((FORWARD, BACKWARD, SHUFFLED))
    for blocks, (offset, _, other) in zip((1, 3, 2, 2), OFFSETS, strict=True):
        x, y = place(a, suffix, offset), place(b, suffix, offset)
        for keep, scale in ((True, 1.0), (False, 1 / n if n else float("nan"))):
            p = place(np.full(n, 77.0), suffix, other)
            found = reduce(suffix, x, y, p if keep else None, scale, blocks, next(orders))
            expected = np.array([errors.sum() * scale])
            where = f"{suffix} {n}, {blocks} blocks"
            assert_near(found, expected, suffix, np.abs(expected) * 4, where=where)
            if keep:
                assert_near(p.array, exact, suffix, slack(a), where=f"p {where}")
            assert p.unchanged(outside_only=keep)


@pytest.mark.parametrize("suffix", TYPES)
def test_the_order_in_which_blocks_run_changes_nothing(suffix: str) -> None:
    x, y = (place(ordinary(suffix, 9000, k), suffix) for k in (1, 2))
    found = {
        reduce(suffix, x, y, None, 1.0, 5, order).tobytes()
        for order in (FORWARD, BACKWARD, SHUFFLED)
    }
    assert len(found) == 1


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("keep", [True, False])
def test_each_error(suffix: str, keep: bool) -> None:
    for n, (offset, first, second) in itertools.product((0, 1, 33, 1025), OFFSETS):
        a, b = sample(suffix, n, 1), ordinary(suffix, n, 2)
        x, y = place(a, suffix, offset), place(b, suffix, offset)
        e, p = (place(np.full(n, 77.0), suffix, o) for o in (first, second))
        args = (x.array, y.array, e.array, p.array if keep else None, n)
        launch("sigmoid_mse_none", suffix, 2, args, SHUFFLED)
        exact = sigmoid(a)
        terms = (exact + np.abs(b)) ** 2 + np.abs(exact - b) * slack(a)
        assert_near(e.array, (exact - b) ** 2, suffix, terms, where=f"e {suffix} {n}")
        if keep:
            assert_near(p.array, exact, suffix, slack(a), where=f"p {suffix} {n}")
        assert p.unchanged(outside_only=keep) and e.unchanged(outside_only=True)
        assert x.unchanged() and y.unchanged()


WANTED = itertools.cycle(((True, True), (True, False), (False, True)))


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("each", [0, 1])
@pytest.mark.parametrize("of_output", [True, False])
def test_backward(suffix: str, each: int, of_output: bool) -> None:
    name = "sigmoid_mse_backward_output" if of_output else "sigmoid_mse_backward"
    for n, (offset, first, second) in itertools.product((0, 1, 33, 1025), OFFSETS):
        a, b = sample(suffix, n, 1), ordinary(suffix, n, 2)
        if of_output:
            a = np.clip(a, 0, 1)
        grad, scale = ordinary(suffix, n if each else 1, 3), 2.0 / max(n, 1)
        x, y, de = (place(v, suffix, offset) for v in (a, b, grad))
        dx, dy = (place(np.full(n, 77.0), suffix, o) for o in (first, second))
        wants_x, wants_y = next(WANTED)
        outputs = (dx.array if wants_x else None, dy.array if wants_y else None)
        args = (x.array, y.array, de.array, *outputs, scale, each, n)
        launch(name, suffix, 2, args, BACKWARD)
        p = a if of_output else sigmoid(a)
        g = (p - b) * (grad * scale)
        terms = (p + np.abs(b) + slack(a)) * np.abs(grad * scale)
        where = f"{name} {suffix} {n}"
        if wants_x:
            # Where p is rounded to 1, so is the product to 0.
            assert_near(dx.array, g * p * (1 - p), suffix, terms, where=f"dx {where}")
        if wants_y:
            assert_near(dy.array, -g, suffix, terms, where=f"dy {where}")
        assert dx.unchanged(outside_only=wants_x) and dy.unchanged(outside_only=wants_y)
        assert x.unchanged() and y.unchanged() and de.unchanged()


def test_gradient_in_place_of_the_input() -> None:
    a, b = ordinary("float32", 700, 1), ordinary("float32", 700, 2)
    x, dy = place(a, "float32"), place(b, "float32")
    args = (x.array, dy.array, np.ones(1, np.float32), x.array, dy.array, 1.0, 0, 700)
    launch("sigmoid_mse_backward", "float32", 1, args)
    p = sigmoid(a)
    assert_near(x.array, (p - b) * p * (1 - p), "float32", np.abs(b) + 1)
    assert_near(dy.array, b - p, "float32", np.abs(b) + 1)


def test_the_composed_forms_agree_with_the_formulas() -> None:
    x, y, grad = (ordinary("float64", 50, k) for k in range(3))
    p = sigmoid(x)
    for reduction, expected in (
        ("none", (p - y) ** 2),
        ("sum", ((p - y) ** 2).sum()),
        ("mean", ((p - y) ** 2).mean()),
    ):
        found, kept = cpu.sigmoid_mse(x, y, reduction, True)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        np.testing.assert_allclose(kept, p, rtol=1e-12)
    for source, of_output in ((x, False), (p, True)):
        dx, dy = cpu.sigmoid_mse_grad(source, y, grad, 0.5, (True, True), of_output)
        np.testing.assert_allclose(dx, 0.5 * grad * (p - y) * p * (1 - p), rtol=1e-12)
        np.testing.assert_allclose(dy, -0.5 * grad * (p - y), rtol=1e-12)
