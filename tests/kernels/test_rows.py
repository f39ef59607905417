"""Kernels over rows on the host: softmax, cross entropy and layer normalization."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gpugrad.backend.kernels import blocks_for_rows
from tests.kernels.arrays import EPS, Placed, assert_near, compute, numpy_dtype, ordinary
from tests.kernels.emulation import BACKWARD, FORWARD, SHUFFLED, TYPES, launch

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, for inf and nan

Array = Any

SHAPES = ((0, 5), (1, 1), (5, 3), (9, 32), (3, 33), (2, 257), (2, 1024), (2, 1025), (1, 2051))
ORDERS = itertools.cycle((FORWARD, BACKWARD, SHUFFLED))
IGNORED = -100


def placed(values: Array, suffix: str, offset: int) -> Placed:
    return Placed(values, numpy_dtype(suffix), offset)


def logits(suffix: str, rows: int, cols: int) -> Array:
    """Rows of ordinary numbers, far apart and close together, and some that are not ordinary."""
    x = ordinary(suffix, (rows, cols), rows * cols, 4.0)
    if rows > 1 and cols > 2:
        x[1, 0] = -np.inf
        x[0] += 512  # exact in every type, and exp overflows without the maximum taken off
        x = x.astype(numpy_dtype(suffix)).astype(np.float64)
    if rows >= 5:
        x[2, 1] = np.inf
        x[3] = -np.inf
        x[4, 2] = np.nan
    return x


def log_softmax(x: Array) -> Array:
    with np.errstate(all="ignore"):
        shifted = x - x.max(1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def spread(x: Array) -> Array:
    """How much the rounding of the differences from the maximum weighs in their exponentials."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(x.max(1, keepdims=True) - x, posinf=0, neginf=0) + 4


def check_forward(name: str, suffix: str, x: Array, expected: Array, size: Array) -> None:
    rows, cols = x.shape
    for offset in (0, 1):
        source, out = placed(x, suffix, offset), placed(np.full_like(x, 77), suffix, 0)
        launch(
            name,
            suffix,
            blocks_for_rows(rows, cols),
            (source.array, out.array, rows, cols),
            next(ORDERS),
        )
        assert_near(out.array, expected, suffix, size, where=f"{name}_{suffix} {x.shape}")
        assert source.unchanged() and out.unchanged(outside_only=True)


