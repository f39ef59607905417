"""Reading by index."""

from __future__ import annotations

import pytest

import gpugrad
from tests.ops.checks import check_gradients, same, spread

X = [[1.0, 3.0, 2.0], [4.0, 0.0, 5.0]]
T = gpugrad.tensor


def test_gather() -> None:
    x = T(X)
    assert x.gather(1, T([[0, 2, 2, 1], [1, 0, 0, 0]])).tolist() == [
        [1.0, 2.0, 2.0, 3.0],
        [0.0, 4.0, 4.0, 4.0],
    ]
    # An index that is shorter elsewhere reads a corner only.
    assert x.gather(0, T([[1]])).tolist() == [[4.0]]
    assert x.gather(1, T([[2]], dtype=gpugrad.int32)).tolist() == [[2.0]]
    assert T(3.0).gather(0, T(0)).item() == 3.0
    assert x.gather(1, gpugrad.zeros(0, 0, dtype=gpugrad.int64)).shape == (0, 0)


def test_gather_adds_gradients_of_repeated_places() -> None:
    x = T(X, requires_grad=True)
    x.gather(1, T([[0, 0], [1, 0]])).sum().backward()
    same(x.grad, [[2.0, 0.0, 0.0], [1.0, 1.0, 0.0]])


def test_take_along_dim_broadcasts_and_wraps() -> None:
    x = T(X)
    assert x.take_along_dim(T([[-1]]), 1).tolist() == [[2.0], [5.0]]
    assert x.take_along_dim(x.argsort(1), 1).tolist() == [[1.0, 2.0, 3.0], [0.0, 4.0, 5.0]]
    assert x.take_along_dim(T([0, 4])).tolist() == [1.0, 0.0]


def test_index_select() -> None:
    x = T(X)
    assert x.index_select(1, T([2, 0, 2])).tolist() == [[2.0, 1.0, 2.0], [5.0, 4.0, 5.0]]
    assert x.index_select(0, T(1)).tolist() == [[4.0, 0.0, 5.0]]
    assert T(3.0).index_select(0, T([0])).shape == ()


def test_take() -> None:
    x = T(X)
    assert x.take(T([[0, -1], [4, 1]])).tolist() == [[1.0, 5.0], [0.0, 3.0]]
    assert x.t().take(T([1])).tolist() == [4.0]


def test_repeat_interleave() -> None:
    x = T([[1, 2], [3, 4]])
    assert x.repeat_interleave(2).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert x.repeat_interleave(2, 1).tolist() == [[1, 1, 2, 2], [3, 3, 4, 4]]
    assert x.repeat_interleave(T([0, 2]), 0).tolist() == [[3, 4], [3, 4]]
    assert gpugrad.repeat_interleave(T([1, 0, 2])).tolist() == [0, 2, 2]


def test_gradients() -> None:
    x, i = spread(3, 4), T([[0, 2, 2], [1, 0, 3]])
    check_gradients(lambda x: x.gather(1, i) ** 2, x)
    check_gradients(lambda x: gpugrad.take_along_dim(x, T([[0], [1], [-1]]), 1).exp(), x)
    check_gradients(lambda x: x.index_select(0, T([2, 0, 2])).sin(), x)
    check_gradients(lambda x: x.take(T([1, 1, -3])) ** 3, x)
    check_gradients(lambda x: x.repeat_interleave(T([2, 0, 1]), 0) ** 2, x)


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("x.gather(1, tensor([[3]]))", RuntimeError, "index 3 is out of bounds for dimension 1"),
        ("x.gather(1, tensor([[-1]]))", RuntimeError, "index -1 is out of bounds"),
        ("x.gather(1, tensor([0]))", RuntimeError, "same number of dimensions as input"),
        ("x.gather(1, tensor([[0.0]]))", RuntimeError, "Expected dtype int32/int64 for index"),
        ("x.gather(1, tensor([[0]] * 3))", RuntimeError, "Size does not match at dimension 0"),
        ("x.gather(1, [[0]])", TypeError, "'index' .position 3. must be Tensor, not list"),
        ("x.index_select(1, tensor([3]))", RuntimeError, "out of DATA bounds, id=3 axis_dim=3"),
        ("x.index_select(0, tensor([3]))", IndexError, "index out of range in self"),
        ("x.index_select(1, tensor([[0]]))", IndexError, "Index is supposed to be a vector"),
        ("x.take(tensor([6]))", IndexError, "tried to access index 6 on a tensor of 6 elements"),
        ("x.take(tensor([0.0]))", RuntimeError, "Expected a long tensor for index, but got Float"),
        ("x.repeat_interleave(-1)", RuntimeError, "Repeats must be non-negative"),
        ("x.repeat_interleave(tensor([1, 2]), 1)", RuntimeError, "the same size as input along"),
        ("take_along_dim(x, tensor([0]), 0)", RuntimeError, "2 dimensions for input, and 1 dim"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, {**vars(gpugrad), "x": T(X)})
