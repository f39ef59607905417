"""Recurrent layers on the CPU, in C and in NumPy, against the composed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu as cpu_backend
from gpugrad.backend.composed_recurrence import GATES
from gpugrad.backend.primitives import Primitives
from gpugrad.native import gates

cpu: Any = cpu_backend
COMPOSED: Any = (Primitives.recurrence, Primitives.recurrence_grad)
EVERYTHING = (True,) * 7


@pytest.fixture(params=["C", "NumPy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "NumPy":
        monkeypatch.setattr(gates, "step", lambda *_: None)
    elif gates.step("lstm_step", np.zeros(1, np.float32)) is None:
        pytest.skip("needs a C compiler")
    return str(request.param)


def operands(
    mode: str, dtype: Any, length: int = 5, batch: int = 3, size: int = 4, bias: bool = True
) -> Any:
    draw = np.random.default_rng(0)
    rows = GATES[mode] * size

    def some(*shape: int) -> Any:
        return draw.standard_normal(shape).astype(dtype)

    state = some(batch, size), some(batch, size) if mode == "LSTM" else None
    biases = (some(rows), some(rows)) if bias else (None, None)
    return (some(length, batch, 2), some(rows, 2), some(rows, size), *state, *biases)


def both(arrays: tuple[Any, ...], mode: str, reverse: bool, wanted: Any = EVERYTHING) -> Any:
    """Results and gradients, by the CPU's way and in composed form."""
    draw = np.random.default_rng(1)
    x, w_ih, w_hh, _, c0 = arrays[:5]
    grad_y = draw.standard_normal((*x.shape[:2], w_hh.shape[1])).astype(x.dtype)
    grad_c = None if c0 is None else draw.standard_normal(c0.shape).astype(x.dtype)
    for forward, backward in ((type(cpu).recurrence, type(cpu).recurrence_grad), COMPOSED):
        y, c, *trail = forward(cpu, *arrays, mode, reverse)
        yield (
            (y, c),
            backward(cpu, *trail, x, w_ih, w_hh, grad_y, grad_c, mode, reverse, wanted),
        )


def assert_alike(found: Any, expected: Any, tolerance: float) -> None:
    for one, other in zip(found, expected, strict=True):
        if other is None:
            assert one is None
        else:
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("mode", GATES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-5), (np.float64, 1e-12)])
def test_equals_the_composed_form(
    mode: str, reverse: bool, dtype: Any, tolerance: float, way: str
) -> None:
    arrays = operands(mode, dtype)
    wanted = (*EVERYTHING[:4], mode == "LSTM", True, True)
    (results, gradients), (expected, of_composed) = both(arrays, mode, reverse, wanted)
    assert_alike(results, expected, tolerance)
    assert_alike(gradients, of_composed, 10 * tolerance)


@pytest.mark.parametrize("mode", GATES)
def test_without_biases_and_for_one_sequence_of_one_step(mode: str, way: str) -> None:
    arrays = operands(mode, np.float64, length=1, batch=1, size=17, bias=False)
    wanted = (True, False, True, True, mode == "LSTM", False, False)
    (results, gradients), (expected, of_composed) = both(arrays, mode, False, wanted)
    assert_alike(results, expected, 1e-12)
    assert_alike(gradients, of_composed, 1e-11)


def test_large_preactivations_saturate(way: str) -> None:
    arrays = list(operands("LSTM", np.float32))
    arrays[5] = np.float32(1000) * np.sign(arrays[5])
    with np.errstate(all="raise", under="ignore"):
        y, c, *_ = cpu.recurrence(*arrays, "LSTM", False)
    assert np.isfinite(y).all()
    assert np.isfinite(c).all()


def test_nan_stays_in_its_sequence(way: str) -> None:
    arrays = operands("GRU", np.float32)
    arrays[0][2, 1] = np.nan
    y, *_ = cpu.recurrence(*arrays, "GRU", False)
    assert np.isnan(y[2:, 1]).all()
    assert np.isfinite(y[:, [0, 2]]).all()
    assert np.isfinite(y[:2]).all()


def test_half_types_are_composed() -> None:
    arrays = operands("LSTM", np.float16)
    y, c, *_ = cpu.recurrence(*arrays, "LSTM", False)
    assert y.dtype == c.dtype == np.float16
    exact, *_ = cpu.recurrence(*(a.astype(np.float64) for a in arrays), "LSTM", False)
    np.testing.assert_allclose(y, exact, atol=5e-3)


def test_one_gradient_may_be_missing(way: str) -> None:
    arrays = operands("LSTM", np.float64)
    _, _, *trail = cpu.recurrence(*arrays, "LSTM", False)
    x, w_ih, w_hh = arrays[:3]
    draw = np.random.default_rng(1)
    of_y, of_c = draw.standard_normal((5, 3, 4)), draw.standard_normal((3, 4))

    def gradients(grad_y: Any, grad_c: Any) -> Any:
        return cpu.recurrence_grad(*trail, x, w_ih, w_hh, grad_y, grad_c, "LSTM", False, EVERYTHING)

    whole, parts = gradients(of_y, of_c), (gradients(of_y, None), gradients(None, of_c))
    assert_alike([a + b for a, b in zip(*parts, strict=True)], whole, 1e-12)
