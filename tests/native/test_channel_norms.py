"""Batch norm and group norm in C, against the composed form in float64."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.backend.primitives import Primitives
from gpugrad.native import channel_norms, noted_norms
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any
F = gpugrad.nn.functional

# Columns in several parts, planes shorter and longer than the vectors of a sum, volumes.
SHAPES = ((50, 12), (9, 131), (4, 8, 3), (6, 8, 9, 15), (3, 8, 20, 20), (2, 4, 5, 6, 7))
EVERY = (True, True, True)
KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])
HAS = pytest.mark.parametrize("has", [(True, True), (True, False), (False, False)])


@pytest.fixture(autouse=True)
def in_c(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(THREADS, "number", 1)
    with switched(on=True):
        yield


def draw(*shape: int, kind: str = "float32", seed: int = 0) -> Array:
    return (2 * np.random.default_rng(seed).standard_normal(shape) + 3).astype(kind)


def vectors(channels: int, kind: str, has: tuple[bool, bool]) -> list[Array | None]:
    return [draw(channels, kind=kind, seed=n) if h else None for n, h in enumerate(has, 1)]


def wide(array: Array | None) -> Array | None:
    return None if array is None else array.astype(np.float64)


def close(found: Array, wanted: Array, terms: int) -> None:
    """Up to what so many terms of the wanted numbers' size may lose."""
    assert found.shape == wanted.shape
    eps = float(np.finfo(found.dtype).eps)
    scale = 16 * eps * math.sqrt(terms)
    np.testing.assert_allclose(found, wanted, rtol=scale, atol=scale * np.abs(wanted).max())


@KINDS
@HAS
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm(shape: tuple[int, ...], has: tuple[bool, bool], kind: str) -> None:
    x, grad = draw(*shape, kind=kind), draw(*shape, kind=kind, seed=5)
    weight, bias = vectors(shape[1], kind, has)
    terms = x.size // shape[1]
    found = channel_norms.batch_norm(x, weight, bias, 0.1)
    wanted = Primitives.batch_norm(cpu, wide(x), wide(weight), wide(bias), 0.1)
    assert found is not None
    for ours, theirs in zip(found, wanted, strict=True):
        close(ours, theirs, terms)
    _, mean, variance = found
    gradients = channel_norms.batch_norm_grad(grad, x, weight, mean, variance, 0.1, EVERY)
    arrays: Any = [wide(a) for a in (grad, x, weight, mean, variance)]
    exact = Primitives.batch_norm_grad(*(cpu, *arrays, 0.1, EVERY))
    assert gradients is not None
    for ours, theirs in zip(gradients, exact, strict=True):
        close(ours, theirs, 4 * terms)


@KINDS
@HAS
@pytest.mark.parametrize("shape", [s for s in SHAPES if s[1] % 4 == 0])
def test_group_norm(shape: tuple[int, ...], has: tuple[bool, bool], kind: str) -> None:
    x, grad = draw(*shape, kind=kind), draw(*shape, kind=kind, seed=5)
    weight, bias = vectors(shape[1], kind, has)
    terms = x.size // shape[1]
    found = channel_norms.group_norm(x, weight, bias, 2, 0.1)
    wanted = Primitives.group_norm(cpu, wide(x), wide(weight), wide(bias), 2, 0.1)
    assert found is not None
    for ours, theirs in zip(found, wanted, strict=True):
        close(ours, theirs, terms)
    _, mean, rstd = found
    gradients = channel_norms.group_norm_grad(grad, x, weight, mean, rstd, 2, EVERY)
    arrays: Any = [wide(a) for a in (grad, x, weight, mean, rstd)]
    exact = Primitives.group_norm_grad(*(cpu, *arrays, 2, EVERY))
    assert gradients is not None
    for ours, theirs in zip(gradients, exact, strict=True):
        close(ours, theirs, 4 * terms)


