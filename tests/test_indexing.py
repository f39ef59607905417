"""Indexing: read and assigned, by numbers, slices, masks and tensors, with gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gpugrad

X = np.arange(24.0).reshape(2, 3, 4)

BASIC: list[Any] = [
    0,
    -1,
    (1, 2),
    (1, 2, 3),
    slice(None),
    slice(1, None),
    slice(None, -1),
    slice(5, 9),
    (slice(None), 1),
    (slice(None), slice(None, None, 2)),
    (..., 0),
    (0, ...),
    (..., slice(1, 3)),
    None,
    (None, 0),
    (0, None, slice(None), None),
    (..., None),
    (),
    ...,
]

ADVANCED: list[Any] = [
    [0, 1],
    ([0, 1], [1, 2]),
    ([0, 1, 0], slice(None), [0, 3, 1]),
    (slice(None), [2, 0]),
    (slice(None), [2, 0], slice(1, 3)),
    (..., [0, -1]),
    (0, [0, 2]),
    np.array([[0, 1], [1, 0]]),
    (np.array([[0], [1]]), np.array([[0, 2]])),
    (slice(None), None, [1, 1]),
    [],
    (slice(None), np.array([True, False, True])),
    np.arange(24).reshape(2, 3, 4) % 5 == 0,
    (np.array([True, False]),),
    (1, np.array([False, True, True]), 2),
    (0, [0, 2], slice(1, 3)),
    (np.zeros((2, 3), bool),),
]


def on_tensors(index: Any) -> Any:
    """The same index with tensors in the place of arrays."""
    if isinstance(index, tuple):
        return tuple(on_tensors(i) for i in index)
    return gpugrad.tensor(index) if isinstance(index, np.ndarray) else index


def numpy_index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(numpy_index(i) for i in index)
    return np.array(index, np.int64) if isinstance(index, list) else index


@pytest.mark.parametrize("index", [*BASIC, *ADVANCED], ids=str)
def test_reading(index: Any) -> None:
    found = gpugrad.tensor(X)[on_tensors(index)]
    np.testing.assert_array_equal(found.numpy(), X[numpy_index(index)])
    view = bool(found._is_view())
    assert view == any(index is i for i in BASIC)


@pytest.mark.parametrize("index", [*BASIC, *ADVANCED], ids=str)
def test_assigning(index: Any) -> None:
    shape = X[numpy_index(index)].shape
    value = -np.arange(1.0, 1 + int(np.prod(shape))).reshape(shape)
    for assigned in (5.0, value):
        x, expected = gpugrad.tensor(X), X.copy()
        x[on_tensors(index)] = gpugrad.tensor(assigned) if assigned is value else assigned
        expected[numpy_index(index)] = assigned
        np.testing.assert_array_equal(x.numpy(), expected)
        assert x._version == 1


@pytest.mark.parametrize("index", [*BASIC, *ADVANCED], ids=str)
def test_gradient_of_reading(index: Any) -> None:
    x = gpugrad.tensor(X, requires_grad=True)
    picked = x[on_tensors(index)]
    (picked * picked).sum().backward()
    expected = np.zeros_like(X)
    np.add.at(expected, numpy_index(index), 2 * X[numpy_index(index)])
    np.testing.assert_array_equal(x.grad.numpy(), expected)


@pytest.mark.parametrize("index", [*BASIC, *ADVANCED], ids=str)
def test_gradient_of_assigning(index: Any) -> None:
    x = gpugrad.tensor(X, requires_grad=True)
    shape = X[numpy_index(index)].shape
    value = gpugrad.ones(shape, dtype=gpugrad.float64, requires_grad=True)
    y = x * 2
    y[on_tensors(index)] = value
    weights = gpugrad.arange(1.0, 25.0, dtype=gpugrad.float64).reshape(2, 3, 4)
    (y * weights).sum().backward()
    kept = np.ones_like(X)
    kept[numpy_index(index)] = 0
    np.testing.assert_array_equal(x.grad.numpy(), 2 * kept * weights.numpy())
    np.testing.assert_array_equal(value.grad.numpy(), weights.numpy()[numpy_index(index)])


def test_gradients_of_indices_that_repeat_add_up() -> None:
    x = gpugrad.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x[[0, 0, 2]].sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 1.0]


def test_an_embedding_is_an_index() -> None:
    table = gpugrad.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    table[gpugrad.tensor([[1, 1], [0, 1]])].sum().backward()
    assert table.grad.tolist() == [[1.0, 1.0], [3.0, 3.0]]


def test_assigned_values_broadcast_and_convert() -> None:
    x = gpugrad.zeros(2, 3)
    x[0] = gpugrad.tensor([1, 2, 3])
    x[1] = 7
    x[:, 0] = gpugrad.tensor(9.0, dtype=gpugrad.float64)
    x[1, 1:] = gpugrad.tensor([[5.0]])
    assert x.tolist() == [[9.0, 2.0, 3.0], [9.0, 5.0, 5.0]]
    x[x > 4] = 0
    assert x.tolist() == [[0.0, 2.0, 3.0], [0.0, 0.0, 0.0]]
    i = gpugrad.zeros(2, dtype=gpugrad.int64)
    i[0] = 2.9
    i[1] = True
    assert i.tolist() == [2, 1]


def test_operators_on_items() -> None:
    x = gpugrad.zeros(3)
    x[1:] += 5
    x[0] -= 2
    x[[0, 2]] *= 2
    assert x.tolist() == [-4.0, 5.0, 10.0]


def test_scalar_tensors_index_as_numbers() -> None:
    x = gpugrad.arange(6).reshape(2, 3)
    i = gpugrad.tensor(1)
    assert x[i].tolist() == [3, 4, 5]
    assert x[i, i].item() == 4
    assert x[:, i:].tolist() == [[1, 2], [4, 5]]
    assert x[np.int64(1)].tolist() == [3, 4, 5]
    assert [10, 20][i] == 20
    assert list(range(3))[i:] == [1, 2]


def test_ints_are_taken_before_arrays() -> None:
    """Where NumPy moves the dimension of the arrays to the front, PyTorch leaves it in place."""
    x = gpugrad.tensor(X)
    assert X[0, :, [0, 2]].shape == (2, 3)
    assert x[0, :, [0, 2]].tolist() == X[0][:, [0, 2]].tolist()
    assert x[:, 1, [0, 2]].tolist() == X[:, 1][:, [0, 2]].tolist()
    y = x.clone().requires_grad_() * 1
    y[0, :, [0, 2]] = gpugrad.zeros(3, 2, dtype=gpugrad.float64)
    assert y[0, :, 0].tolist() == [0.0] * 3
    assert y[0, :, 1].tolist() == X[0, :, 1].tolist()


def test_true_and_false_add_a_dimension() -> None:
    x = gpugrad.arange(3)
    assert x[True].tolist() == [[0, 1, 2]]
    assert x[False].shape == (0, 3)


def test_bytes_are_masks() -> None:
    x = gpugrad.arange(3)
    mask = gpugrad.tensor([1, 0, 1], dtype=gpugrad.uint8)
    with pytest.warns(UserWarning, match="uint8"):
        assert x[mask].tolist() == [0, 2]


def test_the_result_of_an_advanced_index_is_a_copy() -> None:
    x = gpugrad.zeros(3)
    x[[0, 1]].fill_(1)
    x[x == 0].fill_(1)
    assert x.tolist() == [0.0] * 3


@pytest.mark.parametrize(
    "index, error, text",
    [
        (2, IndexError, "^index 2 is out of bounds for dimension 0 with size 2$"),
        (-3, IndexError, "^index -3 is out of bounds for dimension 0 with size 2$"),
        ((0, 3), IndexError, "^index 3 is out of bounds for dimension [01] with size 3$"),
        ((0, 0, 0, 0), IndexError, "^too many indices for tensor of dimension 3$"),
        ([2], IndexError, "^index 2 is out of bounds for dimension 0 with size 2$"),
        (([0, 1], [0, 1, 2]), IndexError, "^shape mismatch: indexing tensors could not be broadca"),
        (slice(None, None, -1), ValueError, "^step must be greater than zero$"),
        (slice(None, None, 0), ValueError, "step"),
        (1.5, IndexError, r"^only integers, slices \(`:`\), ellipsis"),
        ("a", TypeError, r"^new\(\): invalid data type 'str'$"),
        (gpugrad.tensor([0.5]), IndexError, "^tensors used as indices must be long, int, byte or"),
        (
            gpugrad.tensor([True, False, True]),
            IndexError,
            r"^The shape of the mask \[3\] at index 0 does not match the shape of the indexed "
            r"tensor \[2, 3, 4\] at index 0$",
        ),
    ],
    ids=str,
)
def test_refused(index: Any, error: type[Exception], text: str) -> None:
    x = gpugrad.tensor(X)
    with pytest.raises(error, match=text):
        x[index]
    with pytest.raises((error, RuntimeError)):
        x[index] = 0


def test_scalars_cannot_be_indexed() -> None:
    x = gpugrad.tensor(1.0)
    with pytest.raises(IndexError, match="^invalid index of a 0-dim tensor"):
        x[0]
    assert x[...].item() == x[()].item() == 1.0
    assert x[None].shape == (1,)


def test_values_that_do_not_fit() -> None:
    x = gpugrad.zeros(2, 3)
    with pytest.raises(
        RuntimeError, match="^The expanded size of the tensor|^shape mismatch|expand"
    ):
        x[0] = gpugrad.zeros(4)
    with pytest.raises(RuntimeError, match="^shape mismatch: value tensor of shape"):
        x[[0, 1]] = gpugrad.zeros(4)
    for value in ("a", None, [1.0]):
        with pytest.raises(TypeError, match=r"^can't assign a \w+ to a torch.FloatTensor$"):
            x[0] = value
    assert (x == 0).all()


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))), ids=str)
def test_indexing_of_transposed_tensors(axes: tuple[int, ...]) -> None:
    x, array = gpugrad.tensor(X).permute(axes), X.transpose(axes)
    for index in (0, (slice(None), 1), (..., [0, 1]), ([0, 1], slice(None), [1, 0])):
        np.testing.assert_array_equal(x[index].numpy(), array[numpy_index(index)])
