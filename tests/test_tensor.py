"""The tensor as an object: properties, conversions, Python's protocols, NumPy beside it."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from typing import Any

import numpy as np
import pytest

import gpugrad

# --- what it is ----------------------------------------------------------------------------------


def test_properties() -> None:
    x = gpugrad.zeros(2, 3, dtype=gpugrad.float64)
    assert x.shape == x.size() == (2, 3)
    assert repr(x.shape) == "torch.Size([2, 3])"
    assert x.size(0) == x.size(-2) == 2
    assert x.ndim == x.dim() == x.ndimension() == 2
    assert x.numel() == x.nelement() == 6
    assert x.element_size() == x.itemsize == 8
    assert x.nbytes == 48
    assert x.stride() == (3, 1)
    assert x.stride(-1) == 1
    assert x.device == gpugrad.device("cpu")
    assert x.is_cpu
    assert not x.is_cuda
    assert x.get_device() == -1
    assert x.is_contiguous()
    assert not x.t().is_contiguous()
    assert x.contiguous() is x
    assert x.t().contiguous().is_contiguous()
    assert x.data_ptr() == x.t().data_ptr()
    assert x[1].storage_offset() == 3


def test_sizes() -> None:
    size = gpugrad.zeros(2, 3, 4).shape
    assert isinstance(size, gpugrad.Size)
    assert isinstance(size, tuple)
    assert isinstance(size[1:], gpugrad.Size)
    assert size[-1] == 4
    assert gpugrad.zeros(2, 3, 4).size().numel() == 24
    a, b, c = size
    assert (a, b, c) == (2, 3, 4)
    assert gpugrad.zeros(size).shape == size
    with pytest.raises(IndexError, match=r"^Dimension out of range \(expected to be in range of"):
        gpugrad.zeros(2, 3).size(2)


def test_transposes() -> None:
    x = gpugrad.arange(6).reshape(2, 3)
    assert x.T.tolist() == x.mT.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert gpugrad.zeros(2, 3, 4).mT.shape == (2, 4, 3)
    with pytest.warns(UserWarning, match="^The use of `x.T` on tensors of dimension other than 2"):
        assert gpugrad.zeros(2, 3, 4).T.shape == (4, 3, 2)
    with pytest.raises(RuntimeError, match="mT is only supported on matrices"):
        gpugrad.zeros(2).mT  # noqa: B018  # the property raises


# --- values as Python's --------------------------------------------------------------------------


def test_item_and_tolist() -> None:
    assert gpugrad.tensor(2.5).item() == 2.5
    assert type(gpugrad.tensor([[3]]).item()) is int
    assert type(gpugrad.tensor(True).item()) is bool
    assert gpugrad.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert gpugrad.tensor(1.5, requires_grad=True).tolist() == 1.5
    with pytest.raises(
        RuntimeError, match="^a Tensor with 2 elements cannot be converted to Scalar$"
    ):
        gpugrad.zeros(2).item()


def test_numbers() -> None:
    x = gpugrad.tensor([2.75])
    assert float(x) == 2.75
    assert int(x) == 2
    assert complex(x) == 2.75
    assert math.sqrt(gpugrad.tensor(9.0)) == 3.0
    assert [1, 2, 3][gpugrad.tensor(1)] == 2
    with pytest.raises(
        TypeError, match="^only integer tensors of a single element can be converted"
    ):
        operator.index(x)
    with pytest.raises(ValueError, match="^only one element tensors can be converted to Python sc"):
        float(gpugrad.zeros(2))


def test_truth() -> None:
    assert gpugrad.tensor(0.5)
    assert not gpugrad.tensor([[0]])
    with pytest.raises(
        RuntimeError, match="^Boolean value of Tensor with more than one value is am"
    ):
        bool(gpugrad.ones(2))
    with pytest.raises(RuntimeError, match="^Boolean value of Tensor with no values is ambiguous$"):
        bool(gpugrad.ones(0))
    assert gpugrad.is_nonzero(gpugrad.tensor([3]))


def test_length_and_iteration() -> None:
    x = gpugrad.arange(6).reshape(3, 2)
    assert len(x) == 3
    assert [row.tolist() for row in x] == [[0, 1], [2, 3], [4, 5]]
    *_, last = x
    assert last.tolist() == [4, 5]
    assert [i.item() for i in reversed(x[0])] == [1, 0]
    for use in (len, list):
        with pytest.raises(TypeError, match="of a 0-d tensor$|over a 0-d tensor$"):
            use(gpugrad.tensor(1.0))


def test_membership() -> None:
    x = gpugrad.tensor([1.0, 2.0])
    assert 2 in x
    assert 3.0 not in x
    assert gpugrad.tensor(1.0) in x
    with pytest.raises(RuntimeError, match="^Tensor.__contains__ only supports Tensor or scalar"):
        "a" in x  # noqa: B015  # the test of membership raises


def test_format_strings() -> None:
    assert f"{gpugrad.tensor(2.34567):.3f}" == "2.346"
    assert f"{gpugrad.tensor(7):5d}" == "    7"
    assert f"{gpugrad.tensor(0.5)}" == "0.5"
    assert f"{gpugrad.tensor([1.5])}" == "tensor([1.5000])"
    assert f"{gpugrad.tensor(0.25, requires_grad=True):.1%}" == "25.0%"
    assert f"{gpugrad.tensor([1.0, 2.0])}" == str(gpugrad.tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="unsupported format string"):
        f"{gpugrad.ones(2):.3f}"


def test_tensors_are_hashed_by_identity() -> None:
    x, y = gpugrad.ones(1), gpugrad.ones(1)
    assert {x: 1, y: 2}[x] == 1
    assert len({x, y, x}) == 2


# --- operators -----------------------------------------------------------------------------------

A, B = [7.0, -7.0, 2.5], [2.0, 2.0, -1.5]


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"])
def test_arithmetic_operators(name: str) -> None:
    function: Any = getattr(operator, name)
    x, y = gpugrad.tensor(A, dtype=gpugrad.float64), gpugrad.tensor(B, dtype=gpugrad.float64)
    with np.errstate(invalid="ignore"):
        for left, right in ((x, y), (x, 2), (x, 2.0), (3, y), (3.5, y)):
            a, b = (v.numpy() if isinstance(v, gpugrad.Tensor) else v for v in (left, right))
            np.testing.assert_allclose(function(left, right).numpy(), function(a, b))
    with pytest.raises(TypeError):
        function(x, "a")
    with pytest.raises(TypeError):
        function([], x)


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons(name: str) -> None:
    function: Any = getattr(operator, name)
    x, y = gpugrad.tensor(A), gpugrad.tensor([7.0, 0.0, -1.5])
    for left, right in ((x, y), (x, 2), (2.5, x)):
        found = function(left, right)
        assert found.dtype is gpugrad.bool
        a, b = (v.numpy() if isinstance(v, gpugrad.Tensor) else v for v in (left, right))
        assert found.tolist() == function(a, b).tolist()


def test_comparison_with_other_objects() -> None:
    x = gpugrad.ones(2)
    assert (x == None) is False  # noqa: E711  # what is tested
    assert (x != "a") is True
    with pytest.raises(TypeError):
        x < None  # noqa: B015  # the comparison raises


@pytest.mark.parametrize("name", ["and_", "or_", "xor", "lshift", "rshift"])
def test_operators_on_bits(name: str) -> None:
    function: Any = getattr(operator, name)
    x, y = gpugrad.tensor([12, 5]), gpugrad.tensor([2, 1])
    assert function(x, y).tolist() == [function(12, 2), function(5, 1)]
    assert function(x, 1).tolist() == [function(12, 1), function(5, 1)]
    assert (~gpugrad.tensor([True, False])).tolist() == [False, True]
    assert (~x).tolist() == [-13, -6]
    with pytest.raises(TypeError, match="only implemented on integer and Boolean-type tensors"):
        ~gpugrad.ones(1)


def test_matrix_product_operator() -> None:
    x = gpugrad.arange(6.0).reshape(2, 3)
    assert (x @ x.T).tolist() == [[5.0, 14.0], [14.0, 50.0]]
    with pytest.raises(TypeError, match="^unsupported operand type"):
        x @ 3


def test_signs() -> None:
    x = gpugrad.tensor([1.0, -2.0])
    assert (-x).tolist() == [-1.0, 2.0]
    assert abs(x).tolist() == [1.0, 2.0]
    assert (+x).tolist() == [1.0, -2.0]


# --- NumPy ---------------------------------------------------------------------------------------


def test_numpy_shares_memory() -> None:
    x = gpugrad.zeros(2)
    array = x.numpy()
    array[0] = 1
    x[1] = 2
    assert x.tolist() == array.tolist() == [1.0, 2.0]
    assert np.asarray(x).dtype == np.float32
    assert np.array(x, dtype=np.float64).dtype == np.float64
    with pytest.raises(RuntimeError, match=r"^Can't call numpy\(\) on Tensor that requires grad"):
        gpugrad.zeros(1, requires_grad=True).numpy()
    assert gpugrad.zeros(1, requires_grad=True).numpy(force=True).tolist() == [0.0]
    with pytest.raises(RuntimeError, match="requires grad"):
        np.asarray(gpugrad.zeros(1, requires_grad=True))


def test_numpy_functions_take_tensors() -> None:
    x = gpugrad.tensor([3.0, 4.0])
    assert np.linalg.norm(x) == 5.0
    assert np.mean(x.numpy()) == 3.5
    assert isinstance(np.concatenate([x, x]), np.ndarray)


def test_numpy_numbers_are_numbers() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    for number in (np.float64(2.0), np.float32(2.0), np.int64(2)):
        assert (x * number).tolist() == [2.0, 2.0]
        assert (x * number).dtype is gpugrad.float32
    (x * np.float64(3)).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


# --- copies --------------------------------------------------------------------------------------


def test_deepcopy_of_leaves() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    y, z = copy.deepcopy([x, x])
    assert y is z
    assert y is not x
    assert y.requires_grad
    assert y.is_leaf
    assert y.grad.tolist() == [2.0, 2.0]
    y.data.zero_()
    y.grad.zero_()
    assert x.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == [2.0, 2.0]


def test_deepcopy_of_results_is_refused() -> None:
    with pytest.raises(RuntimeError, match="^Only Tensors created explicitly by the user"):
        copy.deepcopy(gpugrad.ones(2, requires_grad=True) * 2)


def test_copy_shares_memory() -> None:
    x = gpugrad.ones(2)
    y = copy.copy(x)
    y[0] = 5
    assert x.tolist() == [5.0, 1.0]


def test_pickled_tensors_share_memory_with_each_other() -> None:
    x = gpugrad.arange(6.0).reshape(2, 3).requires_grad_()
    y, row = pickle.loads(pickle.dumps((x.detach(), x.detach()[1])))
    assert y.tolist() == x.tolist() and row.tolist() == [3.0, 4.0, 5.0]
    again = pickle.loads(pickle.dumps(x))
    assert again.requires_grad and again.is_leaf


# --- moves ---------------------------------------------------------------------------------------


def test_to() -> None:
    x = gpugrad.ones(2)
    assert x.to(gpugrad.float64).dtype is gpugrad.float64
    assert x.to("cpu", gpugrad.float16).dtype is gpugrad.float16
    assert x.to(device="cpu", dtype=gpugrad.int64).dtype is gpugrad.int64
    assert x.to(gpugrad.ones(1, dtype=gpugrad.float64)).dtype is gpugrad.float64
    assert x.to(gpugrad.device("cpu")) is x
    assert x.cpu() is x
    assert x.to(gpugrad.float64, non_blocking=True, copy=True).dtype is gpugrad.float64
    with pytest.raises(TypeError, match="to"):
        x.to(nonsense=1)


@pytest.mark.parametrize("text", ["cpu", "cuda", "cuda:0", "cuda:11"])
def test_devices(text: str) -> None:
    d = gpugrad.device(text)
    assert str(d) == text
    assert d == gpugrad.device(text)
    assert hash(d) == hash(gpugrad.device(text))
    kind, _, index = text.partition(":")
    assert (d.type, d.index) == (kind, int(index) if index else None)
    assert repr(d) == (
        f"device(type='{kind}', index={index})" if index else f"device(type='{kind}')"
    )
    assert gpugrad.device(d) == d
    assert pickle.loads(pickle.dumps(d)) == d


def test_devices_by_number() -> None:
    assert gpugrad.device("cuda", 1) == gpugrad.device("cuda:1")
    assert gpugrad.device("cpu") != gpugrad.device("cuda")
    for text in ("gpu", "cuda:", "cuda:x", "", "cpu:cuda"):
        with pytest.raises(RuntimeError, match="[Dd]evice"):
            gpugrad.device(text)


def test_functions_store_into_out() -> None:
    x, out = gpugrad.tensor([1.0, 4.0]), gpugrad.empty(2)
    assert gpugrad.sqrt(x, out=out) is out
    assert out.tolist() == [1.0, 2.0]
    gpugrad.add(x, x, out=out)
    gpugrad.sum(x, 0, out=(total := gpugrad.empty(())))
    assert out.tolist() == [2.0, 8.0]
    assert total.item() == 5.0
    with pytest.raises(RuntimeError, match=r"don't support automatic differentiation"):
        gpugrad.sqrt(x.requires_grad_(), out=out)
