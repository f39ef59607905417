"""Convolution and pooling over NumPy, against the form that all backends share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu_columns, cpu_pools
from gpugrad.backend.cpu import CPU
from gpugrad.backend.primitives import Primitives
from gpugrad.backend.windows import Geometry
from tests.native_switch import switched

Array = Any
cpu = CPU()
draw = np.random.default_rng(0)


@pytest.fixture(autouse=True, params=["NumPy", "C"])
def code(request: pytest.FixtureRequest) -> Iterator[None]:
    """NumPy alone, or C where there is a compiler."""
    with switched(on=request.param == "C"):
        yield


def shared(name: str, *args: Any) -> Any:
    """What the primitive gives as ``Primitives`` has it."""
    return getattr(Primitives, name)(cpu, *args)


def geometry(
    ndim: int, kernel: int = 3, stride: int = 1, padding: Any = 0, dilation: int = 1
) -> Geometry:
    low, high = padding if isinstance(padding, tuple) else (padding, padding)
    return Geometry((kernel,) * ndim, (stride,) * ndim, ((low, high),) * ndim, (dilation,) * ndim)


GEOMETRIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "padded": {"padding": 1},
    "lopsided": {"padding": (0, 2)},
    "stride": {"stride": 2, "padding": 1},
    "apart": {"kernel": 2, "stride": 3},
    "dilated": {"dilation": 2, "padding": 2},
    "pointwise": {"kernel": 1},
    "pointwise-stride": {"kernel": 1, "stride": 2},
    "cut": {"padding": -1},
}
# Samples, channels, groups, channels of the result, size: few channels and many, one window in a
# sample and many, several parts.
SHAPES: dict[str, tuple[int, int, int, int, tuple[int, ...]]] = {
    "image": (3, 1, 1, 4, (9, 8)),
    "deep": (5, 16, 1, 8, (7, 7)),
    "narrow": (2, 12, 1, 3, (6, 5)),
    "groups": (3, 8, 2, 6, (7, 9)),
    "deep-groups": (3, 24, 2, 20, (6, 5)),
    "depthwise": (2, 6, 6, 12, (8, 8)),
    "line": (4, 3, 1, 5, (31,)),
    "deep-line": (4, 40, 1, 5, (13,)),
    "volume": (2, 3, 1, 4, (7, 6, 8)),
}


def numbers(*shape: int, dtype: str = "float32") -> Array:
    return draw.standard_normal(shape).astype(dtype)


def near(found: Array, expected: Array) -> None:
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("block", [200, 131072])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("which", GEOMETRIES)
def test_convolution(which: str, shape: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_columns, "BLOCK", block)
    samples, channels, groups, made, size = SHAPES[shape]
    g = geometry(len(size), **GEOMETRIES[which])
    x = numbers(samples, channels, *size)
    weight, bias = numbers(made, channels // groups, *g.kernel), numbers(made)
    y = cpu.conv(x, weight, bias, g, groups)
    near(y, shared("conv", x, weight, bias, g, groups))
    near(
        cpu.conv_transpose(y, weight, g, groups, size),
        shared("conv_transpose", y, weight, g, groups, size),
    )
    near(cpu.conv_weight(x, y, g, groups), shared("conv_weight", x, y, g, groups))
    near(cpu.channel_sum(y), shared("channel_sum", y))


def test_convolution_of_views_into_views() -> None:
    g = geometry(2, padding=1)
    for channels in (1, 16):
        x = numbers(7, 7, 4, channels).transpose(2, 3, 0, 1)
        weight = numbers(3, 3, channels, 6).transpose(3, 2, 0, 1)
        expected = shared("conv", x, weight, None, g, 1)
        out = np.zeros((7, 7, 4, 6), np.float32).transpose(2, 3, 0, 1)
        assert cpu.conv(x, weight, None, g, 1, out=out) is out
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
        back = np.zeros((4, channels, 7, 7), np.float32)
        assert cpu.conv_transpose(out, weight, g, 1, (7, 7), out=back) is back
        near(back, shared("conv_transpose", out, weight, g, 1, (7, 7)))
        for grad in (out, np.ascontiguousarray(out)):
            near(cpu.conv_weight(x, grad, g, 1), shared("conv_weight", x, grad, g, 1))


@pytest.mark.parametrize("dtype", ["float16", "int64", "complex64", "float64"])
def test_convolution_in_other_types(dtype: str) -> None:
    g = geometry(2, padding=1)
    x, weight = (3 * numbers(2, 20, 5, 5)).astype(dtype), (3 * numbers(4, 20, 3, 3)).astype(dtype)
    np.testing.assert_allclose(
        cpu.conv(x, weight, None, g, 1), shared("conv", x, weight, None, g, 1), rtol=1e-3, atol=0.1
    )


@pytest.mark.parametrize("block", [50, 65536])
@pytest.mark.parametrize("shape", [(2, 3, 9, 8), (4, 30, 7, 7), (3, 40), (2, 60, 5), (2, 5, 6, 7)])
@pytest.mark.parametrize("which", GEOMETRIES)
def test_pooling(
    which: str, shape: tuple[int, ...], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu_pools, "BLOCK", block)
    ndim = 1 if len(shape) < 4 else 2
    g = geometry(ndim, **GEOMETRIES[which])
    x = draw.integers(-3, 3, shape).astype("float32")  # with equal elements
    size = shape[-ndim:]
    near(cpu.window_max(x, g), shared("window_max", x, g))
    near(cpu.window_sum(x, g), shared("window_sum", x, g))
    best, index = cpu.window_argmax(x, g)
    largest, place = shared("window_argmax", x, g)
    near(best, largest)
    assert index.dtype == place.dtype
    assert index.tolist() == place.tolist()
    grad = numbers(*best.shape)
    near(cpu.window_spread(grad, g, size), shared("window_spread", grad, g, size))
    if which != "cut":
        flat = index.reshape(*index.shape[:-ndim], -1)
        near(cpu.window_max_grad(grad, flat, shape), shared("window_max_grad", grad, flat, shape))


@pytest.mark.parametrize("channels", [1, 30])
def test_nan_is_the_largest(channels: int) -> None:
    g = geometry(2, kernel=2, stride=2)
    x = numbers(1, channels, 6, 6)
    x[0, 0, 1, 1] = x[0, 0, 1, 0] = x[0, -1, 4, 5] = np.nan
    for found, expected in zip(cpu.window_argmax(x, g), shared("window_argmax", x, g), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(cpu.window_max(x, g), shared("window_max", x, g))


@pytest.mark.parametrize("channels", [1, 30])
def test_of_nothing_but_minus_infinity_the_first_in_the_input_counts(channels: int) -> None:
    x = np.full((1, channels, 3, 3), -np.inf, np.float32)
    g = geometry(2, padding=1)
    for index in (cpu.window_argmax(x, g)[1], shared("window_argmax", x, g)[1]):
        assert index.tolist() == [[[[0, 0, 1], [0, 0, 1], [3, 3, 4]]] * channels]
    wide = geometry(2, kernel=2, dilation=2, padding=1)
    for index in (cpu.window_argmax(x, wide)[1], shared("window_argmax", x, wide)[1]):
        assert index.tolist() == [[[[4, 3, 4], [1, 0, 1], [4, 3, 4]]] * channels]


def test_pooling_into_views() -> None:
    g = geometry(2, kernel=2, stride=2)
    for x in (numbers(3, 4, 6, 6), numbers(6, 6, 40, 2).transpose(3, 2, 0, 1)):
        shape = (*x.shape[:2], 3, 3)
        for order in itertools.permutations(range(4)):
            back = np.argsort(order)
            memory = np.zeros([shape[d] for d in order], np.float32).transpose(back)
            numbered = np.zeros([shape[d] for d in order], np.int64).transpose(back)
            found = cpu.window_argmax(x, g, out=(memory, numbered))
            assert found[0] is memory
            assert found[1] is numbered
            largest, place = shared("window_argmax", x, g)
            np.testing.assert_array_equal(memory, largest)
            np.testing.assert_array_equal(numbered, place)
