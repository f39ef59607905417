"""Sorting, searching, distinct elements."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpugrad
from tests.ops.checks import check_gradients, spread

NAN = math.nan


def test_sort_is_stable_in_both_directions() -> None:
    x = gpugrad.tensor([2.0, 1.0, 2.0, 1.0])
    assert x.sort().indices.tolist() == [1, 3, 0, 2]
    assert x.sort(descending=True).indices.tolist() == [0, 2, 1, 3]
    assert x.argsort(descending=True).tolist() == [0, 2, 1, 3]


def test_nan_sorts_as_the_largest() -> None:
    x = gpugrad.tensor([NAN, 1.0, 3.0])
    assert x.argsort().tolist() == [1, 2, 0]
    assert x.argsort(descending=True).tolist() == [0, 2, 1]
    assert x.topk(2).indices.tolist() == [0, 2]


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("k", [0, 1, 3, 40, 100])
def test_topk_agrees_with_sorting(k: int, largest: bool) -> None:
    x = spread(100, 3).detach()
    values, indices = x.topk(k, 0, largest)
    ordered = np.sort(x.numpy(), 0)
    expected = ordered[::-1][:k] if largest else ordered[:k]
    np.testing.assert_array_equal(values.numpy(), expected)
    np.testing.assert_array_equal(np.take_along_axis(x.numpy(), indices.numpy(), 0), expected)


def test_topk_refuses_more_than_there_are() -> None:
    for k in (4, -1):
        with pytest.raises(RuntimeError, match="selected index k out of range"):
            gpugrad.zeros(3).topk(k)


def test_gradients() -> None:
    x = spread(3, 4)
    check_gradients(lambda x: x.sort(0, True).values ** 3, x)
    check_gradients(lambda x: x.topk(2).values.exp(), x)


def test_unique() -> None:
    x = gpugrad.tensor([[3, 1], [3, 2]])
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 2, 3]
    assert inverse.tolist() == [[2, 0], [2, 1]]
    assert counts.tolist() == [1, 1, 2]
    rows = gpugrad.unique(gpugrad.tensor([[1, 1], [0, 0], [1, 1]]), dim=0)
    assert rows.tolist() == [[0, 0], [1, 1]]
    assert gpugrad.tensor([NAN, NAN]).unique().numel() == 2  # no nan equals another


def test_unique_consecutive() -> None:
    x = gpugrad.tensor([3, 3, 1, 3])
    values, inverse, counts = x.unique_consecutive(return_inverse=True, return_counts=True)
    assert values.tolist() == [3, 1, 3]
    assert inverse.tolist() == [0, 0, 1, 2]
    assert counts.tolist() == [2, 1, 1]
    assert gpugrad.unique_consecutive(gpugrad.ones(2, 3), dim=1).tolist() == [[1.0], [1.0]]
    assert gpugrad.zeros(0).unique_consecutive().numel() == 0


@pytest.mark.parametrize("right", [True, False])
def test_searchsorted_agrees_with_numpy(right: bool) -> None:
    sequence = gpugrad.tensor([1, 3, 3, 5, 9])
    values = gpugrad.arange(-1, 12)
    expected = np.searchsorted(sequence.numpy(), values.numpy(), "right" if right else "left")
    assert gpugrad.searchsorted(sequence, values, right=right).tolist() == expected.tolist()
    assert gpugrad.bucketize(values, sequence, right=right).tolist() == expected.tolist()


def test_searchsorted_of_rows_numbers_and_nan() -> None:
    rows = gpugrad.tensor([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]])
    values = gpugrad.tensor([[0.0, 3.0, 6.0], [1.0, 4.0, 7.0]])
    assert gpugrad.searchsorted(rows, values, side="right").tolist() == [[0, 2, 3], [0, 2, 3]]
    line = gpugrad.tensor([5.0, 1.0, 3.0])
    order = line.argsort()
    assert gpugrad.searchsorted(line, gpugrad.tensor([3.0]), sorter=order).tolist() == [1]
    assert gpugrad.searchsorted(gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([NAN])).tolist() == [2]
    place = gpugrad.searchsorted(gpugrad.tensor([1, 3, 5]), 3, right=True, out_int32=True)
    assert (place.item(), place.dtype) == (2, gpugrad.int32)


@pytest.mark.parametrize(
    "call, text",
    [
        ("searchsorted(zeros(2, 3), zeros(3, 3))", "first N-1 dimensions of boundaries tensor"),
        ("searchsorted(zeros(3), zeros(3), side='up')", "side can only be 'left' or 'right'"),
        ("searchsorted(zeros(3), zeros(3), side='left', right=True)", "set to opposites"),
        ("searchsorted(zeros(1, 3), 3)", "can be a scalar only when boundaries tensor dimension"),
        ("searchsorted(tensor(1), zeros(3))", "should have positive dimension"),
        ("bucketize(zeros(3), zeros(1, 3))", r"must be 1 dimension, but got dim\(2\)"),
    ],
)
def test_search_errors(call: str, text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        eval(call, dict(vars(gpugrad)))
