"""The named tuples that functions return."""

from __future__ import annotations

import pytest

import gpugrad
from gpugrad import return_types


def test_named_tuples() -> None:
    result = gpugrad.tensor([1, 3]).max(0)
    assert isinstance(result, return_types.max)
    assert isinstance(result, tuple)
    assert result[0] is result.values
    values, indices = result
    assert (values.item(), indices.item()) == (3, 1)
    with pytest.raises(TypeError, match="takes a 2-sequence"):
        return_types.max((1,))
    with pytest.raises(AttributeError):
        result.values = 1  # type: ignore[attr-defined]  # what is tested
