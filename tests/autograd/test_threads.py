"""Threads: passes over shared parameters lose nothing, and each thread has its own modes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.utils.checkpoint import checkpoint

THREADS, PASSES = 8, 200


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """Threads take turns as often as the interpreter can, so that a race shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[int], None], count: int = THREADS) -> None:
    """Run ``work(number)`` in threads that start together; the first error is raised here."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_gradients_of_shared_parameters_are_complete() -> None:
    layer = nn.Linear(3, 2)
    large = gpugrad.zeros(20_000, requires_grad=True)  # NumPy lets other threads run meanwhile
    data = gpugrad.ones(4, 3)

    def work(number: int) -> None:
        for _ in range(PASSES):
            (layer(data).sum() + (large * 2.0).sum()).backward()

    in_threads(work)
    passes = THREADS * PASSES
    assert layer.weight.grad.tolist() == [[4.0 * passes] * 3] * 2
    assert layer.bias.grad.tolist() == [4.0 * passes] * 2
    assert gpugrad.equal(large.grad, gpugrad.full((20_000,), 2.0 * passes))


def test_one_graph_may_go_backward_in_all_threads() -> None:
    w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    y = (w * w * 3.0).sum()

    def work(number: int) -> None:
        for _ in range(PASSES):
            y.backward(retain_graph=True)

    in_threads(work)
    passes = THREADS * PASSES
    assert w.grad.tolist() == [6.0 * passes, 12.0 * passes]


def test_hooks_see_every_pass() -> None:
    w = gpugrad.ones(2, requires_grad=True)
    calls = []
    w.register_hook(lambda grad: calls.append("before"))
    w.register_post_accumulate_grad_hook(lambda leaf: calls.append("after"))

    def work(number: int) -> None:
        for _ in range(PASSES // 4):
            (w * 2.0).sum().backward()

    in_threads(work)
    passes = THREADS * (PASSES // 4)
    assert calls.count("before") == calls.count("after") == passes
    assert w.grad.tolist() == [2.0 * passes] * 2


def test_checkpoints_in_threads() -> None:
    w = gpugrad.tensor([0.5, 1.0], requires_grad=True)
    (w.exp() * w).sum().backward()
    once, w.grad = w.grad, None

    def work(number: int) -> None:
        for _ in range(20):
            y = checkpoint(lambda t: t.exp() * t, w, use_reentrant=False, preserve_rng_state=False)
            y.sum().backward()

    in_threads(work)
    assert gpugrad.allclose(w.grad, once * (20 * THREADS), rtol=1e-4)


def test_grad_mode_belongs_to_its_thread() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    seen: list[Any] = [None] * THREADS

    def work(number: int) -> None:
        found = []
        for _ in range(PASSES):
            with gpugrad.set_grad_enabled(number % 2 == 0):
                found.append((x * 2).requires_grad)
        seen[number] = found

    with gpugrad.no_grad():
        in_threads(work)
        assert not gpugrad.is_grad_enabled()
    assert seen == [[number % 2 == 0] * PASSES for number in range(THREADS)]
    recording: list[bool] = []
    with gpugrad.no_grad():
        in_threads(lambda number: recording.append(gpugrad.is_grad_enabled()), 1)
    assert recording == [True]