@pytest.mark.parametrize(
    "wanted", [(True, False, False), (False, True, False), (False, False, True)]
)
def test_gradients_that_nobody_wants(wanted: tuple[bool, bool, bool]) -> None:
    for shape in ((50, 12), (4, 8, 9, 9)):
        x, grad, weight = draw(*shape), draw(*shape, seed=5), draw(shape[1], seed=1)
        _, mean, variance = cpu.batch_norm(x, weight, None, 0.1)
        _, centre, rstd = cpu.group_norm(x, weight, None, 2, 0.1)
        every, found = (
            [
                *cpu.batch_norm_grad(grad, x, weight, mean, variance, 0.1, want),
                *cpu.group_norm_grad(grad, x, weight, centre, rstd, 2, want),
            ]
            for want in (EVERY, wanted)
        )
        for ours, theirs, want in zip(found, every, wanted * 2, strict=True):
            assert (ours is None) != want
            if want:
                np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("shape", SHAPES)
def test_several_threads_give_the_same(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, grad, weight = draw(*shape), draw(*shape, seed=5), draw(shape[1], seed=1)

    def computed() -> list[Array | None]:
        y, mean, variance = cpu.batch_norm(x, weight, weight, 0.1)
        return [y, mean, *cpu.batch_norm_grad(grad, x, weight, mean, variance, 0.1, EVERY)]

    alone = computed()
    monkeypatch.setattr(THREADS, "number", 3)
    for found, wanted in zip(computed(), alone, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_other_layouts_and_types_and_places() -> None:
    x, weight = draw(6, 7, 8, 9).transpose(0, 3, 1, 2), draw(9, seed=1)
    straight = cpu.batch_norm(np.ascontiguousarray(x), weight, None, 0.1)
    out: Any = tuple(np.empty_like(a) for a in straight)
    found = cpu.batch_norm(x, weight, None, 0.1, out=out)
    for ours, theirs, place in zip(found, straight, out, strict=True):
        assert ours is place
        np.testing.assert_array_equal(ours, theirs)
    grad = np.broadcast_to(np.float32(0.5), x.shape)
    slopes = cpu.batch_norm_grad(grad, x, weight, *straight[1:], 0.1, EVERY)
    copied = cpu.batch_norm_grad(grad.copy(), x, weight, *straight[1:], 0.1, EVERY)
    for ours, theirs in zip(slopes, copied, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert channel_norms.batch_norm(x.astype(np.float16), None, None, 0.1) is None
    assert channel_norms.batch_norm(x, weight.astype(np.float64), None, 0.1) is None


@pytest.mark.parametrize("shape", [(8, 3), (3, 4, 3, 2)])
@pytest.mark.parametrize("size", [0, 512])
def test_second_derivatives(
    size: int, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_norms, "LARGE", size)  # in C, or composed
    gpugrad.manual_seed(0)
    like: dict[str, Any] = {"dtype": gpugrad.float64, "requires_grad": True}
    x, weight, bias = (gpugrad.rand(*s, **like) for s in (shape, shape[1:2], shape[1:2]))

    def batch(*arrays: Any) -> Any:
        weight, bias = (*arrays[1:], None, None)[:2]
        return F.batch_norm(arrays[0], None, None, weight, bias, training=True)

    def group(*arrays: Any) -> Any:
        return F.group_norm(arrays[0], 2, *arrays[1:])

    for norm in (batch, group) if len(shape) > 2 else (batch,):
        for operands in ((x, weight, bias), (x, weight), (x,)):
            assert gpugrad.autograd.gradcheck(norm, operands)
            assert gpugrad.autograd.gradgradcheck(norm, operands)


def test_compiled_steps_give_what_eager_ones_do(generated: None) -> None:
    for size in (4, 16):  # taken apart, and left to the function
        x = gpugrad.tensor(draw(8, 8, size, size), requires_grad=True)
        assert (x.numel() >= noted_norms.WHOLE) == (size == 16)
        weight = gpugrad.tensor(draw(8, seed=1), requires_grad=True)

        def step(x: Any = x, weight: Any = weight) -> tuple[Any, Any]:
            y = F.group_norm(F.batch_norm(x, None, None, weight, training=True), 2, weight)
            return gpugrad.autograd.grad((y * y * y).mean(), (x, weight))

        compiled = gpugrad.compile(step)
        compiled()
        for found, wanted in zip(compiled(), step(), strict=True):
            close(found.numpy(), wanted.numpy(), 512)
