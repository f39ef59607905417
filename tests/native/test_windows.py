"""Convolutions and pooling in C: that they are used, however the result is divided into parts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.backend.primitives import Primitives
from gpugrad.backend.windows import Geometry
from gpugrad.native import pooling, windows
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any

KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])


@pytest.fixture(autouse=True)
def in_c(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(THREADS, "number", 1)
    with switched(on=True):
        yield


def square(kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Geometry:
    low_high = (padding, padding)
    return Geometry((kernel,) * 2, (stride,) * 2, (low_high,) * 2, (dilation,) * 2)


def draw(*shape: int, kind: str = "float32") -> Array:
    return np.random.default_rng(math.prod(shape)).standard_normal(shape).astype(kind)


def close(found: Array, wanted: Array, terms: int) -> None:
    """Up to what so many terms of the wanted numbers' size may lose."""
    eps = float(np.finfo(found.dtype).eps)
    scale = 8 * eps * math.sqrt(terms)
    np.testing.assert_allclose(found, wanted, rtol=scale, atol=scale * np.abs(wanted).max())


# Samples, channels, groups, channels of the result, size, geometry. Tiles of all widths, results of
# 1 to 17 vectors, several pieces of a sample, more samples than are done at once, and each channel
# by itself, with lines shorter and longer than a vector.
CONVOLUTIONS: dict[str, tuple[int, int, int, int, tuple[int, int], Geometry]] = {
    "widths": (2, 3, 1, 31, (9, 11), square(3, padding=1)),
    "one-vector": (2, 4, 1, 35, (4, 4), square(3, padding=1)),
    "strides": (3, 5, 1, 7, (13, 18), square(3, 2, 1)),
    "far-strides": (2, 3, 1, 6, (19, 17), square(4, 3, 2)),
    "holes": (2, 3, 1, 9, (12, 12), square(3, 2, 2, 2)),
    "pieces": (1, 64, 1, 8, (70, 64), square(3, padding=1)),
    "work": (1, 32, 1, 40, (48, 48), square(3, padding=1)),
    "batches": (37, 6, 1, 10, (8, 8), square(3, padding=1)),
    "groups": (3, 12, 3, 15, (9, 8), square(3, padding=1)),
    "multiplied": (3, 4, 4, 12, (9, 8), square(3, padding=1)),
    "each": (3, 5, 5, 5, (9, 7), square(3, padding=1)),
    "each-line": (2, 3, 3, 3, (7, 40), square(5, padding=2)),
    "each-stride": (2, 3, 3, 3, (15, 37), square(3, 2, 1)),
    "each-far-stride": (2, 3, 3, 3, (15, 37), square(4, 3, 1)),
    "each-wide": (2, 3, 3, 3, (16, 16), square(7, padding=3)),
}


