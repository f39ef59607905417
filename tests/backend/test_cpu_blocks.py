"""Large arrays over NumPy alone, in blocks, against exact values and the same calls at once."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu, cpu_blocks, cpu_rows
from gpugrad.backend.add_at import add_at
from gpugrad.backend.composed import ComposedForms
from gpugrad.backend.primitives import Primitives
from tests.native_switch import switched


@pytest.fixture(autouse=True)
def numpy_alone() -> Iterator[None]:
    with switched(on=False):
        yield


SIZES = [cpu_blocks.LARGE + 1, cpu_blocks.BLOCK, 2 * cpu_blocks.BLOCK + 5]
TYPES = ["float32", "float64"]
ROWS = (cpu_rows.BLOCK // 100 + 7, 100)
"""More than a block of rows, and the last block shorter than the others."""


class Plain(Primitives):
    """Every primitive in its composed form."""


PLAIN = Plain(np)


def draw(*shape: int, dtype: str = "float32", seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["relu", "sigmoid", "relu_grad", "sigmoid_grad", "tanh_grad"])
def test_blocks_give_the_composed_forms_bits(name: str, dtype: str, size: int) -> None:
    x, grad = draw(size, dtype=dtype), draw(size, dtype=dtype, seed=1)
    x[:6] = [0, -0.0, math.inf, -math.inf, math.nan, np.finfo(dtype).smallest_subnormal]
    x[-1] = grad[0] = math.inf
    operands = [x]
    if name.endswith("_grad"):
        operands = [getattr(PLAIN, name.removesuffix("_grad"))(x), grad]
    with np.errstate(all="ignore"):
        expected = getattr(PLAIN, name)(*operands)
        found = getattr(cpu, name)(*operands)
        out = np.empty((size, 2), dtype)[:, 0]  # not contiguous
        assert getattr(cpu, name)(*operands, out=out) is out
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("kind", ["minus nan", "minus zero"])
def test_relu_grad_does_not_look_at_signs(kind: str) -> None:
    y = np.full(cpu_blocks.BLOCK, math.nan if kind == "minus nan" else 0.0, np.float32)
    y = np.negative(y)
    grad = draw(y.size)
    np.testing.assert_array_equal(cpu.relu_grad(y, grad), grad if kind == "minus nan" else 0 * grad)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_sums_of_float32_are_rounded_about_once(size: int, offset: float) -> None:
    x = draw(size) + np.float32(offset)
    exact = math.fsum(x.tolist())
    scale = 3e-8 * (abs(exact) + math.sqrt(size))
    assert abs(float(cpu.sum(x)) - exact) <= 4 * scale
    assert abs(float(cpu.mean(x)) - exact / size) <= 4 * scale / size
    y = draw(size, seed=1)
    squares = math.fsum(((x - y).astype("f8") ** 2).tolist())
    assert float(cpu.mse(x, y, "sum")) == pytest.approx(squares, rel=3e-7)
    assert float(cpu.mse(x, y, "mean")) == pytest.approx(squares / size, rel=3e-7)
    assert cpu.sum(x).dtype == cpu.mean(x).dtype == cpu.mse(x, y, "sum").dtype == np.float32


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [1, -1, (1,)])
def test_sums_of_rows(axis: Any, keepdims: bool) -> None:
    x = draw(300, 200)
    for name in ("sum", "mean"):
        expected = getattr(x.astype("f8"), name)(1, keepdims=keepdims)
        found = getattr(cpu, name)(x, axis, keepdims)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)
    assert cpu.mean(x[:, :0], 1).shape == (300,)


def test_mse_grad() -> None:
    x, y = draw(70, 1000), draw(70, 1000, seed=1)
    found = cpu.mse_grad(x, y, np.float32(3), 0.5)
    np.testing.assert_array_equal(found, (x - y) * np.float32(1.5))


@pytest.mark.parametrize("shape", [(300, 500), (3, 130, 77), (2, 2, 65, 130)])
@pytest.mark.parametrize("dtype", [*TYPES, "int32", "complex128"])
def test_transposed_copies(shape: tuple[int, ...], dtype: str) -> None:
    x = np.swapaxes((100 * draw(*shape, dtype="float64")).astype(dtype), -1, -2)
    found = cpu.copy(x)
    assert found.flags.c_contiguous and found.base is None
    np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [ROWS, (3, *ROWS), (4, 5), (7,)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_rows_agree_with_composed_forms(name: str, shape: tuple[int, ...], dtype: str) -> None:
    x, grad = draw(*shape, dtype=dtype), draw(*shape, dtype=dtype, seed=1)
    close: Any = (
        {"rtol": 1e-5, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-12, "atol": 1e-13}
    )
    expected = getattr(PLAIN, name)(x, -1)
    out = np.empty_like(x)
    assert getattr(cpu, name)(x, x.ndim - 1, out) is out
    np.testing.assert_allclose(out, expected, **close)
    np.testing.assert_allclose(getattr(cpu, name)(x, -1), expected, **close)
    slope = getattr(PLAIN, f"{name}_grad")(expected, grad, -1)
    np.testing.assert_allclose(getattr(cpu, f"{name}_grad")(expected, grad, -1), slope, **close)


def test_layer_norm_and_cross_entropy_over_several_blocks() -> None:
    x, grad, row = draw(*ROWS), draw(*ROWS, seed=1), draw(ROWS[1], seed=2)
    expected = ComposedForms.layer_norm(PLAIN, x, row, row, 1e-5)
    for ours, theirs in zip(cpu.layer_norm(x, row, row, 1e-5), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    _, mean, rstd = expected
    wanted = (True, True, True)
    given = (grad, x, row, mean, rstd, wanted)
    slopes: tuple[Any, ...] = ComposedForms.layer_norm_grad(PLAIN, *given)
    found: tuple[Any, ...] = cpu.layer_norm_grad(*given)
    for ours, theirs in zip(found, slopes, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    target = np.arange(len(x)) % ROWS[1]
    losses = ComposedForms.cross_entropy(PLAIN, x, target, None)
    for ours, theirs in zip(cpu.cross_entropy(x, target, None), losses, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("width", [40, 600])
@pytest.mark.parametrize("places", [3, 50, 5000])
def test_rows_are_added_in_their_order(places: int, width: int) -> None:
    rng = np.random.default_rng(places)
    index = rng.integers(-places, places, 700)
    rows, start = draw(700, width), draw(places, width, seed=1)
    expected = start.copy()
    np.add.at(expected, index, rows)
    again = start.copy()
    np.testing.assert_array_equal(add_at(start, index, rows), expected)
    np.testing.assert_array_equal(add_at(again, (index, ...), rows), expected)


# --- gradients that are what they started from ----------------------------------------------------


def test_gradients_share_memory_with_their_start() -> None:
    x = gpugrad.zeros(3, 4, requires_grad=True)
    start = gpugrad.ones(3, 4)
    (same,) = gpugrad.autograd.grad(x + 1.0, x, start)
    assert same.data_ptr() == start.data_ptr()
    (turned,) = gpugrad.autograd.grad(x.T, x, start.T)
    assert turned.data_ptr() == start.data_ptr()
    y = gpugrad.ones(3, 4, requires_grad=True)
    product = y * start
    turned.add_(1.0)  # changes start, which the product keeps
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()


def test_accumulated_gradients_share_nothing() -> None:
    x = gpugrad.zeros(3, requires_grad=True)
    y = gpugrad.zeros(3, requires_grad=True)
    start = gpugrad.ones(3)
    (x + y).backward(start)
    pointers = {t.data_ptr() for t in (x.grad, y.grad, start)}
    assert len(pointers) == 3


# --- memory ---------------------------------------------------------------------------------------

COUNT_FAULTS = """
import resource
import numpy as np
import gpugrad

def step():
    arrays = [np.ones(1_000_000, np.float32) for _ in range(6)]

step(), step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts page faults of Linux")
def test_freed_memory_is_kept() -> None:
    def faults(**settings: str) -> int:
        allowed = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC", "GLIBC"))}
        found = subprocess.run(
            [sys.executable, "-c", COUNT_FAULTS],
            env={**allowed, **settings},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(found.stdout)

    from gpugrad.backend.host_memory import keep_freed_memory

    if not keep_freed_memory():
        pytest.skip("not glibc, or its thresholds are set by the environment")
    assert faults(GPUGRAD_KEEP_MEMORY="0") > 1000
    assert faults() < 100
