"""NumPy's functions, numbers and names of arguments, with tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.testing import assert_close


def test_ufuncs_give_tensors() -> None:
    x = gpugrad.tensor([1.0, 4.0])
    assert_close(np.sqrt(x), gpugrad.tensor([1.0, 2.0]))
    assert_close(np.add(x, 1), x + 1)
    assert_close(np.maximum(x, np.array([2.0, 2.0])), gpugrad.tensor([2.0, 4.0]).double())
    assert_close(np.add.reduce(x), gpugrad.tensor(5.0))
    assert_close(np.clip(x, 0, 2), gpugrad.tensor([1.0, 2.0]))
    fraction, whole = np.modf(x + 0.5)
    assert_close(fraction, gpugrad.tensor([0.5, 0.5]))
    assert_close(whole, x)
    assert np.isnan(x).dtype is gpugrad.uint8
    array = np.zeros(2)
    array += x
    assert array.tolist() == [1.0, 4.0]
    with pytest.raises(RuntimeError, match="requires grad"):
        np.sin(gpugrad.ones(2, requires_grad=True))


def test_operators_with_numpy_on_the_left_have_gradients() -> None:
    for left in (np.float64(3.0), np.array([3.0, 3.0])):
        x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
        for result, expected in (
            (left + x, 3 + x),
            (left - x, 3 - x),
            (left * x, 3 * x),
            (left / x, 3 / x),
            (left**x, 3**x),
        ):
            assert result.requires_grad
            assert_close(result, expected, check_dtype=False)
        assert (left > x).all() and not (left <= x).any()
        assert (left == x + 2).tolist() == [True, False]
    product = np.ones((2, 2), np.float32) @ gpugrad.ones(2, 1)
    assert_close(product, gpugrad.full((2, 1), 2.0))


X = gpugrad.tensor([[3.0, 1.0, 2.0], [4.0, 0.0, 5.0]])
INDEX = gpugrad.tensor([[0], [2]])
BY_NAME: dict[str, dict[str, Any]] = {
    **{
        name: {}
        for name in (
            *("amax", "argmax", "argsort", "cumprod", "cumsum", "cummax", "logsumexp", "max"),
            *("mean", "median", "min", "norm", "prod", "softmax", "sort", "std", "sum", "unbind"),
            *("unsqueeze", "squeeze", "diff", "aminmax", "mode", "nansum", "any"),
        )
    },
    "chunk": {"chunks": 3},
    "gather": {"index": INDEX},
    "index_select": {"index": gpugrad.tensor([1])},
    "narrow": {"start": 0, "length": 2},
    "repeat_interleave": {"repeats": 2},
    "scatter": {"index": INDEX, "src": gpugrad.zeros(2, 1)},
    "select": {"index": 1},
    "topk": {"k": 2},
}


@pytest.mark.parametrize("name", BY_NAME)
def test_axis_is_dim(name: str) -> None:
    """As a function and as a method."""
    for dim in (0, 1):
        if name in ("gather", "scatter", "topk") and not dim:
            continue
        expected = getattr(X, name)(dim=dim, **BY_NAME[name])
        for found in (
            getattr(X, name)(axis=dim, **BY_NAME[name]),
            getattr(gpugrad, name)(X, axis=dim, **BY_NAME[name]),
        ):
            pairs = [(found, expected)] if isinstance(found, gpugrad.Tensor) else None
            for one, other in pairs or zip(found, expected, strict=True):
                assert_close(one, other)


def test_keepdims_is_keepdim() -> None:
    for name in ("sum", "mean", "std", "max", "argmax", "amin"):
        found = getattr(X, name)(axis=-1, keepdims=True)
        found = found if isinstance(found, gpugrad.Tensor) else found[0]
        assert found.shape == (2, 1)


def test_a_missing_dim_is_missed() -> None:
    with pytest.raises(TypeError, match="dim"):
        X.unsqueeze()
