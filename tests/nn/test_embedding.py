"""Embeddings on every device: values, gradients, repeated and wrong indices, copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import gradcheck, gradgradcheck
from gpugrad.backend.add_at import LONG_SUMS, sum_rows
from gpugrad.backend.launches import embedding as launches
from gpugrad.nn import functional as F
from tests import host_cupy
from tests.conftest import DEVICES

Tensor = Any

everywhere = pytest.mark.parametrize("device", DEVICES, indirect=True)
on_cuda = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)

INDEX = [[2, 0, 2], [4, 2, 0]]
WAYS: list[dict[str, Any]] = [
    {},
    {"padding_idx": 0},
    {"padding_idx": -1},
    {"scale_grad_by_freq": True},
    {"padding_idx": 2, "scale_grad_by_freq": True},
]


def table(device: str, rows: int = 5, cols: int = 3, dtype: Any = gpugrad.float64) -> Tensor:
    numbers = np.random.default_rng(rows).normal(size=(rows, cols))
    return gpugrad.tensor(numbers, dtype=dtype, device=device, requires_grad=True)


def sums(grad: Any, index: Any, rows: int, how: dict[str, Any]) -> Any:
    """The gradient by a loop."""
    out = np.zeros((rows, grad.shape[-1]))
    padding = how.get("padding_idx")
    for r in range(rows):
        mine = index == r
        if mine.any() and padding not in (r, r - rows):
            out[r] = grad[mine].sum(0) / (mine.sum() if how.get("scale_grad_by_freq") else 1)
    return out


@everywhere
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("kind", ["int64", "int32"])
def test_values_and_gradients(device: str, how: dict[str, Any], kind: str) -> None:
    weight, index = table(device), np.array(INDEX)
    y: Tensor = F.embedding(
        gpugrad.tensor(INDEX, dtype=getattr(gpugrad, kind), device=device), weight, **how
    )
    assert y.grad_fn.name() == "EmbeddingBackward0"
    np.testing.assert_array_equal(y.detach().cpu().numpy(), weight.detach().cpu().numpy()[index])
    grad = np.random.default_rng(1).normal(size=y.shape)
    y.backward(gpugrad.tensor(grad, device=device))
    np.testing.assert_allclose(weight.grad.cpu().numpy(), sums(grad, index, 5, how), rtol=1e-12)


@everywhere
@pytest.mark.parametrize("how", WAYS)
def test_second_derivatives(device: str, how: dict[str, Any]) -> None:
    index, grad = gpugrad.tensor(INDEX, device=device), table(device, 6).reshape(2, 3, 3)
    grad = grad.detach().requires_grad_()
    weight = table(device)

    def gradient(grad: Tensor) -> Tensor:
        y = F.embedding(index, weight, **how)
        (found,) = gpugrad.autograd.grad(y, weight, grad, create_graph=True)
        return found

    assert gradcheck(gradient, (grad,))
    assert gradgradcheck(gradient, (grad,))
    if not how:
        assert gradcheck(lambda w: F.embedding(index, w).sin(), (weight,))
        assert gradgradcheck(lambda w: F.embedding(index, w).sin(), (weight,))


@everywhere
def test_shapes(device: str) -> None:
    weight = table(device)
    for shape in ((), (0,), (2, 0), (1, 1, 1)):
        index = gpugrad.zeros(shape, dtype=gpugrad.int64, device=device)
        y = F.embedding(index, weight)
        assert y.shape == (*shape, 3)
        (grad,) = gpugrad.autograd.grad(y.sum(), weight)
        assert grad.sum().item() == 3 * index.numel()
    view = table(device, 3, 5).T
    np.testing.assert_array_equal(
        F.embedding(gpugrad.tensor([1, 4], device=device), view).detach().cpu().numpy(),
        view.detach().cpu().numpy()[[1, 4]],
    )
    whole = gpugrad.tensor([[1, 2], [3, 4]], device=device)
    assert F.embedding(gpugrad.tensor([1, 1], device=device), whole).tolist() == [[3, 4], [3, 4]]


@everywhere
def test_a_changed_index_is_noticed(device: str) -> None:
    index = gpugrad.tensor([0, 1], device=device)
    y = F.embedding(index, table(device)).sum()
    index.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize("index", [[-1], [5], [0, 5]])
def test_the_cpu_refuses_a_wrong_index(index: list[int]) -> None:
    for most in (None, 1.0):
        with pytest.raises(IndexError, match="index out of range in self"):
            F.embedding(gpugrad.tensor(index), table("cpu"), max_norm=most)


def test_refusals() -> None:
    with pytest.raises(RuntimeError, match="Long, Int; but got torch.ShortTensor instead"):
        F.embedding(gpugrad.tensor([1], dtype=gpugrad.int16), table("cpu"))
    with pytest.raises(RuntimeError, match="'weight' must be 2-D"):
        F.embedding(gpugrad.tensor([1]), gpugrad.ones(3))


@on_cuda
def test_a_gpu_makes_nan_of_a_wrong_index(device: str) -> None:
    weight = table(device)
    y = F.embedding(gpugrad.tensor([-1, 1, 5], device=device), weight)
    assert y.isnan().tolist() == [[True] * 3, [False] * 3, [True] * 3]
    (grad,) = gpugrad.autograd.grad(y, weight, gpugrad.ones_like(y))
    assert grad.tolist() == [[0.0] * 3, [1.0] * 3, *[[0.0] * 3] * 3]


@on_cuda
@pytest.mark.parametrize("most", [0, 2**26])
def test_both_ways_of_finding_places(
    device: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without sorting; the same sum at each run, bit for bit."""
    monkeypatch.setattr(launches, "MOST_COMPARISONS", most)
    random = np.random.default_rng(0)
    index = random.integers(0, 7, 300)
    grad = random.normal(size=(300, 140))
    for how in WAYS:
        found = []
        for _ in range(2):
            weight = table(device, 7, 140, gpugrad.float32)
            y = F.embedding(gpugrad.tensor(index, device=device), weight, **how)
            y.backward(gpugrad.tensor(grad, dtype=gpugrad.float32, device=device))
            found.append(weight.grad.cpu().numpy())
        assert found[0].tobytes() == found[1].tobytes()
        np.testing.assert_allclose(found[0], sums(grad, index, 7, how), rtol=1e-4, atol=1e-4)


def test_one_launch_each_way_and_no_copies(host: host_cupy.Copies) -> None:
    layer = nn.Embedding(5, 3, padding_idx=1, scale_grad_by_freq=True, device="cuda")
    index = gpugrad.tensor(INDEX, device="cuda")
    host.reset()
    host_cupy.launches.clear()
    y = layer(index)
    y.backward(gpugrad.ones_like(y))
    assert host_cupy.launches == ["embedding_forward_float32", "embedding_backward_float32"]
    assert (host.to_device, host.to_host) == (0, 0)


@pytest.mark.parametrize(("n", "rows"), [(3, 4), (500, 3), (500, 400)])
@pytest.mark.parametrize("cols", [2, LONG_SUMS // 400])
def test_rows_are_summed_on_the_host(n: int, rows: int, cols: int) -> None:
    random = np.random.default_rng(n)
    index, values = random.integers(0, rows, n), random.normal(size=(n, cols))
    found = sum_rows(values, index, np.zeros((rows, cols)))
    np.testing.assert_allclose(found, sums(values, index, rows, {}), rtol=1e-12)
