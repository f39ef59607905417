"""Window functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.signal import windows

NAMES = (
    *("bartlett", "blackman", "cosine", "exponential", "gaussian", "hamming", "hann", "kaiser"),
    "nuttall",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [0, 1, 2, 7, 8])
def test_form(name: str, count: int) -> None:
    window: Any = getattr(windows, name)(count, dtype=gpugrad.float64)
    assert (tuple(window.shape), window.dtype) == ((count,), gpugrad.float64)
    assert gpugrad.allclose(window, window.flip(0))
    assert not count or float(window.max()) <= 1 + 1e-12
    # One period of a periodic window is the symmetric one of a point more, without its last.
    if count > 1 and name != "cosine":
        longer = getattr(windows, name)(count + 1, dtype=gpugrad.float64)
        periodic = getattr(windows, name)(count, sym=False, dtype=gpugrad.float64)
        assert gpugrad.allclose(periodic, longer[:-1], atol=1e-12)


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming"])
def test_as_in_numpy(name: str) -> None:
    ours = getattr(windows, name)(9, dtype=gpugrad.float64).numpy()
    np.testing.assert_allclose(ours, getattr(np, name)(9), atol=1e-12)


def test_kaiser_as_in_numpy() -> None:
    ours = windows.kaiser(9, beta=5.0, dtype=gpugrad.float64).numpy()
    np.testing.assert_allclose(ours, np.kaiser(9, 5.0), rtol=1e-7)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="requires non-negative window length, got M=-1"):
        windows.hann(-1)
    with pytest.raises(ValueError, match="expects float32 or float64 dtypes"):
        windows.bartlett(3, dtype=gpugrad.float16)
    with pytest.raises(ValueError, match="Center must be None for symmetric windows"):
        windows.exponential(3, center=1.0)
    with pytest.raises(ValueError, match="Standard deviation must be positive"):
        windows.gaussian(3, std=0.0)
    with pytest.raises(ValueError, match="beta must be non-negative"):
        windows.kaiser(3, beta=-1.0)
    with pytest.raises(ValueError, match="Coefficients cannot be empty"):
        windows.general_cosine(3, a=[])
