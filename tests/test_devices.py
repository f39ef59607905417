"""Tensors on devices: whole programs give the CPU's results and copy only what they are told to.

``host`` is the CUDA backend over arrays that count every copy; see ``tests/host_cupy.py``.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn import functional as F
from tests import host_cupy
from tests.conftest import DEVICES

on_cuda = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)
on_all = pytest.mark.parametrize("device", DEVICES, indirect=True)


# --- making tensors -------------------------------------------------------------------------------

MAKERS: dict[str, Callable[..., Any]] = {
    "zeros": lambda d: gpugrad.zeros(2, 3, device=d),
    "ones": lambda d: gpugrad.ones(2, 3, dtype=gpugrad.int64, device=d),
    "full": lambda d: gpugrad.full((2,), 7.5, device=d),
    "arange": lambda d: gpugrad.arange(1, 2, 0.25, device=d),
    "linspace": lambda d: gpugrad.linspace(0, 1, 5, device=d),
    "eye": lambda d: gpugrad.eye(3, device=d),
    "tensor": lambda d: gpugrad.tensor([[1, 2], [3, 4]], device=d),
    "tensor of an array": lambda d: gpugrad.tensor(np.arange(3.0), device=d),
    "as_tensor": lambda d: gpugrad.as_tensor(np.arange(3), device=d),
    "zeros_like": lambda d: gpugrad.zeros_like(gpugrad.ones(2, device=d)),
    "ones_like": lambda d: gpugrad.ones_like(gpugrad.ones(2), device=d),
    "full_like": lambda d: gpugrad.full_like(gpugrad.ones(2, device=d), 3),
    "new_tensor": lambda d: gpugrad.ones(2, device=d).new_tensor([1.0]),
    "new_zeros": lambda d: gpugrad.ones(2, device=d).new_zeros(2),
    "new_full": lambda d: gpugrad.ones(2, device=d).new_full((2,), 5),
}


@on_cuda
@pytest.mark.parametrize("name", MAKERS)
def test_making(device: str, name: str) -> None:
    made, same = MAKERS[name](device), MAKERS[name]("cpu")
    assert made.device == gpugrad.device("cuda", 0)
    assert made.is_cuda
    assert not made.is_cpu
    assert made.get_device() == 0
    assert made.dtype is same.dtype
    assert made.tolist() == same.tolist()


@on_cuda
def test_random_numbers(device: str) -> None:
    makers: list[Callable[[], Any]] = [
        lambda: gpugrad.rand(3, 2, device=device),
        lambda: gpugrad.randn(17, device=device),
        lambda: gpugrad.randint(5, (4,), device=device),
        lambda: gpugrad.randperm(10, device=device),
        lambda: gpugrad.rand_like(gpugrad.ones(3, device=device)),
        lambda: gpugrad.empty(5, device=device).uniform_(-1, 1),
        lambda: gpugrad.bernoulli(gpugrad.full((50,), 0.5, device=device)),
    ]
    for make in makers:
        gpugrad.manual_seed(1)
        first, second = make(), make()
        gpugrad.manual_seed(1)
        assert first.is_cuda
        assert make().tolist() == first.tolist()
        assert second.tolist() != first.tolist()


def test_parameters_start_equal_on_every_device(host: host_cupy.Copies) -> None:
    gpugrad.manual_seed(3)
    here = nn.Linear(3, 2)
    gpugrad.manual_seed(3)
    there = nn.Linear(3, 2).to("cuda")
    assert there.weight.is_cuda
    assert there.weight.tolist() == here.weight.tolist()


# --- between devices ------------------------------------------------------------------------------


def test_to(host: host_cupy.Copies) -> None:
    x = gpugrad.tensor([1.5, 2.5])
    for y in (x.to("cuda"), x.to("cuda:0"), x.cuda(), x.cuda(0), x.to(gpugrad.device("cuda", 0))):
        assert str(y.device) == "cuda:0"
        assert y.type() == "torch.cuda.FloatTensor"
        assert y.tolist() == [1.5, 2.5]
    y = x.to("cuda")
    assert y.to("cuda") is y
    assert y.cuda() is y
    assert y.to(device="cuda", copy=True) is not y
    assert x.cpu() is x
    both = y.to("cpu", gpugrad.int64)
    assert (str(both.device), both.dtype, both.tolist()) == ("cpu", gpugrad.int64, [1, 2])
    assert x.to(y).is_cuda
    assert y.type_as(x).is_cpu


def test_a_copy_is_counted_once(host: host_cupy.Copies) -> None:
    x = gpugrad.ones(3)
    y = x.to("cuda")
    assert (host.to_device, host.to_host) == (1, 0)
    y.cpu()
    assert (host.to_device, host.to_host) == (1, 1)
    host.reset()
    for read in (lambda: y.tolist(), lambda: y[0].item(), lambda: bool(y[0]), lambda: float(y[0])):
        read()
    assert (host.to_device, host.to_host) == (0, 4)


@on_cuda
def test_gradients_cross(device: str) -> None:
    x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    y = (x.to(device) ** 2).cpu() * 3
    assert y.device.type == "cpu"
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.is_cpu
    assert x.grad.tolist() == [6.0, 12.0]
    z = gpugrad.tensor(2.0, device=device, requires_grad=True)
    (first,) = gpugrad.autograd.grad((z * z * z).cpu(), z, create_graph=True)
    assert first.is_cuda
    first.backward()
    assert z.grad is not None
    assert z.grad.item() == 12.0


@on_cuda
def test_numpy_is_refused(device: str) -> None:
    x = gpugrad.ones(2, device=device)
    text = (
        r"^can't convert cuda:0 device type tensor to numpy\. Use Tensor\.cpu\(\) to copy the "
        r"tensor to host memory first\.$"
    )
    for convert in (x.numpy, lambda: np.asarray(x), lambda: np.add(np.ones(2), np.asarray(x))):
        with pytest.raises(TypeError, match=text):
            convert()
    assert x.numpy(force=True).tolist() == [1, 1]


@on_cuda
def test_copy_between_devices(device: str) -> None:
    there, here = gpugrad.zeros(2, device=device), gpugrad.zeros(2)
    there.copy_(gpugrad.tensor([1.0, 2.0]))
    here.copy_(there)
    assert here.tolist() == [1.0, 2.0]
    twin = copy.deepcopy(there)
    assert twin.is_cuda
    twin.zero_()
    assert there.tolist() == [1.0, 2.0]


@on_cuda
def test_modules_move(device: str) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert model.to(device) is model
    assert all(t.is_cuda for t in model.state_dict().values())
    model.cpu()
    assert all(t.is_cpu for t in model.state_dict().values())
    model.cuda().double()
    assert model[0].weight.is_cuda
    assert model[0].weight.dtype is gpugrad.float64


@on_cuda
def test_saving_and_loading(device: str) -> None:
    file = io.BytesIO()
    gpugrad.save({"w": gpugrad.arange(3.0, device=device)}, file)
    for location, expected in ((None, "cuda:0"), ("cpu", "cpu")):
        file.seek(0)
        w = gpugrad.load(file, map_location=location)["w"]
        assert (str(w.device), w.tolist()) == (expected, [0.0, 1.0, 2.0])


@on_cuda
def test_printing(device: str) -> None:
    x = gpugrad.tensor([1.0, 2.5], device=device)
    assert repr(x) == "tensor([1.0000, 2.5000], device='cuda:0')"
    assert repr(x.requires_grad_()) == (
        "tensor([1.0000, 2.5000], device='cuda:0', requires_grad=True)"
    )
    assert f"{x[1]:.2f}" == "2.50"


def test_printing_a_large_tensor_copies_its_corners(host: host_cupy.Copies) -> None:
    x = gpugrad.arange(10000, device="cuda")
    host.reset()
    sizes: list[int] = []
    original = host_cupy.ndarray.get

    def get(self: Any, **kwargs: Any) -> Any:
        sizes.append(self.size)
        return original(self, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host_cupy.ndarray, "get", get)
        assert repr(x) == "tensor([   0,    1,    2,  ..., 9997, 9998, 9999], device='cuda:0')"
    assert sizes == [3, 3]


# --- two devices in one operation -----------------------------------------------------------------


@on_cuda
def test_mixed_devices_are_refused(device: str) -> None:
    x, y = gpugrad.ones(2, 2, device=device), gpugrad.ones(2, 2)
    mixtures: list[Callable[[], Any]] = [
        lambda: x + y,
        lambda: x @ y,
        lambda: gpugrad.cat([x, y]),
        lambda: gpugrad.where(x > 0, x, y),
        lambda: F.linear(x, y),
        lambda: F.mse_loss(x, y),
        lambda: x.maximum(y),
        lambda: x.clone().add_(y),
        lambda: x == y,
    ]
    text = (
        "^Expected all tensors to be on the same device, but found at least two devices, "
        "cuda:0 and cpu!$"
    )
    for mixture in mixtures:
        with pytest.raises(RuntimeError, match=text):
            mixture()
    with pytest.raises(RuntimeError, match="found at least two devices, cpu and cuda:0!"):
        y * x


@on_cuda
def test_a_cpu_scalar_is_a_number_beside_other_devices(device: str) -> None:
    x = gpugrad.ones(2, device=device, requires_grad=True)
    y = x * gpugrad.tensor(3.0) + gpugrad.tensor(1.0)
    assert y.is_cuda
    assert y.tolist() == [4.0, 4.0]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 3.0]


@on_cuda
def test_indices_of_another_device(device: str) -> None:
    x = gpugrad.arange(4.0, device=device)
    assert x[gpugrad.tensor([1, 3])].tolist() == [1.0, 3.0]
    assert x[gpugrad.tensor([True, False, False, True])].tolist() == [0.0, 3.0]
    assert x[np.array([2])].tolist() == [2.0]
    with pytest.raises(
        RuntimeError,
        match=r"^indices should be either on cpu or on the same device as the indexed tensor "
        r"\(cpu\)$",
    ):
        gpugrad.ones(3)[gpugrad.tensor([1], device=device)]


# --- operations -----------------------------------------------------------------------------------


@on_all
def test_indexing(device: str) -> None:
    x = gpugrad.arange(12.0, device=device).reshape(3, 4).requires_grad_()
    rows = gpugrad.tensor([0, 2, 0], device=device)
    picked = x[rows] * 2 + x[1:2] + x[:, -1:][rows]
    picked.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[4, 4, 4, 12], [3, 3, 3, 3], [2, 2, 2, 6]]
    y = x.detach().clone()
    y[0] = 1
    y[y > 8] = -1.0
    y[rows, 0] = gpugrad.tensor([5.0, 6.0, 5.0], device=device)
    y[1, 1:3] += 1
    assert y.tolist() == [[5, 1, 1, 1], [4, 6, 7, 7], [6, -1, -1, -1]]


@on_all
def test_in_place(device: str) -> None:
    x = gpugrad.tensor([1.0, -2.0, 3.0], device=device)
    address = x.data_ptr()
    x.mul_(2).add_(1).relu_().sub_(0.5).clamp_(max=4)
    x += gpugrad.ones(3, device=device)
    assert x.tolist() == [3.5, 0.5, 5.0]
    assert x.data_ptr() == address
    x.fill_(2)
    x[0:1].zero_()
    assert x.tolist() == [0.0, 2.0, 2.0]
    wide = gpugrad.zeros(1, device=device).expand(3)
    writes: list[Callable[[], Any]] = [
        lambda: wide.copy_(x),
        lambda: wide.relu_(),
        lambda: wide.sigmoid_(),
        lambda: wide.add_(x),
    ]
    for write in writes:
        with (
            gpugrad.no_grad(),
            pytest.raises(RuntimeError, match="refers to a single memory location"),
        ):
            write()


@on_all
def test_views_share_memory(device: str) -> None:
    x = gpugrad.zeros(2, 3, device=device)
    x.t()[0] = 1
    x.view(6)[5:] = 2
    x.unsqueeze(0)[0, 1, 1] = 3
    assert x.tolist() == [[1, 0, 0], [1, 3, 2]]
    assert x.reshape(3, 2)._base is x
    assert x.t().reshape(6)._base is None
    assert x[1].storage_offset() == 3
    assert not x.t().is_contiguous()
    assert x.t().contiguous().is_contiguous()


@on_all
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_types(device: str, dtype: str) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    kind = getattr(gpugrad, dtype)
    x = gpugrad.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=kind, device=device, requires_grad=True)
    y = (x @ x + 1).softmax(1).sum() + (x * x).mean()
    assert y.dtype is kind
    y.backward()
    assert x.grad is not None
    assert x.grad.dtype is kind
    assert abs(float(y) - 9.5) < 0.1
