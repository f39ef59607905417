"""Rearranging, taking apart, and combining several tensors."""

from __future__ import annotations

import warnings

import pytest

import gpugrad
from tests.ops.checks import check_gradients, spread

T = gpugrad.tensor
X = [[1, 3, 2], [4, 0, 5]]


def test_roll() -> None:
    x = T(X)
    assert x.roll(1).tolist() == [[5, 1, 3], [2, 4, 0]]
    assert x.roll(1, 1).tolist() == [[2, 1, 3], [5, 4, 0]]
    assert x.roll((1, -4), (0, 1)).tolist() == [[0, 5, 4], [3, 2, 1]]
    assert gpugrad.zeros(0, 3).roll(2, 0).shape == (0, 3)


def test_turning_and_flipping() -> None:
    x = T([[1, 2], [3, 4]])
    turns = [x.rot90(k).tolist() for k in range(5)]
    assert turns[1] == [[2, 4], [1, 3]]
    assert turns[2] == [[4, 3], [2, 1]]
    assert turns[3] == x.rot90(-1).tolist() == [[3, 1], [4, 2]]
    assert turns[0] == turns[4] == x.tolist()
    assert x.fliplr().tolist() == [[2, 1], [4, 3]]
    assert x.flipud().tolist() == [[3, 4], [1, 2]]


def test_narrow_and_select_are_views() -> None:
    x = T(X)
    x.narrow(1, -2, 2).add_(10)
    x.select(0, -1).mul_(2)
    assert x.tolist() == [[1, 13, 12], [8, 20, 30]]
    assert x.narrow(0, T(1), 1).tolist() == [[8, 20, 30]]


def test_unfold() -> None:
    x = gpugrad.arange(5)
    assert x.unfold(0, 3, 2).tolist() == [[0, 1, 2], [2, 3, 4]]
    assert T(X).unfold(1, 2, 1).tolist() == [[[1, 3], [3, 2]], [[4, 0], [0, 5]]]
    assert gpugrad.zeros(4, 5, 6).unfold(1, 2, 2).shape == (4, 2, 6, 2)


def test_windows_share_memory() -> None:
    x = gpugrad.zeros(4)
    windows = x.unfold(0, 2, 1)
    assert windows._base is x
    assert windows.stride() == (1, 1)
    windows[0, 1] = 5
    assert x.tolist() == [0, 5, 0, 0]
    assert windows.tolist() == [[0, 5], [5, 0], [0, 0]]
    flipped = gpugrad.arange(6.0).view(2, 3).t().unfold(0, 2, 1)
    assert flipped.tolist() == [[[0, 1], [3, 4]], [[1, 2], [4, 5]]]
    y = gpugrad.ones(4, requires_grad=True)
    z = y * 2
    z.unfold(0, 2, 2)[:, 0] *= 3
    z.sum().backward()
    assert y.grad.tolist() == [6, 2, 6, 2]


def test_at_least_so_many_dimensions() -> None:
    assert gpugrad.atleast_1d(T(1)).shape == (1,)
    assert [t.shape for t in gpugrad.atleast_2d(T(1), T([1, 2]))] == [(1, 1), (1, 2)]
    assert gpugrad.atleast_3d(T([1, 2])).shape == (1, 2, 1)
    assert gpugrad.atleast_3d(T(X)).shape == (2, 3, 1)
    assert T(X).ravel().tolist() == [1, 3, 2, 4, 0, 5]


def test_splitting() -> None:
    assert [p.tolist() for p in T(X).hsplit(3)] == [[[1], [4]], [[3], [0]], [[2], [5]]]
    assert [p.shape for p in T(X).vsplit([1])] == [(1, 3), (1, 3)]
    assert [p.shape for p in gpugrad.zeros(1, 2, 4).dsplit(2)] == [(1, 2, 2)] * 2


