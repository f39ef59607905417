"""``gpugrad.cuda.RawKernel``: kernels of the user's own, checked before every launch."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.autograd import gradcheck
from gpugrad.cuda import RawKernel
from tests import host_cupy
from tests.conftest import DEVICES

on_cuda = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)

SCALE = RawKernel(
    """
extern "C" __global__ void scale(const float* x, float* y, float factor, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = factor * x[i];
}""",
    "scale",
)
CUBE = RawKernel(
    """
#include "common.cuh"

template <typename C>
struct Cube {
    __device__ C operator()(C x) const { return x * x * x; }
};

template <typename C>
struct CubeGrad {
    __device__ C operator()(C dy, C x) const { return dy * 3 * x * x; }
};

KERNEL cube(const double* x, double* y, long long n) {
    map(grid_walk(), n, Cube<double>(), y, x);
}

KERNEL cube_grad(const double* dy, const double* x, double* dx, long long n) {
    map(grid_walk(), n, CubeGrad<double>(), dx, dy, x);
}""",
    "cube",
)
CUBE_GRAD = RawKernel(CUBE.code, "cube_grad")


class Cube(gpugrad.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = gpugrad.empty_like(x)
        CUBE(1, 64, (x, y, x.numel()))
        ctx.save_for_backward(x)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        dx = gpugrad.empty_like(x)
        CUBE_GRAD(1, 64, (grad.contiguous(), x, dx, x.numel()))
        return dx


@on_cuda
def test_launch(device: str) -> None:
    x = gpugrad.arange(300, dtype=gpugrad.float32, device=device)
    y = gpugrad.zeros(300, device=device)
    SCALE(2, 256, (x, y, 0.5, 300))
    assert y.tolist() == [0.5 * i for i in range(300)]
    SCALE((1, 1, 1), (32,), (x, y, 3, 2))  # a whole number becomes the float that is declared
    assert y[:3].tolist() == [0.0, 3.0, 1.0]
    SCALE(0, 256, (x, y, 3, 300))
    assert y[2].item() == 1.0


@on_cuda
def test_in_a_function(device: str) -> None:
    x = gpugrad.tensor([1.0, -2.0, 0.5], dtype=gpugrad.float64, device=device, requires_grad=True)
    assert Cube.apply(x).tolist() == [1.0, -8.0, 0.125]
    assert gradcheck(Cube.apply, (x,))


@on_cuda
def test_arguments_are_checked(device: str) -> None:
    x, y = gpugrad.ones(4, device=device), gpugrad.ones(4, device=device)
    leaf = gpugrad.ones(4, device=device, requires_grad=True)
    for args, error, problem in (
        ((x, y, 1.0), TypeError, "takes 4 arguments (x, y, factor, n), got 3"),
        ((x, y, 1.0, 4.0), TypeError, "n must be of type int, got 4.0"),
        ((x, y, y, 4), TypeError, "factor must be of type float, got Tensor"),
        ((x, y, 1.0, 2**31), OverflowError, "n of type int cannot be 2147483648"),
        ((x.double(), y, 1.0, 4), TypeError, "x points to float, got a tensor of float64"),
        ((x[::2], y, 1.0, 2), ValueError, "x must be contiguous"),
        ((x, y.cpu(), 1.0, 4), RuntimeError, "y must be on a CUDA device, got a tensor on cpu"),
        (([1.0], y, 1.0, 1), TypeError, "x must be a Tensor or None, got list"),
        ((x, leaf, 1.0, 4), RuntimeError, "y is written to and requires gradients"),
    ):
        with pytest.raises(error) as caught:
            SCALE(1, 32, args)
        assert str(caught.value).startswith("[scale] ") and problem in str(caught.value)
    for grid, block, problem in (
        (1, 2048, "a block has 1 to 1024 threads, not 2048"),
        (1, 0, "a block has 1 to 1024 threads, not 0"),
        ((1, 1, 1, 1), 32, "grid must be one to three numbers"),
        (-1, 32, "grid must be one to three numbers, got -1"),
        (1, (32.0,), "block must be one to three numbers"),
    ):
        with pytest.raises(ValueError, match="scale") as caught:
            SCALE(grid, block, (x, x, 1.0, 4))  # type: ignore[arg-type]
        assert problem in str(caught.value)


@on_cuda
def test_none_is_a_null_pointer(device: str) -> None:
    kernel = RawKernel(
        'extern "C" __global__ void tell(const float* x, float* y) { *y = x == 0 ? 7 : 8; }', "tell"
    )
    y = gpugrad.zeros(1, device=device)
    kernel(1, 32, (None, y))
    assert y.item() == 7.0


@on_cuda
def test_what_is_written_to_is_known_to_have_changed(device: str) -> None:
    x = gpugrad.ones(3, device=device, requires_grad=True)
    y = gpugrad.ones(3, device=device)
    product = x * y
    SCALE(1, 32, (x, y, 2.0, 3))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()
    with gpugrad.no_grad():
        SCALE(1, 32, (y, x, 2.0, 3))
    assert x.tolist() == [4.0, 4.0, 4.0]


def test_on_the_second_device(two_devices: host_cupy.Copies) -> None:
    x = gpugrad.ones(3, device="cuda:1")
    SCALE(1, 32, (x, x, 2.0, 3))
    assert x.tolist() == [2.0] * 3
    with pytest.raises(RuntimeError, match="y is on cuda:0, but tensors before it are on cuda:1"):
        SCALE(1, 32, (x, gpugrad.ones(3, device="cuda:0"), 2.0, 3))


def test_a_kernel_is_compiled_once(host: host_cupy.Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    original = host_cupy.module.RawModule

    def counting(code: str, options: tuple[str, ...]) -> Any:
        compiled.append(code)
        return original(code, options)

    monkeypatch.setattr(host_cupy.module, "RawModule", counting)
    x = gpugrad.ones(3, device="cuda")
    for _ in range(2):
        SCALE(1, 32, (x, x, 2.0, 3))
    assert len(compiled) == 1


def test_without_cuda() -> None:
    reason = gpugrad.cuda.unavailable_reason()
    if reason is None:
        pytest.skip("CUDA can be used here")
    with pytest.raises(RuntimeError, match="CUDA cannot be used: ") as caught:
        SCALE(1, 32, (gpugrad.ones(1), gpugrad.ones(1), 1.0, 1))
    assert reason in str(caught.value)


def test_printed() -> None:
    assert repr(SCALE) == "RawKernel(scale(const float* x, float* y, float factor, int n))"
