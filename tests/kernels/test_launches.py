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
    "tanh": (),
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


GRADIENTS: dict[str, tuple[Any, ...]] = {
    "sigmoid_grad": (),
    "relu_grad": (),
    "tanh_grad": (),
    "leaky_relu_grad": (0.1,),
    "softplus_grad": (2, 1),
    "silu_grad": (),
    "gelu_grad": ("none",),
    "gelu_grad by tanh": ("tanh",),
}


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_gradients(xp: CUDA, name: str, dtype: Any) -> None:
    kept, grad = np.abs(values(1)).astype(dtype), values(2).astype(dtype)
    numbers, name = GRADIENTS[name], name.split()[0]
    if name not in ("sigmoid_grad", "relu_grad", "tanh_grad"):
        kept = -kept + dtype(0.5)
    # In float64, where the CPU's functions have no path of their own for the type.
    expected = getattr(cpu, name)(kept.astype(np.float64), grad.astype(np.float64), *numbers)
    tolerance = 1e-5 if dtype is np.float32 else 2e-3
    near: Any = {"rtol": tolerance, "atol": tolerance}
    found = getattr(xp, name)(on_device(kept), on_device(grad), *numbers)
    np.testing.assert_allclose(found.get(), expected, **near)
    assert found.dtype == dtype
    for at in (0, 1):  # over an operand
        operands = [on_device(kept), on_device(grad)]
        out = operands[at]
        assert getattr(xp, name)(*operands, *numbers, out=out) is out
        np.testing.assert_allclose(out.get(), expected, **near)
    assert len(host_cupy.launches) == 3


def test_the_order_of_memory_is_kept(xp: CUDA) -> None:
    x, grad = values(1), values(2)
    turned, turned_grad = (on_device(np.ascontiguousarray(a.T)).T for a in (x, grad))
    found = xp.gelu_grad(turned, turned_grad, "none")
    np.testing.assert_allclose(found.get(), cpu.gelu_grad(x, grad, "none"), rtol=1e-5, atol=1e-6)
    assert found.flags.f_contiguous and not found.flags.c_contiguous
    # One in each order: the result is in that of rows.
    mixed = xp.gelu_grad(turned, on_device(grad), "none")
    np.testing.assert_allclose(mixed.get(), found.get(), rtol=1e-6)
    assert mixed.flags.c_contiguous
    for out in (on_device(np.zeros_like(x)), turned):
        assert xp.gelu_grad(turned, turned_grad, "none", out=out) is out
        np.testing.assert_allclose(out.get(), mixed.get(), rtol=1e-6)


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
    for reduction in ("mean", "sum", "none"):
        for _ in range(2):  # the counter is as before
            found = xp.mse(on_device(x), on_device(y), reduction)
            expected = cpu.mse(x, y, reduction) if n or reduction != "mean" else np.nan
            assert found.shape == np.shape(expected)
            np.testing.assert_allclose(found.get(), expected, rtol=1e-5)
    assert [name.split("_")[1] for name in host_cupy.launches] == (
        ["reduce"] * 4 + ["none"] * (2 if n else 0)
    )
    for grad in (np.float32(0.5), values(3, n)):
        grad = np.asarray(grad)
        found = xp.mse_grad(on_device(x), on_device(y), on_device(grad), 2.0)
        np.testing.assert_allclose(found.get(), cpu.mse_grad(x, y, grad, 2.0), rtol=1e-5)


@pytest.mark.parametrize("ignore_index", [None, 3])
def test_cross_entropy(xp: CUDA, ignore_index: int | None) -> None:
    x, target, grad = values(1), np.array([0, 6, 3, 3, 1]), values(2, 5)
    losses, softmax = xp.cross_entropy(on_device(x), on_device(target), ignore_index)
    expected = cpu.cross_entropy(x, target, ignore_index)
    np.testing.assert_allclose(losses.get(), expected[0], rtol=1e-5)
    np.testing.assert_allclose(softmax.get(), expected[1], rtol=1e-5)
    one = on_device(grad[:1])
    for g, device, count in (
        (grad, on_device(grad), None),
        (grad[:1], xp.broadcast_to(one, (5,)), None),
        (grad[0], one.reshape(()), np.array(3, np.float32)),
    ):
        given = None if count is None else on_device(count)
        rest = np.broadcast_to(g, 5) if np.ndim(g) else g, count, ignore_index
        composed = cpu.cross_entropy_grad(expected[1], target, *rest)
        args = (softmax, on_device(target), device, given, ignore_index)
        found = xp.cross_entropy_grad(*args)
        np.testing.assert_allclose(found.get(), composed, rtol=1e-5, atol=1e-6)
        over = softmax.copy()
        assert xp.cross_entropy_grad(over, *args[1:], out=over) is over
        np.testing.assert_allclose(over.get(), composed, rtol=1e-5, atol=1e-6)
    assert host_cupy.launches[1:] == ["cross_entropy_backward_softmax_float32"] * 6