def test_meshgrid() -> None:
    rows, columns = gpugrad.meshgrid(T([1, 2]), T([3, 4, 5]), indexing="ij")
    assert rows.tolist() == [[1, 1, 1], [2, 2, 2]]
    assert columns.tolist() == [[3, 4, 5], [3, 4, 5]]
    across, down = gpugrad.meshgrid([T([1, 2]), T([3, 4, 5])], indexing="xy")
    assert across.tolist() == [[1, 2]] * 3
    assert down.tolist() == [[3, 3], [4, 4], [5, 5]]
    with pytest.warns(UserWarning, match="required to pass the indexing argument"):
        gpugrad.meshgrid(T([1]))


def test_products_and_choices() -> None:
    assert gpugrad.cartesian_prod(T([1, 2]), T([3, 4])).tolist() == [[1, 3], [1, 4], [2, 3], [2, 4]]
    assert gpugrad.combinations(T([1, 2, 3])).tolist() == [[1, 2], [1, 3], [2, 3]]
    assert gpugrad.combinations(T([1, 2]), 2, True).tolist() == [[1, 1], [1, 2], [2, 2]]
    assert gpugrad.combinations(T([1]), 2).shape == (0, 2)
    assert gpugrad.kron(T([[1, 2]]), T([[1], [3]])).tolist() == [[1, 2], [3, 6]]
    assert gpugrad.kron(T([1, 2]), T([[1, 1]])).tolist() == [[1, 1, 2, 2]]


def test_joining() -> None:
    assert gpugrad.block_diag(T([[1]]), T([2, 3])).tolist() == [[1, 0, 0], [0, 2, 3]]
    assert gpugrad.column_stack((T([1, 2]), T([3, 4]))).tolist() == [[1, 3], [2, 4]]
    assert gpugrad.dstack((T([1, 2]), T([3, 4]))).tolist() == [[[1, 3], [2, 4]]]


def test_gradients() -> None:
    x, v = spread(3, 4), spread(3, seed=1)
    check_gradients(lambda x: x.roll((1, -3), (0, 1)) ** 2, x)
    check_gradients(lambda x: x.rot90(-1) ** 2, x)
    check_gradients(lambda x: x.fliplr() ** 2, x)
    check_gradients(lambda x: x.unfold(1, 3, 1) ** 2, x)
    check_gradients(lambda x: x.unfold(0, 2, 1) ** 2, x)
    check_gradients(lambda x, v: gpugrad.kron(x, v), x, v)
    check_gradients(lambda x, v: gpugrad.cartesian_prod(x[0], v) ** 2, x, v)
    check_gradients(lambda v: gpugrad.combinations(v).prod(1), v)
    check_gradients(lambda x, v: gpugrad.block_diag(x, v) ** 2, x, v)


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("x.roll((1, 2))", RuntimeError, "shifts and dimensions must align. shifts: 2, dims:0"),
        ("x.rot90(1, [0])", RuntimeError, "expected total rotation dims == 2"),
        ("x.rot90(1, [0, 0])", RuntimeError, "rotation dims to be different"),
        ("x[0].fliplr()", RuntimeError, "Input must be >= 2-d."),
        ("x.narrow(1, 1, 5)", RuntimeError, r"start \(1\) . length \(5\) exceeds dimension size"),
        ("x.narrow(1, 4, 1)", IndexError, "start out of range"),
        ("x.select(1, 3)", IndexError, "index 3 out of range for tensor of size"),
        ("x.unfold(1, 4, 1)", RuntimeError, "is 3 but size is 4"),
        ("x.unfold(1, 2, 0)", RuntimeError, "step is 0 but must be > 0"),
        ("x.hsplit(2)", RuntimeError, "the size of the dimension 3 is not divisible"),
        ("meshgrid(x, indexing='ij')", RuntimeError, "Expected 0D or 1D tensor"),
        ("meshgrid(x[0], indexing='no')", RuntimeError, 'must be one of "xy" or "ij"'),
        ("combinations(x)", RuntimeError, r"Expect a 1D vector, but got shape \[2, 3\]"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with warnings.catch_warnings(), pytest.raises(error, match=text):
        eval(call, {**vars(gpugrad), "x": T(X)})
