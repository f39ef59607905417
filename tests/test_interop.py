"""Memory shared with NumPy, with other array libraries and with buffers."""

from __future__ import annotations

import array
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.conftest import DEVICES

TYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]


# --- DLPack --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TYPES)
def test_dlpack_with_numpy_shares_memory(name: str) -> None:
    x = gpugrad.ones(2, 3, dtype=getattr(gpugrad, name))
    there = np.from_dlpack(x)
    assert there.dtype == np.dtype(name) and there.shape == (2, 3)
    x.zero_()
    assert not there.any()
    back = gpugrad.from_dlpack(there)
    assert back.dtype == x.dtype and back.data_ptr() == x.data_ptr()
    transposed = gpugrad.from_dlpack(np.ones((2, 3), name).T)
    assert transposed.shape == (3, 2) and transposed.stride() == (1, 3)


@pytest.mark.parametrize("name", [*TYPES, "float16"])
def test_dlpack_with_pytorch_shares_memory(name: str) -> None:
    torch = pytest.importorskip("torch")
    x = gpugrad.zeros(2, 3, dtype=getattr(gpugrad, name))
    there = torch.from_dlpack(x)
    assert there.dtype == getattr(torch, name) and there.data_ptr() == x.data_ptr()
    there.fill_(1)
    assert x.tolist() == there.tolist()
    back = gpugrad.from_dlpack(torch.ones(3, 2, dtype=getattr(torch, name)).t()[1:])
    assert back.shape == (1, 3) and str(back.dtype) == str(there.dtype)
    back.zero_()
    owner = torch.ones(4, dtype=getattr(torch, name))
    gpugrad.from_dlpack(owner).zero_()
    assert not owner.any()


def test_memory_outlives_its_owner() -> None:
    back = gpugrad.from_dlpack(np.arange(1000.0))
    assert back.sum().item() == 499500.0


def test_capsules() -> None:
    x = gpugrad.ones(3)
    capsule = gpugrad.utils.dlpack.to_dlpack(x)
    assert gpugrad.from_dlpack(capsule).data_ptr() == x.data_ptr()
    with pytest.raises(RuntimeError, match="received an invalid capsule"):
        gpugrad.from_dlpack(capsule)
    with pytest.raises(RuntimeError, match="received an invalid capsule"):
        gpugrad.from_dlpack([1, 2])


def test_dlpack_device_and_refusals() -> None:
    x = gpugrad.ones(2)
    assert x.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="Can't export tensors that require gradient"):
        gpugrad.ones(2, requires_grad=True).__dlpack__()
    with pytest.raises(AssertionError, match="stream should be None on cpu"):
        x.__dlpack__(stream=1)
    with pytest.raises(TypeError, match="complex128"):
        gpugrad.from_dlpack(np.ones(2, complex))
    strange = types.SimpleNamespace(__dlpack__=lambda **_: None, __dlpack_device__=lambda: (7, 0))
    with pytest.raises(RuntimeError, match="device type 7 is not supported"):
        gpugrad.from_dlpack(strange)


def test_dlpack_copies_only_if_asked() -> None:
    source = np.zeros(2)
    assert gpugrad.from_dlpack(source, copy=True).data_ptr() != source.ctypes.data
    assert gpugrad.from_dlpack(source, device="cpu", copy=False).data_ptr() == source.ctypes.data
    x = gpugrad.zeros(2)
    assert gpugrad.from_dlpack(x).data_ptr() == x.data_ptr()
    assert np.from_dlpack(x, copy=True).ctypes.data != x.data_ptr()
    wide = gpugrad.ones(1).expand(3)
    capsule = wide.__dlpack__()
    assert gpugrad.from_dlpack(capsule).tolist() == [1.0, 1.0, 1.0]


# --- the CUDA array interface --------------------------------------------------------------------


def test_cuda_array_interface_exists_on_cuda_only() -> None:
    x = gpugrad.ones(2)
    assert not hasattr(x, "__cuda_array_interface__")
    with pytest.raises(AttributeError, match=r"on non-CUDA tensor type: torch\.FloatTensor"):
        x.__cuda_array_interface__  # noqa: B018


@pytest.mark.cuda
def test_cuda_array_interface() -> None:
    x = gpugrad.ones(2, 3, device="cuda")
    interface = x.__cuda_array_interface__
    assert interface["shape"] == (2, 3) and interface["typestr"] == "<f4"
    assert interface["data"][0] == x.data_ptr()
    with pytest.raises(RuntimeError, match="on Variable that requires grad"):
        x.requires_grad_().__cuda_array_interface__  # noqa: B018


@pytest.mark.cuda
def test_dlpack_on_a_device() -> None:
    cupy = pytest.importorskip("cupy")
    x = gpugrad.ones(2, 3, device="cuda")
    assert x.__dlpack_device__() == (2, 0)
    there = cupy.from_dlpack(x)
    assert there.data.ptr == x.data_ptr()
    back = gpugrad.from_dlpack(there)
    assert back.device.type == "cuda" and back.data_ptr() == x.data_ptr()
    assert gpugrad.asarray(there).data_ptr() == x.data_ptr()
    assert gpugrad.from_dlpack(gpugrad.to_dlpack(x)).data_ptr() == x.data_ptr()
    assert gpugrad.from_dlpack(there, device="cpu").device.type == "cpu"


