"""Making tensors: from data, filled, as ranges, like others, and by the older constructors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gpugrad

# --- from data -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, dtype, values",
    [
        (3, "int64", 3),
        (2.5, "float32", 2.5),
        (True, "bool", True),
        ([1, 2], "int64", [1, 2]),
        ([1.0, 2], "float32", [1.0, 2.0]),
        ([True, False], "bool", [True, False]),
        ([True, 2], "int64", [1, 2]),
        ([[1, 2], [3.5, 4]], "float32", [[1.0, 2.0], [3.5, 4.0]]),
        (((1, 2), (3, 4)), "int64", [[1, 2], [3, 4]]),
        ([], "float32", []),
        ([[], []], "float32", [[], []]),
        (range(3), "int64", [0, 1, 2]),
        (np.arange(3), "int64", [0, 1, 2]),
        (np.float32(1.5), "float32", 1.5),
        (np.ones(2), "float64", [1.0, 1.0]),
        (np.ones(2, np.float32), "float32", [1.0, 1.0]),
        ([np.float64(1.5)], "float64", [1.5]),
        (math.inf, "float32", math.inf),
        ([-(2**63), 2**63 - 1], "int64", [-(2**63), 2**63 - 1]),
    ],
)
def test_tensor_infers_types(data: Any, dtype: str, values: Any) -> None:
    x = gpugrad.tensor(data)
    assert x.dtype is getattr(gpugrad, dtype)
    assert x.tolist() == values


def test_tensor_of_tensors() -> None:
    rows = [gpugrad.tensor(1.5), gpugrad.tensor(2.5)]
    assert gpugrad.tensor(rows).tolist() == [1.5, 2.5]
    assert gpugrad.tensor([[gpugrad.tensor(1), 2]]).tolist() == [[1, 2]]


def test_tensor_copies() -> None:
    array = np.zeros(2)
    x = gpugrad.tensor(array)
    array[0] = 1
    assert x.tolist() == [0.0, 0.0]
    with pytest.warns(UserWarning, match="^To copy construct from a tensor"):
        y = gpugrad.tensor(x)
    y[0] = 5
    assert x.tolist() == [0.0, 0.0]


def test_tensor_arguments() -> None:
    x = gpugrad.tensor([1, 2], dtype=gpugrad.float64, requires_grad=True)
    assert x.dtype is gpugrad.float64
    assert x.requires_grad
    assert x.device == gpugrad.device("cpu")
    assert gpugrad.tensor(1.9, dtype=gpugrad.int64).item() == 1


@pytest.mark.parametrize(
    "data, error, text",
    [
        ([[1, 2], [3]], ValueError, r"^expected sequence of length 2 at dim 1 \(got 1\)$"),
        ([[1], 2], TypeError, "^not a sequence$"),
        ("abc", TypeError, r"^new\(\): invalid data type 'str'$"),
        (["a"], ValueError, "^too many dimensions 'str'$"),
        (None, RuntimeError, "^Could not infer dtype of NoneType$"),
        ({}, RuntimeError, "^Could not infer dtype of dict$"),
        (2**64, ValueError, "^Overflow when unpacking long long$"),
    ],
)
def test_tensor_refuses(data: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        gpugrad.tensor(data)


def test_integers_do_not_require_gradients() -> None:
    with pytest.raises(RuntimeError, match="^Only Tensors of floating point and complex dtype can"):
        gpugrad.tensor([1], requires_grad=True)
    with pytest.raises(RuntimeError, match="^Only Tensors of floating point and complex dtype can"):
        gpugrad.zeros(1, dtype=gpugrad.int64, requires_grad=True)


def test_from_numpy_shares_memory() -> None:
    array = np.arange(6.0).reshape(2, 3)
    x = gpugrad.from_numpy(array)
    array[0, 0] = 7
    x[1, 2] = 9
    assert x[0, 0].item() == 7.0
    assert array[1, 2] == 9.0
    assert gpugrad.from_numpy(array.T).stride() == (1, 3)
    assert np.shares_memory(x.numpy(), array)
    assert gpugrad.as_tensor(array)[0, 0].item() == 7.0


def test_from_numpy_refuses() -> None:
    with pytest.raises(TypeError, match=r"^expected np.ndarray \(got list\)$"):
        gpugrad.from_numpy([1.0])
    with pytest.raises(ValueError, match="negative"):
        gpugrad.from_numpy(np.arange(3)[::-1])


def test_as_tensor_shares_what_it_can() -> None:
    x = gpugrad.ones(2)
    assert gpugrad.as_tensor(x) is x
    assert gpugrad.as_tensor(x, dtype=gpugrad.float64) is not x
    assert gpugrad.as_tensor([1, 2]).tolist() == [1, 2]


# --- filled --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(), (3,), (2, 3), (0,), (2, 0, 3)])
def test_filled_shapes(size: tuple[int, ...]) -> None:
    for name, value in (("zeros", 0.0), ("ones", 1.0)):
        make = getattr(gpugrad, name)
        assert make(size).shape == size
        assert make(list(size)).shape == size
        assert not size or make(*size).shape == size
        assert (make(size) == value).all()
    assert gpugrad.empty(size).shape == size
    assert gpugrad.full(size, 7).shape == size


def test_filled_types() -> None:
    assert gpugrad.zeros(1).dtype is gpugrad.float32
    assert gpugrad.full((1,), 7).dtype is gpugrad.int64
    assert gpugrad.full((1,), 7.0).dtype is gpugrad.float32
    assert gpugrad.full((1,), True).dtype is gpugrad.bool
    assert gpugrad.full((1,), 7, dtype=gpugrad.float16).dtype is gpugrad.float16
    assert gpugrad.full((), gpugrad.tensor(3.5)).item() == 3.5
    assert gpugrad.ones(1, dtype=gpugrad.bool).tolist() == [True]
    assert gpugrad.zeros(1, requires_grad=True).requires_grad


def test_shapes_from_sizes() -> None:
    assert gpugrad.zeros(gpugrad.ones(2, 3).shape).shape == (2, 3)
    assert gpugrad.zeros(gpugrad.tensor(2), np.int64(3)).shape == (2, 3)
    assert gpugrad.zeros(size=(2,)).shape == (2,)


@pytest.mark.parametrize(
    "make, error, text",
    [
        (
            lambda: gpugrad.ones(2, -1),
            RuntimeError,
            r"^Trying to create tensor with negative dimension -1: \[2, -1\]$",
        ),
        (lambda: gpugrad.zeros(-1), RuntimeError, "^zeros: Dimension size must be non-negative.$"),
        (lambda: gpugrad.zeros(2.0), TypeError, r"^zeros\(\): argument 'size'"),
        (lambda: gpugrad.ones("2"), TypeError, r"^ones\(\): argument 'size'"),
        (lambda: gpugrad.full(2, 1), TypeError, r"^full\(\): argument 'size'"),
        (lambda: gpugrad.eye(-1), RuntimeError, "^n must be greater or equal to 0, got -1$"),
        (lambda: gpugrad.arange(0, 1, 0), RuntimeError, "^step must be nonzero$"),
        (lambda: gpugrad.arange(0, 5, -1), RuntimeError, "^upper bound and lower bound inconsi"),
        (lambda: gpugrad.linspace(0, 1, -1), RuntimeError, "^number of steps must be non-negative"),
        (lambda: gpugrad.zeros(2, device="nowhere"), RuntimeError, "^Expected one of cpu"),
    ],
)
def test_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_eye() -> None:
    assert gpugrad.eye(2).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert gpugrad.eye(2, 3).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert gpugrad.eye(0).shape == (0, 0)
    assert gpugrad.eye(2, dtype=gpugrad.int64).dtype is gpugrad.int64


# --- ranges --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, dtype, values",
    [
        ((3,), "int64", [0, 1, 2]),
        ((1, 7, 2), "int64", [1, 3, 5]),
        ((5, 0, -2), "int64", [5, 3, 1]),
        ((0,), "int64", []),
        ((2.0,), "float32", [0.0, 1.0]),
        ((0, 1, 0.25), "float32", [0.0, 0.25, 0.5, 0.75]),
        ((0.5, 3), "float32", [0.5, 1.5, 2.5]),
        ((-3, 0), "int64", [-3, -2, -1]),
    ],
)
def test_arange(arguments: Any, dtype: str, values: list[float]) -> None:
    x = gpugrad.arange(*arguments)
    assert x.dtype is getattr(gpugrad, dtype)
    assert x.tolist() == values


def test_arange_by_name_and_type() -> None:
    assert gpugrad.arange(start=1, end=3).tolist() == [1, 2]
    assert gpugrad.arange(end=2).tolist() == [0, 1]
    assert gpugrad.arange(3, dtype=gpugrad.float64).tolist() == [0.0, 1.0, 2.0]
    assert gpugrad.arange(0, 1, 0.1).numel() == 10


def test_linspace() -> None:
    assert gpugrad.linspace(0, 1, 5).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert gpugrad.linspace(3, -3, 3).tolist() == [3.0, 0.0, -3.0]
    assert gpugrad.linspace(2, 5, 1).tolist() == [2.0]
    assert gpugrad.linspace(2, 5, 0).tolist() == []
    assert gpugrad.linspace(0, 10, 3, dtype=gpugrad.int64).tolist() == [0, 5, 10]
    x = gpugrad.linspace(-1, 0.3, 50)
    assert x[-1].item() == gpugrad.tensor(0.3).item(), "both ends are exact"


def test_logspace() -> None:
    assert gpugrad.logspace(0, 2, 3).tolist() == [1.0, 10.0, 100.0]
    assert gpugrad.logspace(0, 3, 4, base=2).tolist() == [1.0, 2.0, 4.0, 8.0]


# --- like others ---------------------------------------------------------------------------------


def test_like() -> None:
    x = gpugrad.ones(2, 3, dtype=gpugrad.float64, requires_grad=True)
    for name, value in (("zeros_like", 0.0), ("ones_like", 1.0)):
        y = getattr(gpugrad, name)(x)
        assert y.tolist() == [[value] * 3] * 2
        assert y.dtype is gpugrad.float64
        assert not y.requires_grad
    assert gpugrad.full_like(x, 7).tolist() == [[7.0] * 3] * 2
    assert gpugrad.empty_like(x, dtype=gpugrad.int64).dtype is gpugrad.int64
    assert gpugrad.zeros_like(x, requires_grad=True).requires_grad
    assert gpugrad.rand_like(x).shape == (2, 3)


def test_new() -> None:
    x = gpugrad.ones(2, dtype=gpugrad.float64)
    assert x.new_tensor([1, 2]).dtype is gpugrad.float64
    assert x.new_zeros(3).tolist() == [0.0] * 3
    assert x.new_zeros(2, 3).shape == (2, 3)
    assert x.new_ones((1, 2)).dtype is gpugrad.float64
    assert x.new_full((2,), 3).dtype is gpugrad.float64
    assert x.new_empty(2, dtype=gpugrad.int64).dtype is gpugrad.int64


# --- older constructors --------------------------------------------------------------------------


def test_older_constructors() -> None:
    assert gpugrad.Tensor([1, 2]).dtype is gpugrad.float32
    assert gpugrad.Tensor(2, 3).shape == (2, 3)
    assert gpugrad.Tensor().shape == (0,)
    assert gpugrad.FloatTensor([1, 2]).tolist() == [1.0, 2.0]
    assert gpugrad.LongTensor([1.7, 2]).tolist() == [1, 2]
    assert gpugrad.BoolTensor([0, 1]).tolist() == [False, True]
    assert gpugrad.DoubleTensor(3).shape == (3,)


def test_instances_of_older_types() -> None:
    x = gpugrad.ones(2)
    assert isinstance(x, gpugrad.Tensor)
    assert isinstance(x, gpugrad.FloatTensor)
    assert not isinstance(x, gpugrad.DoubleTensor)
    assert isinstance(x.long(), gpugrad.LongTensor)
    assert not isinstance(3.0, gpugrad.FloatTensor)
    assert gpugrad.is_tensor(x)
    assert not gpugrad.is_tensor([1])


def test_variable_makes_a_tensor() -> None:
    x = gpugrad.autograd.Variable(gpugrad.ones(2), requires_grad=True)
    assert isinstance(x, gpugrad.Tensor)
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_random_shapes_and_types() -> None:
    assert gpugrad.rand(2, 3).shape == gpugrad.randn((2, 3)).shape == (2, 3)
    assert gpugrad.randint(5, (2, 3)).dtype is gpugrad.int64
    assert sorted(gpugrad.randperm(5).tolist()) == [0, 1, 2, 3, 4]
    assert gpugrad.rand(2, dtype=gpugrad.float64, requires_grad=True).requires_grad


def test_numel() -> None:
    assert gpugrad.numel(gpugrad.ones(2, 3)) == 6
    assert gpugrad.ones(2, 3).nelement() == 6
    assert gpugrad.ones(()).numel() == 1
