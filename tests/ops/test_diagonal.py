"""Diagonals and triangles."""

from __future__ import annotations

import pytest

import gpugrad
from tests.ops.checks import check_gradients, same, spread

T = gpugrad.tensor
X = [[1, 3, 2], [4, 0, 5]]


def test_triangles() -> None:
    x = T(X)
    assert x.tril().tolist() == [[1, 0, 0], [4, 0, 0]]
    assert x.tril(1).tolist() == [[1, 3, 0], [4, 0, 5]]
    assert x.triu(1).tolist() == [[0, 3, 2], [0, 0, 5]]
    assert gpugrad.ones(2, 2, 2, dtype=gpugrad.bool).triu()[1].tolist() == [
        [True, True],
        [False, True],
    ]
    assert x.triu_(-1) is x
    assert x.tril_().tolist() == [[1, 0, 0], [4, 0, 0]]


def test_diagonal_is_a_view() -> None:
    x = gpugrad.zeros(3, 3)
    x.diagonal(1).fill_(2)
    x.diagonal().add_(1)
    assert x.tolist() == [[1, 2, 0], [0, 1, 2], [0, 0, 1]]
    assert x._version == 2
    assert gpugrad.zeros(2, 3, 4).diagonal(1, 2, 0).shape == (3, 1)
    assert T(X).diagonal(5).numel() == 0


def test_writing_a_diagonal_reaches_the_graph() -> None:
    x = T([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x * 1
    y.diagonal().mul_(3)
    assert y.grad_fn.name() == "torch::autograd::CopySlices"
    (y**2).sum().backward()
    same(x.grad, [[18.0, 4.0], [6.0, 72.0]])


def test_diag_both_ways() -> None:
    assert T([1, 2]).diag(-1).tolist() == [[0, 0, 0], [1, 0, 0], [0, 2, 0]]
    x = T(X)
    copied = x.diag(1)
    assert copied.tolist() == [3, 5]
    copied.fill_(0)
    assert x.tolist() == X
    assert gpugrad.diagflat(T([[1, 2]])).tolist() == [[1, 0], [0, 2]]


def test_diag_embed() -> None:
    assert T([[1, 2]]).diag_embed(1).tolist() == [[[0, 1, 0], [0, 0, 2], [0, 0, 0]]]
    assert gpugrad.zeros(2, 3).diag_embed(0, 0, 2).shape == (3, 2, 3)


def test_trace_and_indices() -> None:
    assert T(X).trace().item() == 1
    assert gpugrad.tril_indices(2, 2).tolist() == [[0, 1, 1], [0, 0, 1]]
    upper = gpugrad.triu_indices(2, 4, 1, dtype=gpugrad.int32)
    assert upper.tolist() == [[0, 0, 0, 1, 1], [1, 2, 3, 2, 3]]
    assert upper.dtype is gpugrad.int32


def test_gradients() -> None:
    x, v = spread(3, 4), spread(4)
    check_gradients(lambda x: x.tril(-1) ** 2, x)
    check_gradients(lambda x: x.triu() ** 2, x)
    check_gradients(lambda x: x.diagonal(1).exp(), x)
    check_gradients(lambda x: x.diag(-1).exp(), x)
    check_gradients(lambda v: v.diag(1).exp(), v)
    check_gradients(lambda x: x.diag_embed(-1, 0, 2).exp(), x)
    check_gradients(lambda x: x.trace() ** 2, x)
    check_gradients(lambda c: c.diagonal(0, 2, 0) ** 2, spread(2, 3, 2))


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("zeros(2).tril()", RuntimeError, "tril: input tensor must have at least 2 dimensions"),
        ("zeros(2, 2).diagonal(0, 1, 1)", RuntimeError, "dimensions cannot be identical 1, 1"),
        ("zeros(2).diagonal()", IndexError, "Dimension out of range"),
        ("tensor(1.0).diag()", RuntimeError, "Supports 1D or 2D tensors. Got 0D"),
        ("zeros(2).trace()", RuntimeError, "expected a matrix, but got tensor with dim 1"),
        ("tril_indices(-1, 2)", RuntimeError, "row must be non-negative, got-1"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, dict(vars(gpugrad)))
