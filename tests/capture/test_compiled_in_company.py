"""Compiled functions among other threads, functions and models."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.backend.noted_steps import CaptureError
from gpugrad.capture.compiled import MOST_PLANS
from tests.capture.training import drawn, equal, programs


def in_thread(function: Callable[[], Any]) -> Callable[[], Any]:
    """Run ``function`` in a thread; gives what waits for its result."""
    found: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            found.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait() -> Any:
        thread.join()
        if errors:
            raise errors[0]
        return found[0]

    return wait


def test_other_threads_compute_meanwhile() -> None:
    """What another thread computes while one traces is not noted, and nothing fails."""
    stop = threading.Event()

    def compute() -> int:
        turns = 0
        while not stop.is_set() or turns < 10:
            x = drawn(turns % 5, 3).requires_grad_()
            (x * 2).exp().sum().backward()
            equal(x.grad, 2 * (2 * x).exp())
            turns += 1
        return turns

    wait = in_thread(compute)
    try:
        for _ in range(20):
            compiled = gpugrad.compile(lambda x: (x * 2).tanh().sum(0))
            for turn in range(4):
                equal(compiled(drawn(turn, 3, 2)), (drawn(turn, 3, 2) * 2).tanh().sum(0))
            steps = [e.program.trace.steps for e in compiled._entries.values() if e.program]
            assert all(len(s) <= 4 for s in steps)
    finally:
        stop.set()
        assert wait() >= 10


def test_threads_share_a_compiled_function() -> None:
    compiled = gpugrad.compile(lambda x: (x * 2).tanh() @ x.t())

    def use(first: int) -> None:
        for turn in range(first, first + 25):
            x = drawn(turn, 150, 150)  # large enough that NumPy lets other threads run
            equal(compiled(x), (x * 2).tanh() @ x.t())

    for wait in [in_thread(lambda n=n: use(100 * n)) for n in range(3)]:  # type: ignore[misc]
        wait()
    assert programs(compiled) == 1


def test_model_deleted() -> None:
    """A replay owns what it needs; and a function that is gone keeps nothing alive."""
    model = nn.Linear(3, 2)
    weight = weakref.ref(model.weight)
    compiled = gpugrad.compile(model)
    for turn in range(4):
        expected = model(drawn(turn, 1, 3))
        equal(compiled(drawn(turn, 1, 3)), expected)
    del model, expected
    equal(compiled(drawn(3, 1, 3)), compiled(drawn(3, 1, 3)))
    del compiled
    gc.collect()
    assert weight() is None


def test_compiled_functions_within_one_another() -> None:
    inner = gpugrad.compile(lambda x: x * 2)
    outer = gpugrad.compile(lambda x: inner(x) + 1)
    for turn in range(6):
        equal(outer(drawn(turn, 3)), drawn(turn, 3) * 2 + 1)
        equal(inner(drawn(turn, 3)), drawn(turn, 3) * 2)
    assert programs(inner) == programs(outer) == 1


def test_recursion() -> None:
    @gpugrad.compile
    def power(x: Tensor, n: int) -> Any:
        return x if n == 0 else power(x, n - 1) * x

    for turn in range(6):
        x = drawn(turn, 3)
        equal(power(x, 3), x * x * x * x)


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUGRAD_COMPILE", "0")
    compiled = gpugrad.compile(lambda x: x * x.sum().item())
    for turn in range(4):
        x = drawn(turn, 3)
        equal(compiled(x), x * x.sum().item())
    assert not compiled._entries


def test_disabled() -> None:
    def function(x: Tensor) -> Any:
        return x * 2

    assert gpugrad.compile(function, disable=True) is function


def test_part_that_is_not_to_be_compiled() -> None:
    hidden = gpugrad.compiler.disable(lambda x: x + 1)
    compiled = gpugrad.compile(lambda x: hidden(x) * 2)
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="is not to be compiled"):
        compiled(drawn(0, 3))


def test_not_a_function() -> None:
    with pytest.raises(TypeError, match="takes a function or a module"):
        gpugrad.compile(3)


def test_too_many_kinds_of_arguments() -> None:
    compiled = gpugrad.compile(lambda x, k: x * k)
    with pytest.warns(UserWarning, match="pass what changes from call to call as a tensor"):
        for number in range(MOST_PLANS + 2):
            equal(compiled(drawn(0, 3), number), drawn(0, 3) * number)