def check_backward(name: str, suffix: str, grad: Array, y: Array, of: Any, size: Any) -> None:
    rows, cols = y.shape
    for offset in (0, 1):
        dy, out, dx = (placed(v, suffix, offset) for v in (grad, y, np.full_like(y, 77)))
        stored = out.array.astype(np.float64)
        launch(
            name,
            suffix,
            blocks_for_rows(rows, cols),
            (dy.array, out.array, dx.array, rows, cols),
            next(ORDERS),
        )
        with np.errstate(all="ignore"):
            expected, terms = of(grad, stored), size(grad, stored)
        assert_near(
            dx.array, expected, suffix, terms, where=f"{name}_{suffix} {y.shape}", roundings=16
        )
        assert dy.unchanged() and out.unchanged() and dx.unchanged(outside_only=True)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax(suffix: str, shape: tuple[int, int]) -> None:
    x = logits(suffix, *shape)
    y = np.exp(log_softmax(x))
    grad = ordinary(suffix, shape, 3)
    check_forward("softmax_forward", suffix, x, y, y * spread(x))
    check_backward(
        "softmax_backward",
        suffix,
        grad,
        y,
        lambda dy, out: out * (dy - (dy * out).sum(1, keepdims=True)),
        lambda dy, out: out * (np.abs(dy) + np.abs(dy * out).sum(1, keepdims=True)),
    )


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_log_softmax(suffix: str, shape: tuple[int, int]) -> None:
    x = logits(suffix, *shape)
    y = log_softmax(x)
    grad = ordinary(suffix, shape, 3)
    check_forward("log_softmax_forward", suffix, x, y, spread(x))
    check_backward(
        "log_softmax_backward",
        suffix,
        grad,
        y,
        lambda dy, out: dy - np.exp(out) * dy.sum(1, keepdims=True),
        lambda dy, out: (
            np.exp(out) * np.abs(dy).sum(1, keepdims=True) * (1 + np.nan_to_num(abs(out)))
        ),
    )


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy(suffix: str, shape: tuple[int, int]) -> None:
    rows, cols = shape
    x = logits(suffix, rows, cols)
    target = np.random.default_rng(rows).integers(0, cols, rows)
    if rows >= 9:
        target[5:8] = IGNORED, cols, -1
    valid = (target >= 0) & (target < cols)
    picked = log_softmax(x)[np.arange(rows), target.clip(0, cols - 1)]
    losses = np.where(valid, -picked, np.where(target == IGNORED, 0.0, np.nan))
    onehot = np.arange(cols) == target[:, None]
    grad = ordinary(suffix, rows, 3)
    blocks = blocks_for_rows(rows, cols)
    logit, loss = placed(x, suffix, 0), placed(np.full_like(losses, 77), suffix, 1)
    saved = np.full((rows, 2), 77.0, compute(suffix))
    probabilities = placed(np.full_like(x, 77), suffix, 1)
    args: tuple[Any, ...]
    for softmax in (probabilities.array, None):
        args = (logit.array, target, loss.array, saved, softmax, IGNORED, rows, cols)
        launch("cross_entropy_forward", suffix, blocks, args, next(ORDERS))
    exact = np.exp(log_softmax(x))
    assert_near(probabilities.array, exact, suffix, exact * spread(x), where=f"softmax {shape}")
    assert probabilities.unchanged(outside_only=True)
    size = spread(x).max(1, initial=0) if rows else 0
    assert_near(loss.array, losses, suffix, size, where=f"losses {shape}")
    for each, kept, offset in ((1, saved, 0), (0, saved, 1), (1, None, 0), (1, "softmax", 1)):
        de = placed(grad if each else ordinary(suffix, 1, 8), suffix, 0)
        dx = placed(np.full_like(x, 77), suffix, offset)
        source: tuple[Any, ...]
        count = None if each else np.full(1, 4.0, compute(suffix))
        name, source = "cross_entropy_backward", (logit.array, target, de.array, count, kept)
        if isinstance(kept, str):
            name, source = name + "_softmax", (probabilities.array, target, de.array, count)
        args = (*source, dx.array, IGNORED, each, rows, cols)
        launch(name, suffix, blocks, args, next(ORDERS))
        factor = np.broadcast_to(de.array.astype(np.float64), rows)[:, None]
        factor = factor if count is None else factor / 4
        factor = np.where(valid[:, None], factor, np.nan)
        expected = factor * (exact - onehot)
        expected = np.where((target == IGNORED)[:, None], 0, expected)
        terms = np.nan_to_num(np.abs(factor) * (exact * spread(x) + onehot))
        if isinstance(kept, str):  # as far as its rounding goes, which may cancel
            terms *= EPS[suffix] / EPS[compute(suffix)]
        lost = 1 + np.nan_to_num(np.abs(factor))
        assert_near(dx.array, expected, suffix, terms, lost=lost, where=f"dx {shape}")
        assert dx.unchanged(outside_only=True)
    assert logit.unchanged() and loss.unchanged(outside_only=True)


def test_cross_entropy_gradient_in_place_of_the_logits() -> None:
    x = ordinary("float32", (3, 40), 1)
    logit = placed(x, "float32", 0)
    target = np.array([0, 39, 7])
    de = np.ones(1, np.float32)
    args = (logit.array, target, de, None, None, logit.array, IGNORED, 0, 3, 40)
    for order in (FORWARD,):
        launch("cross_entropy_backward", "float32", 1, args, order)
    expected = np.exp(log_softmax(x)) - (np.arange(40) == target[:, None])
    assert_near(logit.array, expected, "float32", spread(x))


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("rows", [0, 1, 33, 1500])
def test_cross_entropy_mean(suffix: str, rows: int) -> None:
    random = np.random.default_rng(rows)
    losses = ordinary(suffix, rows, 1)
    target = random.integers(0, 4, rows)
    for ignored in (IGNORED, 2):
        counted = target != ignored
        for blocks, offset in ((1, 0), (3, 1)):
            loss = placed(np.where(counted, losses, 0), suffix, offset)
            mean = placed(np.full(1, 77.0), suffix, offset)
            count = Placed(np.full(1, 77.0), compute(suffix), offset)
            partial = np.full(2 * blocks, np.nan, compute(suffix))
            counter = np.zeros(1, np.uint32)
            workspace = (partial, counter) if blocks > 1 else (None, None)
            args = (loss.array, target, mean.array, count.array, *workspace, ignored, rows)
            launch("cross_entropy_mean", suffix, blocks, args, next(ORDERS))
            expected = np.array([losses[counted].sum() / np.float64(counted.sum())])
            size = np.abs(losses[counted]).mean() if counted.any() else 0.0
            assert_near(mean.array, expected, suffix, size, where=f"{suffix}, {rows} rows")
            assert count.array[0] == counted.sum() and not counter.any()
            assert mean.unchanged(outside_only=True) and count.unchanged(outside_only=True)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("has_weight", [True, False])
