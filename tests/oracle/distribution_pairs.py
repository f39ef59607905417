"""What tests of distributions ask both libraries, and how their answers are compared."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gpugrad

torch = pytest.importorskip("torch")

BOTH = (gpugrad, torch)

VALUES = [[0.3, 0.9, 0.1], [0.5, 0.2, 0.7]]


def names(lib: ModuleType) -> dict[str, Any]:
    loc = lib.tensor([[0.1, -0.4, 0.0], [0.2, 0.1, -0.3]], requires_grad=True)
    scale = lib.tensor([[1.0, 0.8, 1.3], [0.9, 1.1, 2.0]], requires_grad=True)
    base = lib.tensor([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.3, 0.2, 0.7]])
    return {
        **vars(lib.distributions),
        **{name: getattr(lib.distributions.transforms, name) for name in TRANSFORMS},
        "constraints": lib.distributions.constraints,
        "transforms": lib.distributions.transforms,
        "torch": lib,
        "loc": loc,
        "scale": scale,
        "probs": lib.tensor([[0.1, 0.5, 0.9], [0.3, 0.2, 0.7]], requires_grad=True),
        "factor": base,
        "matrix": base @ base.T,
        "inputs": [loc, scale],
    }


TRANSFORMS = ["AffineTransform", "TanhTransform", "SigmoidTransform", "ExpTransform"]


def numbers(value: Any) -> Any:
    if isinstance(value, (gpugrad.Tensor, torch.Tensor)):
        return np.asarray(value.detach().numpy(), np.float64)
    return value


def attempt(function: Any) -> Any:
    """A result, or the kind of error."""
    try:
        return numbers(function())
    except (RuntimeError, AttributeError, ValueError) as error:
        return type(error).__name__


TOLERANCE = (2e-4, 2e-5)

APPROXIMATE = ("Gamma", "Chi2", "StudentT", "Fisher", "Beta", "Dirichlet")
"""Samples whose gradients PyTorch approximates; a sum of them may cancel."""


def same(ours: Any, theirs: Any, what: str) -> None:
    if isinstance(theirs, np.ndarray) and what.endswith("(approximate)"):
        assert isinstance(ours, np.ndarray)
        np.testing.assert_allclose(ours, theirs, 2e-3, 1e-3, err_msg=what)
    elif isinstance(theirs, np.ndarray):
        assert isinstance(ours, np.ndarray), f"{what}: {ours} and not {theirs}"
        assert ours.shape == theirs.shape, what
        np.testing.assert_allclose(ours, theirs, *TOLERANCE, err_msg=what)
    else:
        assert str(ours) == str(theirs), what
