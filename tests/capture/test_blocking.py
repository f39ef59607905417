"""Chains of elementwise calls in blocks: which calls join, and that results are the same bits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.backend.blocking import BLOCK, LARGE, BlockSum, Chain, in_blocks
from gpugrad.nn import functional as F
from tests.capture.training import Job, check, drawn
from tests.native_switch import switched

SIZE = 3 * BLOCK + 77


@pytest.fixture(autouse=True)
def numpy_alone() -> Iterator[None]:
    with switched(on=False):
        yield


Array = np.ndarray[Any, Any]


def numbers(seed: int, size: int = SIZE, dtype: str = "float32") -> Array:
    return np.random.default_rng(seed).standard_normal(size).astype(dtype)


def chains(calls: list[Any]) -> list[Chain]:
    return [function for function, _ in calls if type(function) is Chain]


def carried_out(calls: list[Any]) -> None:
    for function, args in calls:
        function(*args)


def test_calls_of_one_size_make_a_chain() -> None:
    x, out, work = numbers(0), np.empty(SIZE, "f"), np.empty(SIZE, "f")
    calls: list[Any] = [(np.exp, [x, work]), (np.add, [work, x, work]), (np.sqrt, [work, out])]
    made = in_blocks(list(calls), lambda a: a is work)
    (chain,) = chains(made)
    assert len(made) == 1
    assert [a is b for a, b in zip(chain.arrays, [x, out], strict=True)] == [True, True]
    with np.errstate(invalid="ignore"):
        carried_out(made)
        found = out.copy()
        carried_out(calls)
    np.testing.assert_array_equal(found, out)


def test_other_arrays_in_another_replay() -> None:
    x, out = numbers(0), np.empty(SIZE, "f")
    ((chain, arrays),) = in_blocks([(np.exp, [x, out]), (np.add, [out, x, out])], lambda a: False)
    assert arrays[0] is x
    for seed in (1, 2, 0):
        given = numbers(seed)
        chain(given, out)
        np.testing.assert_array_equal(out, np.exp(given) + given)
    other = np.empty(SIZE, "f")
    chain(x, other)
    np.testing.assert_array_equal(other, np.exp(x) + x)


@pytest.mark.parametrize(
    "second",
    [
        lambda x, y, out: (np.add.reduce, [out, None, None, np.empty((), "f"), False]),
        lambda x, y, out: (np.exp, [out[:-1], y[:-1]]),
        lambda x, y, out: (np.add, [out[1:], out[:-1], y[:-1]]),
        lambda x, y, out: (np.add, [out, out[:1], y]),
        lambda x, y, out: (np.add, [out[::-1], x, y]),
        lambda x, y, out: (print, [out]),
    ],
)
def test_calls_that_do_not_join(second: Any) -> None:
    x, y, out = numbers(0), numbers(1), np.empty(SIZE, "f")
    calls: list[Any] = [(np.exp, [x, out]), second(x, y, out)]
    assert in_blocks(list(calls), lambda a: False) == calls


def test_memory_that_overlaps_in_part() -> None:
    """One array begins within another: then blocks of one would overwrite what is to be read."""
    memory = np.zeros(2 * SIZE, "f")
    x, y = memory[:SIZE], memory[1000 : 1000 + SIZE]
    calls: list[Any] = [(np.exp, [x, x]), (np.negative, [x, y])]
    assert not chains(in_blocks(list(calls), lambda a: True))


def test_other_type_in_the_same_place() -> None:
    memory = np.zeros(8 * SIZE, np.uint8)
    single, double = memory[: 4 * SIZE].view("f"), memory.view("d")
    source = numbers(0)
    calls: list[Any] = [
        (np.negative, [source, single]),
        (np.less, [source, source, double.view(bool)[:SIZE]]),
    ]
    assert not chains(in_blocks(list(calls), lambda a: True))


def test_a_scalar_written_between() -> None:
    """A chain that reads a scalar does not begin before that is there."""
    x, out, scalar = numbers(0), np.empty(SIZE, "f"), np.zeros((), "f")
    calls: list[Any] = [
        (np.exp, [x, out]),
        (np.add, [scalar, 3.0, scalar]),
        (np.multiply, [out, scalar, out]),
    ]
    made = in_blocks(list(calls), lambda a: False)
    carried_out(made)
    np.testing.assert_array_equal(out, np.exp(x) * np.float32(3))
    assert len(chains(made)) == 1  # the scalar is made first
    used: list[Any] = [(np.multiply, [x, scalar, out]), calls[1], (np.multiply, [out, scalar, out])]
    scalar[()] = 1
    carried_out(in_blocks(list(used), lambda a: False))
    np.testing.assert_array_equal(out, x * np.float32(4))


def test_temporary_that_is_read_later() -> None:
    x, work, out = numbers(0), np.empty(SIZE, "f"), np.empty(SIZE, "f")
    total = np.zeros((), "f")
    calls: list[Any] = [
        (np.exp, [x, work]),
        (np.negative, [work, out]),
        (np.add.reduce, [work, None, None, total, False]),
    ]
    carried_out(in_blocks(list(calls), lambda a: True))
    assert total == np.exp(x).sum()


@pytest.mark.parametrize("seed", range(20))
def test_random_calls(seed: int) -> None:
    """Over arrays that share memory in every way: as one call after the other."""
    rng = random.Random(seed)
    functions = [np.add, np.subtract, np.multiply, np.maximum, np.negative, np.abs, np.sin]
    size = LARGE + 5000
    starts = [rng.choice([0, 0, size, size, size + 64, 2 * size, 3 * size]) for _ in range(8)]
    script = []
    for _ in range(25):
        function = rng.choice(functions)
        script.append((function, [rng.randrange(8) for _ in range(function.nin + 1)]))

    def run(blocks: bool) -> tuple[Array, int]:
        memory = numbers(seed, 4 * size)
        arrays = [memory[s : s + size] for s in starts]
        calls: list[Any] = []
        for function, places in script:
            args = [arrays[p] for p in places]
            if function is np.maximum:
                calls.append((lambda x, y, out: np.maximum(x, y, out=out), args))
            else:
                calls.append((function, args))
        kept = [arrays[0], arrays[1]]
        made = in_blocks(list(calls), lambda a: False) if blocks else calls
        carried_out(made)
        return np.concatenate(kept), len(chains(made))

    (found, count), (expected, _) = run(True), run(False)
    np.testing.assert_array_equal(found, expected)
    assert count > 0


@pytest.mark.parametrize("size", [LARGE, SIZE, 4 * BLOCK])
def test_sums_by_blocks(size: int) -> None:
    """As the primitive adds them up, whether they come whole or in parts."""
    x, out = numbers(0, size), np.zeros((), "f")
    add = BlockSum(x, 2.0, out)
    add(x)
    whole = out.copy()
    for _ in range(2):
        for start in range(0, size, BLOCK):
            add(x[start : start + BLOCK])
        assert out == whole
    assert abs(float(out) - x.astype("d").sum() / 2) < 1e-2


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_steps(dtype: str, reduction: str) -> None:
    """Sigmoid and squared error with their gradients, as in eager mode to the last bit."""

    def make() -> Job:
        w = drawn(5, SIZE, dtype=dtype).requires_grad_()

        def step(x: Tensor, y: Tensor) -> Tensor:
            w.grad = None
            loss = F.mse_loss((w * x).sigmoid().tanh().relu(), y, reduction=reduction)
            loss.backward()
            with gpugrad.no_grad():
                w.sub_(w.grad, alpha=0.1)
            return loss.detach()

        def feed(turn: int) -> tuple[Tensor, Tensor]:
            return drawn(turn, SIZE, dtype=dtype), drawn(turn + 50, SIZE, dtype=dtype)

        return Job(step, feed, lambda: [w])

    function = check(make, steps=6)
    (program,) = [e.program for e in function._entries.values() if e.program]
    assert chains(program._first.plan.calls)


def test_large_functions_with_gradients_outside() -> None:
    compiled = gpugrad.compile(lambda x: ((x * 2).sin() + x).sigmoid())
    for turn in range(6):
        x = drawn(turn, SIZE).requires_grad_()
        y = x.detach().requires_grad_()
        for f, leaf in ((compiled, x), (lambda v: ((v * 2).sin() + v).sigmoid(), y)):
            result = f(leaf)
            result.backward(drawn(turn + 9, SIZE))
        assert x.grad is not None
        assert y.grad is not None
        np.testing.assert_array_equal(x.grad.numpy(), y.grad.numpy())
