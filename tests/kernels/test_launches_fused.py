"""The CUDA backend's pairs of functions: the stand-in for CuPy launches the emulated kernels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from gpugrad.backend.cuda import CUDA
from gpugrad.backend.pairs import ACTIVATIONS
from tests import host_cupy

Array = Any

SHAPES = ((5, 7), (3, 4, 8), (9,), (200, 12), (0, 3), (3, 0))


@pytest.fixture
def xp() -> Iterator[CUDA]:
    with host_cupy.installed():
        yield CUDA(host_cupy.module, 1)


def on_device(x: Array) -> Array:
    return host_cupy.module.array(x)


def strided(x: Array) -> Array:
    """The same numbers on the device, with a gap after each."""
    wide = np.zeros((*x.shape, 2), x.dtype)
    wide[..., 0] = x
    return on_device(wide)[..., 0]


def values(seed: int, shape: Any, dtype: str = "float32") -> Array:
    return np.asarray(np.random.default_rng(seed).normal(size=shape), dtype)


def near(found: Array, expected: Array) -> None:
    assert found.dtype == expected.dtype and found.shape == expected.shape
    tolerance = 2e-3 if expected.dtype == np.float16 else 1e-5
    np.testing.assert_allclose(found.get(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_bias_activation(xp: CUDA, activation: str, shape: tuple[int, ...]) -> None:
    x, b, dy = values(1, shape), values(2, shape[-1:]), values(3, shape)
    y = cpu.bias_activation(x, b, activation)
    kept = x if "gelu" in activation else y
    dx, db = cpu.bias_activation_grad(kept, b, dy, activation, (True, True))
    for put in (on_device, strided):
        near(xp.bias_activation(put(x), on_device(b), activation), y)
        grads = (put(kept), on_device(b), put(dy), activation)
        found = xp.bias_activation_grad(*grads, (True, True))
        near(found[0], dx)
        near(found[1], db)
        only_x = xp.bias_activation_grad(*grads, (True, False))
        near(only_x[0], dx)
        only_bias = xp.bias_activation_grad(*grads, (False, True))
        near(only_bias[1], db)
        assert only_x[1] is None and only_bias[0] is None
    if dx.size:
        backward = "column_sum" if activation == "none" else f"bias_{activation}_backward"
        forward = "bias_forward" if activation == "none" else f"bias_{activation}_forward"
        sums = [f"{backward}_float32"] * (2 if activation == "none" else 3)
        assert host_cupy.launches == [f"{forward}_float32", *sums] * 2


def test_results_go_where_they_are_wanted(xp: CUDA) -> None:
    x, b, dy = values(1, (40, 6)), values(2, 6), values(3, (40, 6))
    y = cpu.bias_activation(x, b, "tanh")
    dx, db = cpu.bias_activation_grad(y, None, dy, "tanh", (True, True))
    matrix = on_device(x)
    assert xp.bias_activation(matrix, on_device(b), "tanh", out=matrix) is matrix
    near(matrix, y)
    out = on_device(np.zeros_like(dy)), on_device(np.zeros_like(b))
    found = xp.bias_activation_grad(matrix, None, on_device(dy), "tanh", (True, True), out=out)
    assert found[0] is out[0] and found[1] is out[1]
    near(out[0], dx)
    near(out[1], db)
    total = on_device(np.zeros_like(b))
    assert xp.column_sum(on_device(dy), out=total) is total
    near(total, dy.sum(0))
    memory = on_device(values(1, 49))
    start = memory.get()[:48].reshape(8, 6)
    moved = memory[1:].reshape(8, 6)  # overlaps the operand without being it
    xp.bias_activation(memory[:48].reshape(8, 6), on_device(b), "relu", out=moved)
    near(moved, cpu.bias_activation(start, b, "relu"))


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_types(xp: CUDA, dtype: str) -> None:
    x, b = values(1, (30, 16), dtype), values(2, 16, dtype)
    near(xp.bias_activation(on_device(x), on_device(b), "sigmoid"), cpu.sigmoid(x + b))
    near(xp.column_sum(on_device(x)), x.astype("float64").sum(0).astype(dtype))
    near(xp.sigmoid_mse(on_device(x), on_device(x), "mean")[0], cpu.mse(cpu.sigmoid(x), x, "mean"))
    assert len(host_cupy.launches) == 3


def test_what_has_no_kernel_is_composed(xp: CUDA) -> None:
    whole = np.arange(6).reshape(2, 3)
    assert xp.column_sum(on_device(whole)).get().tolist() == [3, 5, 7]
    x, b = values(1, (4, 3)), values(2, 3, "float64")
    near(xp.bias_activation(on_device(x), on_device(b), "none"), x + b)
    near(xp.bias_activation(on_device(x), on_device(x[:1]), "none"), x + x[:1])
    assert host_cupy.launches == []


def test_linear_adds_its_bias_by_the_kernel(xp: CUDA) -> None:
    for shape in ((3,), (5, 3), (2, 4, 3)):
        x, weight, b = values(1, shape), values(2, (6, 3)), values(3, 6)
        found = xp.linear(on_device(x), on_device(weight), on_device(b))
        near(found, x @ weight.T + b)
    assert host_cupy.launches == ["bias_forward_float32"] * 3


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("n", [0, 5, 20_000])
def test_sigmoid_mse(xp: CUDA, reduction: str, n: int) -> None:
    x, y = values(1, n), values(2, n)
    expected, p = cpu.sigmoid_mse(x, y, reduction, True)
    expected = np.asarray(expected, np.float32)
    for keep, put in ((True, on_device), (False, strided)):
        for _ in range(2):  # the counter is as before
            found, kept = xp.sigmoid_mse(put(x), put(y), reduction, keep)
            near(found, expected)
            assert (kept is None) is not keep
            if keep:
                near(kept, p)
    out = on_device(np.zeros_like(expected)), on_device(np.zeros_like(p))
    found = xp.sigmoid_mse(on_device(x), on_device(y), reduction, True, out=out)
    assert found[0] is out[0] and found[1] is out[1]
    near(out[0], expected)
    near(out[1], p)


@pytest.mark.parametrize("of_output", [True, False])
@pytest.mark.parametrize("each", [True, False])
def test_sigmoid_mse_gradient(xp: CUDA, of_output: bool, each: bool) -> None:
    x, y = values(1, (8, 5)), values(2, (8, 5))
    grad = values(3, (8, 5)) if each else values(3, ())
    x = cpu.sigmoid(x) if of_output else x
    expected = cpu.sigmoid_mse_grad(x, y, grad, 0.5, (True, True), of_output)
    given = on_device(x), on_device(y), on_device(grad)
    for wanted in ((True, True), (True, False), (False, True)):
        found = xp.sigmoid_mse_grad(*given, 0.5, wanted, of_output)
        for want, a, b in zip(wanted, found, expected, strict=True):
            assert (a is None) is not want
            if want:
                near(a, b)
    out = on_device(np.zeros_like(x)), on_device(np.zeros_like(x))
    found = xp.sigmoid_mse_grad(*given, 0.5, (False, True), of_output, out=out)
    assert found[0] is None and found[1] is out[1]
    assert xp.sigmoid_mse_grad(*given, 0.5, (True, True), of_output, out=out)[1] is out[1]
    near(out[1], expected[1])
    assert len(host_cupy.launches) == 5
