"""What the tests of ops share: inputs without symmetry, and derivatives against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gpugrad
from gpugrad import Tensor

Size = tuple[int, ...]


def spread(*shape: int, low: float = -1.0, high: float = 1.0, seed: int = 0) -> Tensor:
    """A float64 leaf that requires gradients: numbers spread evenly over a range, none equal."""
    count = int(np.prod(shape))
    places = np.random.default_rng(seed).permutation(count) + 0.37
    values = low + (high - low) * places / count
    leaf: Tensor = gpugrad.tensor(values.reshape(shape), requires_grad=True)
    return leaf


def check_gradients(function: Callable[..., Any], *inputs: Tensor) -> None:
    """First and second derivatives of ``function`` agree with central differences."""
    gpugrad.autograd.gradcheck(function, inputs)
    gpugrad.autograd.gradgradcheck(function, inputs)


def same(actual: Any, expected: Any) -> None:
    """A tensor equals nested lists of Python numbers, up to float32's precision."""
    np.testing.assert_allclose(
        np.asarray(actual.tolist(), np.float64), np.asarray(expected, np.float64), rtol=2e-6
    )