# --- NumPy ---------------------------------------------------------------------------------------

OPERATORS: list[Callable[[Any, Any], Any]] = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.matmul,
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]


@pytest.mark.parametrize("op", OPERATORS)
def test_numpy_arrays_on_the_left(op: Callable[[Any, Any], Any]) -> None:
    left, right = np.array([7.0, 2.5]), np.array([2.0, 2.5])
    result = op(left, gpugrad.tensor(right))
    assert isinstance(result, gpugrad.Tensor)
    assert result.tolist() == op(left, right).tolist()


@pytest.mark.parametrize("op", [operator.and_, operator.or_, operator.xor])
def test_numpy_integers_on_the_left(op: Callable[[Any, Any], Any]) -> None:
    left, right = np.array([6, 3]), np.array([5, 1])
    result = op(left, gpugrad.tensor(right))
    assert isinstance(result, gpugrad.Tensor)
    assert result.tolist() == op(left, right).tolist()


def test_numpy_on_the_left_is_recorded_and_scalars_work() -> None:
    x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    (np.array([3.0, 4.0], dtype=np.float32) * x).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]
    result = np.float32(2.0) * x.detach()
    assert isinstance(result, gpugrad.Tensor) and result.dtype == gpugrad.float32


def test_array_protocol() -> None:
    x = gpugrad.tensor([1.0, 2.0])
    assert np.asarray(x).ctypes.data == x.data_ptr()
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert np.array(x).ctypes.data != x.data_ptr()
    with pytest.raises(ValueError, match="avoid copy"):
        np.array(x, dtype=np.float64, copy=False)
    with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad"):
        np.asarray(gpugrad.ones(2, requires_grad=True))


# --- anything ------------------------------------------------------------------------------------


def test_asarray_shares_what_it_can() -> None:
    source = np.zeros(2)
    assert gpugrad.asarray(source).data_ptr() == source.ctypes.data
    assert gpugrad.asarray(source, copy=True).data_ptr() != source.ctypes.data
    assert gpugrad.asarray(source, dtype=gpugrad.float32).dtype == gpugrad.float32
    x = gpugrad.ones(2)
    assert gpugrad.asarray(x) is x
    numbers = array.array("f", [1.0, 2.0])
    shared = gpugrad.asarray(numbers)
    shared[0] = 5.0
    assert numbers[0] == 5.0
    assert gpugrad.asarray(np.float32(3)).dtype == gpugrad.float32
    assert gpugrad.asarray([[1, 2], [3, 4.0]]).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert gpugrad.asarray(3).dtype == gpugrad.int64


def test_asarray_refuses_needless_copies() -> None:
    with pytest.raises(ValueError, match="can't alias arbitrary sequence into a tensor"):
        gpugrad.asarray([1, 2], copy=False)
    with pytest.raises(ValueError, match="with dtype 'Double' into dtype 'Float'"):
        gpugrad.asarray(np.zeros(2), dtype=gpugrad.float32, copy=False)
    with pytest.raises(ValueError, match="stride"):
        gpugrad.asarray(np.arange(3)[::-1])


@pytest.mark.parametrize("device", DEVICES[1:], indirect=True)
def test_asarray_moves(device: str) -> None:
    moved = gpugrad.asarray(np.ones(2), device=device)
    assert moved.device.type == "cuda" and moved.tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="can't alias tensor from device 'cpu' to 'cuda"):
        gpugrad.asarray(np.ones(2), device=device, copy=False)


def test_asarray_and_gradients() -> None:
    w = gpugrad.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="unspecified requires_grad now defaults"):
        assert gpugrad.asarray(w) is w
    assert gpugrad.asarray(w, requires_grad=True) is w
    assert not gpugrad.asarray(w * 2, requires_grad=False).requires_grad
    assert gpugrad.asarray(w * 2, requires_grad=True).grad_fn is not None
    assert gpugrad.asarray([1.0], requires_grad=True).requires_grad
    assert gpugrad.asarray(np.ones(2), requires_grad=True).is_leaf
    with pytest.raises(RuntimeError, match="floating point"):
        gpugrad.asarray([1], requires_grad=True)


def test_frombuffer() -> None:
    data = bytearray(range(8))
    x = gpugrad.frombuffer(data, dtype=gpugrad.int16, count=2, offset=2)
    assert x.tolist() == [0x0302, 0x0504]
    x[0] = 0
    assert data[2:4] == b"\0\0"
    with pytest.warns(UserWarning, match="not writable"):
        gpugrad.frombuffer(b"1234", dtype=gpugrad.uint8)


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        (0, {}, r"both buffer length \(0\) and count \(-1\) must not be 0"),
        (4, {"count": 0}, r"both buffer length \(4\) and count \(0\)"),
        (5, {}, "multiple of element size"),
        (4, {"offset": 4}, "must be non-negative and no greater than"),
        (4, {"count": 2}, "must not be greater than actual buffer length"),
    ],
)
def test_frombuffer_refusals(size: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gpugrad.frombuffer(bytearray(size), dtype=gpugrad.float32, **options)
