"""The CUDA backend's fused primitives: the stand-in for CuPy launches the emulated kernels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from gpugrad.backend.cuda import CUDA
from gpugrad.backend.launches.step_table import StepTable
from tests import host_cupy

Array = Any


@pytest.fixture
def xp() -> Iterator[CUDA]:
    with host_cupy.installed():
        yield CUDA(host_cupy.module, 1)


def on_device(x: Array) -> Array:
    return host_cupy.module.array(x)


def values(seed: int, shape: Any = (5, 7)) -> Array:
    return np.asarray(np.random.default_rng(seed).normal(size=shape), np.float32)


UNARY = {
    "sigmoid": (),
    "relu": (),
    "leaky_relu": (0.1,),
    "softplus": (2, 20),
    "silu": (),
    "gelu": ("none",),
    "softmax": (1,),
    "log_softmax": (-1,),
}


@pytest.mark.parametrize("name", UNARY)
def test_unary(xp: CUDA, name: str) -> None:
    x, numbers = values(1), UNARY[name]
    expected = getattr(cpu, name)(x, *numbers)
    for operand in (on_device(x), on_device(np.ascontiguousarray(x.T)).T):
        found = getattr(xp, name)(operand, *numbers)
        np.testing.assert_allclose(found.get(), expected, rtol=1e-5, atol=1e-6)
    out = on_device(np.zeros_like(x))
    assert getattr(xp, name)(on_device(x), *numbers, out=out) is out
    np.testing.assert_allclose(out.get(), expected, rtol=1e-5, atol=1e-6)
    assert len(host_cupy.launches) == 3


@pytest.mark.parametrize("name", ["sigmoid_grad", "relu_grad", "tanh_grad"])
def test_gradients(xp: CUDA, name: str) -> None:
    y, grad = np.abs(values(1)), values(2)
    found = getattr(xp, name)(on_device(y), on_device(grad))
    np.testing.assert_allclose(found.get(), getattr(cpu, name)(y, grad), rtol=1e-5)
    assert len(host_cupy.launches) == 1


def test_what_has_no_kernel_is_composed(xp: CUDA) -> None:
    assert xp.relu(on_device(np.array([-1, 2]))).get().tolist() == [0, 2]
    x = values(1)
    np.testing.assert_allclose(xp.softmax(on_device(x), 0).get(), cpu.softmax(x, 0), rtol=1e-5)
    assert host_cupy.launches == []


def test_an_output_that_overlaps_an_operand(xp: CUDA) -> None:
    memory = on_device(values(1, 9))
    expected = cpu.sigmoid(memory.get()[:8])
    xp.sigmoid(memory[:8], out=memory[1:])
    np.testing.assert_allclose(memory.get()[1:], expected, rtol=1e-5)


@pytest.mark.parametrize("n", [0, 5, 20_000])
def test_mse(xp: CUDA, n: int) -> None:
    x, y = values(1, n), values(2, n)
    for _ in range(2):  # the counter is as before
        found = xp.mse(on_device(x), on_device(y))
        assert found.shape == ()
        np.testing.assert_allclose(found.get(), cpu.mse(x, y) if n else np.nan, rtol=1e-5)
    for grad in (np.float32(0.5), values(3, n)):
        grad = np.asarray(grad)
        found = xp.mse_grad(on_device(x), on_device(y), on_device(grad), 2.0)
        np.testing.assert_allclose(found.get(), cpu.mse_grad(x, y, grad, 2.0), rtol=1e-5)


def test_cross_entropy(xp: CUDA) -> None:
    x, target, grad = values(1), np.array([0, 6, 3, 3, 1]), values(2, 5)
    losses, softmax = xp.cross_entropy(on_device(x), on_device(target))
    expected = cpu.cross_entropy(x, target)
    np.testing.assert_allclose(losses.get(), expected[0], rtol=1e-5)
    np.testing.assert_allclose(softmax.get(), expected[1], rtol=1e-5)
    for g in (grad, np.broadcast_to(grad[:1], 5)):
        given = on_device(g[:1]) if g.strides == (0,) else on_device(g)
        given = xp.broadcast_to(given, (5,))
        found = xp.cross_entropy_grad(softmax, on_device(target), given)
        composed = cpu.cross_entropy_grad(expected[1], target, g)
        np.testing.assert_allclose(found.get(), composed, rtol=1e-5, atol=1e-6)
    assert host_cupy.launches[1:] == ["cross_entropy_backward_softmax_float32"] * 2


STEPS: dict[str, tuple[int, dict[str, Any]]] = {
    "sgd_step": (
        1,
        {
            "momentum": 0.9,
            "dampening": 0.1,
            "weight_decay": 0.1,
            "nesterov": False,
            "maximize": False,
        },
    ),
    "adam_step": (
        3,
        {
            "beta1": 0.9,
            "beta2": 0.99,
            "eps": 1e-8,
            "weight_decay": 0.1,
            "decoupled": True,
            "amsgrad": True,
            "maximize": False,
        },
    ),
    "rmsprop_step": (
        3,
        {
            "alpha": 0.9,
            "eps": 1e-4,
            "weight_decay": 0.1,
            "momentum": 0.5,
            "centered": False,
            "maximize": True,
        },
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps(xp: CUDA, name: str) -> None:
    states, settings = STEPS[name]
    shapes = [(3, 4), (5000,), ()]
    lists = [[values(k, s) for s in shapes] for k in range(2)]
    lists += [[np.asarray(values(k, s) ** 2) for s in shapes] for k in range(2, 2 + states)]
    if name == "rmsprop_step":
        lists[3] = []
    lr = np.array(0.1, np.float64 if name == "adam_step" else np.float32)
    counts = [] if name == "sgd_step" else [np.array(3, np.float32)]
    device = [[on_device(a) for a in arrays] for arrays in lists]
    device_rest = [on_device(a) for a in (lr, *counts)]
    scratch = xp.step_scratch(device[0])
    assert isinstance(scratch, StepTable)
    host_scratch = cpu.step_scratch(lists[0])
    for turn in range(2):
        if turn:
            host_cupy.copies.reset()
        getattr(xp, name)(*device, *device_rest, scratch, **settings)
        getattr(cpu, name)(*lists, lr, *counts, host_scratch, **settings)
        assert turn == 0 or host_cupy.copies.to_device == 0
    for found, expected in zip(device, lists, strict=True):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a.get(), b, rtol=1e-4, atol=1e-5)
    assert all(a.get() == b for a, b in zip(device_rest, (lr, *counts), strict=True))
    assert host_cupy.launches == [f"{name}_float32"] * 2