def test_cross_entropy_gradient_over_the_gradient_of_the_loss(xp: CUDA) -> None:
    memory = on_device(np.full((20, 1), 3, np.float32))
    grad = xp.broadcast_to(memory[0], (20,))  # read for every row, written for the first
    softmax = on_device(np.full((20, 1), 0.5, np.float32))
    target = on_device(np.zeros(20, np.int64))
    xp.cross_entropy_grad(softmax, target, grad, None, None, out=memory)
    np.testing.assert_allclose(memory.get(), np.full((20, 1), -1.5), rtol=1e-6)


@pytest.mark.parametrize("rows", [0, 5, 20_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_cross_entropy_mean(xp: CUDA, rows: int, dtype: Any) -> None:
    losses = np.abs(values(1, rows)).astype(dtype)
    target = np.random.default_rng(rows).integers(0, 3, rows)
    losses[target == 1] = 0
    mean, count = xp.cross_entropy_mean(on_device(losses), on_device(target), 1)
    with np.errstate(invalid="ignore"):
        expected = losses.astype(np.float64).sum() / np.float64((target != 1).sum())
    assert mean.shape == count.shape == () and mean.dtype == dtype and count.dtype == np.float32
    np.testing.assert_allclose(mean.get(), expected, rtol=1e-5 if dtype is np.float32 else 1e-3)
    assert count.get() == (target != 1).sum()


@pytest.mark.parametrize("shape", [(5, 7), (300, 70), (3, 1025), (4, 1)])
@pytest.mark.parametrize("has", [(True, True), (True, False), (False, False)])
def test_layer_norm(xp: CUDA, shape: tuple[int, int], has: tuple[bool, bool]) -> None:
    x, grad = values(1, shape), values(2, shape)
    affine: Any = [values(k, shape[1]) if given else None for k, given in enumerate(has)]
    on: Any = [None if a is None else on_device(a) for a in affine]
    found = xp.layer_norm(on_device(x), on[0], on[1], 1e-3)
    expected = cpu.layer_norm(x, affine[0], affine[1], 1e-3)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.get(), b, rtol=1e-4, atol=1e-5)
    for wanted in ((True, *has), (False, False, True)):
        arrays = (grad, x, affine[0], *expected[1:])
        gradients: tuple[Any, ...] = cpu.layer_norm_grad(*arrays, wanted)
        device: tuple[Any, ...] = (*(a if a is None else on_device(a) for a in arrays), wanted)
        for _ in range(2):  # the counters are as before
            for a, b in zip(xp.layer_norm_grad(*device), gradients, strict=True):
                assert (a is None) == (b is None)
                if a is not None:
                    np.testing.assert_allclose(a.get(), b, rtol=1e-3, atol=1e-4)
    assert set(host_cupy.launches) == {
        "layer_norm_forward_float32",
        "layer_norm_backward_float32",
        "layer_norm_backward_affine_float32",
    }


def test_layer_norm_over_its_operands(xp: CUDA) -> None:
    x, weight = values(1, (20, 7)), values(2, (20, 7))
    expected = cpu.layer_norm(x, weight[0], None, 1e-3)[0]
    rest = [on_device(np.zeros((20, 1), np.float32)) for _ in range(2)]
    for over_weight in (False, True):
        device, table = on_device(x), on_device(weight)
        y = table if over_weight else device
        found = xp.layer_norm(device, table[0], None, 1e-3, out=(y, *rest))
        assert found[0] is y
        np.testing.assert_allclose(y.get(), expected, rtol=1e-4, atol=1e-5)


def test_more_counters_than_usual(xp: CUDA) -> None:
    few = xp.counter()
    many = xp.counter(few.size + 1)
    assert many.size > few.size and xp.counter() is many and not many.get().any()


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