@pytest.mark.parametrize("has_bias", [True, False])
def test_layer_norm(suffix: str, has_weight: bool, has_bias: bool) -> None:
    eps = 1e-5
    for rows, cols in SHAPES:
        x = ordinary(suffix, (rows, cols), 1) + 8
        x = x.astype(numpy_dtype(suffix)).astype(np.float64)
        grad, w, b = (ordinary(suffix, s, k) for k, s in enumerate(((rows, cols), cols, cols)))
        mean = x.mean(1, keepdims=True)
        rstd = 1 / np.sqrt(((x - mean) ** 2).mean(1, keepdims=True) + eps)
        normal = (x - mean) * rstd
        weight, bias = w if has_weight else 1.0, b if has_bias else 0.0
        blocks = blocks_for_rows(rows, cols)
        typed = numpy_dtype(suffix)
        weights = w.astype(typed) if has_weight else None
        biases = b.astype(typed) if has_bias else None
        for offset in (0, 1):
            source, out = placed(x, suffix, offset), placed(np.full_like(x, 77), suffix, offset)
            kept = np.zeros(rows, compute(suffix)), np.zeros(rows, compute(suffix))
            args: tuple[Any, ...]
            args = (source.array, weights, biases, out.array, *kept, eps, rows, cols)
            launch("layer_norm_forward", suffix, blocks, args, next(ORDERS))
            # The mean's rounding, as large as the numbers are, is magnified by rstd.
            size = (np.abs(normal) + 8 * rstd) * (1 + (8 * rstd) ** 2 / cols) * np.abs(weight)
            where = f"y {suffix} {(rows, cols)}"
            assert_near(out.array, normal * weight + bias, suffix, size + np.abs(bias), where=where)
            assert_near(kept[0], mean[:, 0], compute(suffix), 8.0, where="mean")
            dy, dx = placed(grad, suffix, offset), placed(np.full_like(x, 77), suffix, offset)
            args = (dy.array, source.array, weights, *kept, dx.array, rows, cols)
            launch("layer_norm_backward", suffix, blocks, args, next(ORDERS))
            g = grad * weight
            mean_gh = (g * normal).mean(1, keepdims=True)
            expected = (g - g.mean(1, keepdims=True) - normal * mean_gh) * rstd
            terms = (np.abs(g) + 4) * rstd * (4 + 8 * rstd) ** 2
            assert_near(dx.array, expected, suffix, terms, where=f"dx {suffix} {(rows, cols)}")
            assert source.unchanged() and dx.unchanged(outside_only=True)
            assert out.unchanged(outside_only=True)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("slices", [1, 3])
def test_layer_norm_affine_gradient(suffix: str, slices: int) -> None:
    for rows, cols in ((0, 3), (1, 1), (50, 31), (17, 70)):
        x, grad = (ordinary(suffix, (rows, cols), k) for k in (1, 2))
        mean = ordinary(compute(suffix), rows, 3, 0.1)
        rstd = np.abs(ordinary(compute(suffix), rows, 4)) + 0.5
        rstd = rstd.astype(compute(suffix)).astype(np.float64)
        tiles = (cols + 31) // 32
        source, dy = placed(x, suffix, 1), placed(grad, suffix, 0)
        dw, db = (placed(np.full(cols, 77.0), suffix, 0) for _ in range(2))
        partial = np.full((slices, cols, 2), np.nan, compute(suffix))
        counter = np.zeros(tiles, np.uint32)
        stats = (mean.astype(compute(suffix)), rstd.astype(compute(suffix)))
        args = (dy.array, source.array, *stats, dw.array, db.array, partial, counter)
        launch(
            "layer_norm_backward_affine",
            suffix,
            slices * tiles,
            (*args, slices, rows, cols),
            next(ORDERS),
        )
        terms = grad * (x - mean[:, None]) * rstd[:, None]
        where = f"{suffix} {(rows, cols)}"
        assert_near(dw.array, terms.sum(0), suffix, np.abs(terms).sum(0), where=f"dw {where}")
        assert_near(db.array, grad.sum(0), suffix, np.abs(grad).sum(0), where=f"db {where}")
        assert not counter.any()
        assert dw.unchanged(outside_only=True) and db.unchanged(outside_only=True)