def operands(which: str, kind: str) -> tuple[Array, Array, Array, Array]:
    samples, channels, groups, made, size, g = CONVOLUTIONS[which]
    x = draw(samples, channels, *size, kind=kind)
    weight, bias = draw(made, channels // groups, *g.kernel, kind=kind), draw(made, kind=kind)
    return x, weight, bias, draw(samples, made, *g.windows(size), kind=kind)


def computed(which: str, kind: str) -> tuple[Array, Array, Array]:
    """A convolution and its two gradients."""
    x, weight, bias, grad = operands(which, kind)
    *_, groups, _, _, g = CONVOLUTIONS[which]
    y, in_x, in_weight = np.empty_like(grad), np.empty_like(x), np.empty_like(weight)
    assert windows.convolution(x, weight, bias, g, groups, y)
    assert windows.transpose(grad, weight, g, groups, in_x)
    assert windows.weight_gradient(x, grad, g, groups, in_weight)
    return y, in_x, in_weight


@KINDS
@pytest.mark.parametrize("which", CONVOLUTIONS)
def test_convolution(which: str, kind: str) -> None:
    x, weight, bias, grad = (a.astype(np.float64) for a in operands(which, kind))
    *_, groups, _, size, g = CONVOLUTIONS[which]
    y, in_x, in_weight = computed(which, kind)
    close(y, Primitives.conv(cpu, x, weight, bias, g, groups), weight[0].size)
    wanted = Primitives.conv_transpose(cpu, grad, weight, g, groups, size)
    close(in_x, wanted, len(weight) * math.prod(g.kernel))
    close(in_weight, Primitives.conv_weight(cpu, x, grad, g, groups), grad[:, 0].size)


@pytest.mark.parametrize("which", CONVOLUTIONS)
def test_convolution_with_several_threads(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = computed(which, "float32")
    monkeypatch.setattr(THREADS, "number", 3)
    for found, wanted in zip(computed(which, "float32"), alone, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("groups", [1, 2])
def test_infinity_stays_where_it_is(groups: int) -> None:
    """Vectors reach beyond lines, where nothing may be taken from."""
    x, weight = draw(2, 2, 9, 9), draw(2, 2 // groups, 3, 3)
    x[0, 0, 0, 8] = math.inf
    x[1, 1, 8, 8] = math.nan
    g = square(3)
    grad = draw(2, 2, 7, 7)
    found = np.empty_like(weight)
    assert windows.weight_gradient(x, grad, g, groups, found)
    with np.errstate(all="ignore"):
        wanted = Primitives.conv_weight(cpu, x, grad, g, groups)
    for test in (np.isnan, np.isposinf, np.isneginf):
        np.testing.assert_array_equal(test(found), test(wanted))
    y, expected = np.empty_like(grad), Primitives.conv(cpu, x, weight, None, g, groups)
    assert windows.convolution(x, weight, None, g, groups, y)
    np.testing.assert_array_equal(np.isfinite(y), np.isfinite(expected))


def test_where_convolutions_go() -> None:
    x, weight, g = draw(4, 3, 8, 8), draw(5, 3, 3, 3), square(3, padding=1)
    wanted = cpu.conv(x, weight, None, g, 1)
    for out in (np.empty_like(wanted), np.empty((8, 8, 4, 5), np.float32).transpose(2, 3, 0, 1)):
        assert cpu.conv(x, weight, None, g, 1, out=out) is out
        np.testing.assert_array_equal(out, wanted)
    turned = x.transpose(0, 1, 3, 2)
    np.testing.assert_array_equal(
        cpu.conv(turned, weight, None, g, 1),
        cpu.conv(np.ascontiguousarray(turned), weight, None, g, 1),
    )


@pytest.mark.parametrize("groups", [1, 4])
def test_derivatives_of_a_convolution(groups: int) -> None:
    gpugrad.manual_seed(0)
    x = gpugrad.rand(2, 4, 5, 5, dtype=gpugrad.float64, requires_grad=True)
    weight = gpugrad.rand(4, 4 // groups, 3, 3, dtype=gpugrad.float64, requires_grad=True)

    def convolve(x: Any, weight: Any) -> Any:
        return gpugrad.nn.functional.conv2d(x, weight, None, 1, 1, 1, groups)

    assert gpugrad.autograd.gradcheck(convolve, (x, weight))
    assert gpugrad.autograd.gradgradcheck(convolve, (x, weight))


# --- pooling --------------------------------------------------------------------------------------

POOLS = {
    "halved": square(2, 2),
    "overlapping": square(3, 2, 1),
    "sliding": square(3, 1, 1),
    "far": square(2, 3),
    "holes": square(2, 1, 1, 2),
}


@KINDS
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("which", POOLS)
def test_pooling(which: str, threads: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(THREADS, "number", threads)
    g = POOLS[which]
    shape = (5, 70, 13, 35)
    x = np.random.default_rng(1).integers(-4, 4, shape).astype(kind)
    best, place = Primitives.window_argmax(cpu, x, g)
    found, index = np.empty_like(best), np.empty_like(place)
    assert pooling.largest(x, g, found, index)
    np.testing.assert_array_equal(found, best)
    np.testing.assert_array_equal(index, place)
    alone = np.empty_like(best)
    assert pooling.largest(x, g, alone, None)
    np.testing.assert_array_equal(alone, best)
    assert pooling.total(x, g, found)
    np.testing.assert_array_equal(found, Primitives.window_sum(cpu, x, g))
    grad, back = draw(*best.shape, kind=kind), np.empty_like(x)
    assert pooling.spread(grad, g, shape[2:], back)
    close(back, Primitives.window_spread(cpu, grad, g, shape[2:]), 9)
    flat = place.reshape(*shape[:2], -1)
    assert pooling.given_back(grad, flat, math.prod(shape[2:]), back)
    close(back, Primitives.window_max_grad(cpu, grad, flat, shape), 9)


def test_pooling_of_lines_and_volumes() -> None:
    for ndim, size in ((1, (31,)), (3, (5, 6, 7))):
        g = Geometry((2,) * ndim, (2,) * ndim, ((1, 0),) * ndim, (1,) * ndim)
        x = draw(3, 4, *size)
        best, place = Primitives.window_argmax(cpu, x, g)
        found, index = np.empty_like(best), np.empty_like(place)
        assert pooling.largest(x, g, found, index)
        np.testing.assert_array_equal(found, best)
        np.testing.assert_array_equal(index, place)
