"""Attention on the CPU, in C and in NumPy, against the composed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu as cpu_backend
from gpugrad.backend import cpu_attention
from gpugrad.backend.primitives import Primitives
from gpugrad.native import scores

cpu: Any = cpu_backend
COMPOSED: Any = Primitives


@pytest.fixture(params=["C", "NumPy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "NumPy":
        monkeypatch.setattr(scores, "weigh", lambda *_: False)
        monkeypatch.setattr(scores, "spread", lambda *_: False)
    elif not scores.weigh(np.zeros((1, 1), np.float32), False):
        pytest.skip("needs a C compiler")
    return str(request.param)


def operands(dtype: Any, lead: tuple[int, ...], rows: int, keys: int) -> Any:
    draw = np.random.default_rng(0)
    shapes = ((*lead, rows, 8), (*lead, keys, 8), (*lead, keys, 5))
    return tuple(draw.standard_normal(shape).astype(dtype) for shape in shapes)


def assert_alike(arrays: tuple[Any, ...], causal: bool, tolerance: float) -> None:
    composed = COMPOSED.attention(cpu, *arrays, causal, 0.3)
    found = cpu.attention(*arrays, causal, 0.3)
    grad = np.random.default_rng(1).standard_normal(found[0].shape).astype(arrays[0].dtype)
    rest = grad, 0.3, (True, True, True)
    found += cpu.attention_grad(found[1], *arrays, found[0], *rest)
    composed += COMPOSED.attention_grad(cpu, composed[1], *arrays, composed[0], *rest)
    for one, other in zip(found, composed, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("lead", "rows", "keys"),
    [((2, 3), 6, 6), ((4,), 5, 9), ((2,), 9, 5), ((1, 2), 1, 1), ((3, 2), 33, 33), ((2,), 70, 70)],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_equals_the_composed_form(
    lead: tuple[int, ...],
    rows: int,
    keys: int,
    causal: bool,
    dtype: Any,
    tolerance: float,
    way: str,
) -> None:
    assert_alike(operands(dtype, lead, rows, keys), causal, tolerance)


def test_in_several_blocks(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_attention, "BLOCK", 100)
    assert_alike(operands(np.float64, (5, 2), 7, 7), True, 1e-12)


def test_heads_side_by_side_stay_so(way: str) -> None:
    draw = np.random.default_rng(0)
    wide = draw.standard_normal((2, 6, 3 * 4 * 8))
    heads = tuple(
        wide[:, :, first : first + 32].reshape(2, 6, 4, 8).transpose(0, 2, 1, 3)
        for first in (0, 32, 64)
    )
    result, _ = cpu.attention(*heads, True, 0.3)
    assert np.shares_memory(result.transpose(0, 2, 1, 3).reshape(2, 6, 32), result)
    assert_alike(heads, True, 1e-12)


def test_rows_far_below_others_keep_their_weights(way: str) -> None:
    query, key, value = operands(np.float32, (1,), 4, 4)
    query[0, 2] = 0
    query[0, 1] *= 1000
    _, weights = cpu.attention(query, key, value, False, 1.0)
    np.testing.assert_allclose(weights[0, 2], 0.25, rtol=1e-6)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)


def test_nan_and_infinity_stay_in_their_row(way: str) -> None:
    query, key, value = operands(np.float32, (2,), 5, 5)
    query[0, 1, 0], query[1, 4, 0] = math.nan, math.inf
    with np.errstate(invalid="ignore"):
        result, _ = cpu.attention(query, key, value, True, 1.0)
    bad = np.isnan(result).all(-1)
    assert bad.tolist() == [[False, True, False, False, False], [False] * 4 + [True]]
    assert np.isfinite(result[~bad]).all()


def test_no_sequences_and_no_keys() -> None:
    for lead, rows, keys in (((0, 2), 3, 3), ((2,), 0, 3)):
        result, weights = cpu.attention(*operands(np.float32, lead, rows, keys), False, 1.0)
        assert result.shape == (*lead, rows, 5)
        assert weights.shape == (*lead, rows, keys)
