"""``gpugrad.testing``: what counts as close, and what a failure says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.testing import assert_allclose, assert_close, make_tensor

nan = float("nan")


@pytest.mark.parametrize(
    ("actual", "expected", "options"),
    [
        (gpugrad.ones(2), gpugrad.ones(2) + 1e-6, {}),
        (1.0, 1.0 + 1e-8, {}),
        (3, 3, {}),
        (None, None, {}),
        ([1.0, gpugrad.ones(1)], [1.0, gpugrad.ones(1)], {}),
        ({"a": (1, 2)}, {"a": (1, 2)}, {}),
        (gpugrad.tensor(nan), gpugrad.tensor(nan), {"equal_nan": True}),
        (gpugrad.ones(2), gpugrad.ones(2).double(), {"check_dtype": False}),
        (gpugrad.ones(2), 1.5 * gpugrad.ones(2), {"rtol": 0.0, "atol": 0.5}),
        (gpugrad.ones(2, dtype=gpugrad.float16), 1.0005 * gpugrad.ones(2).half(), {}),
        (np.ones(2), np.ones(2), {}),
        (np.float32(1), np.float32(1), {}),
        (np.float32(1), 1.0, {"check_dtype": False}),
        (np.int64(2), 2, {"check_dtype": False}),
        (np.bool_(True), True, {}),
    ],
)
def test_close(actual: Any, expected: Any, options: dict[str, Any]) -> None:
    assert_close(actual, expected, **options)


@pytest.mark.parametrize(
    ("actual", "expected", "words"),
    [
        (gpugrad.ones(2), gpugrad.ones(2) + 1e-4, "Mismatched elements: 2 / 2 (100.0%)"),
        (gpugrad.tensor([1, 2]), gpugrad.tensor([1, 5]), "difference: 3 at index (1,)"),
        (gpugrad.ones(2), gpugrad.ones(3), "'shape' do not match: torch.Size([2])"),
        (gpugrad.ones(2), gpugrad.ones(2).int(), "'dtype' do not match: torch.float32"),
        (gpugrad.tensor(nan), gpugrad.tensor(nan), "Expected nan but got nan"),
        (1.0, 2.0, "Relative difference: 0.5 (up to 1e-07 allowed)"),
        (1, 2, "Expected 2 but got 1."),
        ([1, 2], [1], "length of the sequences mismatch: 2 != 1"),
        ({"a": 1}, {"b": 1}, "Missing keys in the actual mapping: ['b']"),
        ({"a": [0, 1]}, {"a": [0, 2]}, "failure occurred for item ['a'][1]"),
        (True, False, "Booleans mismatch"),
        (np.bool_(True), False, "Booleans mismatch"),
        (np.float32(1), np.float32(2), "Expected 2.0 but got 1.0."),
        (None, 1, "None mismatch"),
    ],
)
def test_not_close(actual: Any, expected: Any, words: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected)
    assert words in str(caught.value)


def test_own_messages_and_wrong_calls() -> None:
    with pytest.raises(AssertionError, match=r"\Aown\Z"):
        assert_close(1, 2, msg="own")
    with pytest.raises(AssertionError, match=r"\Aown: Scalars"):
        assert_close(1, 2, msg=lambda text: "own: " + text)
    with pytest.raises(ValueError, match="but got no atol"):
        assert_close(1, 2, rtol=0.1)
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close("a", "a")


def test_older_name() -> None:
    with pytest.warns(FutureWarning, match="assert_close"):
        assert_allclose(gpugrad.ones(2), [1.0, 1.0])
    with pytest.warns(FutureWarning), pytest.raises(AssertionError):
        assert_allclose(gpugrad.ones(2), [1.0, 1.1])


def test_samples() -> None:
    x = make_tensor(50, 20, dtype=gpugrad.float32, device="cpu", low=-2, high=3)
    assert -2 <= x.min() < -1.9 and 2.9 < x.max() < 3
    assert not make_tensor(
        4, 4, dtype=gpugrad.int8, device="cpu", noncontiguous=True
    ).is_contiguous()
    assert make_tensor((3,), dtype=gpugrad.float64, device="cpu", requires_grad=True).requires_grad
    assert (make_tensor(99, dtype=gpugrad.int64, device="cpu", exclude_zero=True) != 0).all()
    with pytest.raises(ValueError, match="3 >= 2"):
        make_tensor(1, dtype=gpugrad.int64, device="cpu", low=3, high=2)
    with pytest.raises(ValueError, match="cannot be NaN"):
        make_tensor(1, dtype=gpugrad.float32, device="cpu", low=nan)
    with pytest.raises(ValueError, match="integral dtypes, but got dtype=torch.int64"):
        make_tensor(1, dtype=gpugrad.int64, device="cpu", requires_grad=True)


@pytest.mark.parametrize("dtype", [gpugrad.float32, gpugrad.float16, gpugrad.uint8])
def test_limits_beyond_the_type(dtype: gpugrad.dtype) -> None:
    x = make_tensor(99, dtype=dtype, device="cpu", low=-1e300, high=1e300)
    assert x.isfinite().all() and x.unique().numel() > 9
