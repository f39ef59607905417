"""``no_grad`` and its relatives: as context managers, as decorators, and per thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import gpugrad


@pytest.fixture
def x() -> Any:
    return gpugrad.ones(2, requires_grad=True)


def test_no_grad(x: Any) -> None:
    with gpugrad.no_grad():
        assert not gpugrad.is_grad_enabled()
        y = x * 2
        assert not y.requires_grad
        assert y.is_leaf
    assert gpugrad.is_grad_enabled()
    assert (x * 2).requires_grad


def test_enable_grad_inside_no_grad(x: Any) -> None:
    with gpugrad.no_grad(), gpugrad.enable_grad():
        assert (x * 2).requires_grad
    assert gpugrad.is_grad_enabled()


def test_new_leaves_may_require_gradients_in_no_grad() -> None:
    with gpugrad.no_grad():
        assert gpugrad.ones(1, requires_grad=True).requires_grad


def test_the_mode_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), gpugrad.no_grad():
        raise ZeroDivisionError
    assert gpugrad.is_grad_enabled()


def test_a_context_is_used_again() -> None:
    off = gpugrad.no_grad()
    for _ in range(2):
        with off:
            assert not gpugrad.is_grad_enabled()
        assert gpugrad.is_grad_enabled()


@pytest.mark.parametrize("value", [False, True])
def test_set_grad_enabled_as_context(value: bool, x: Any) -> None:
    with gpugrad.set_grad_enabled(value):
        assert gpugrad.is_grad_enabled() is value
        assert (x * 2).requires_grad is value
    assert gpugrad.is_grad_enabled()


def test_set_grad_enabled_as_function(x: Any) -> None:
    gpugrad.set_grad_enabled(False)
    try:
        assert not (x * 2).requires_grad
    finally:
        gpugrad.set_grad_enabled(True)
    assert (x * 2).requires_grad


def bare(x: Any) -> Any:
    return x * 2


@pytest.mark.parametrize(
    "decorate, recorded",
    [
        (gpugrad.no_grad, False),
        (gpugrad.no_grad(), False),
        (gpugrad.enable_grad, True),
        (gpugrad.enable_grad(), True),
        (gpugrad.set_grad_enabled(True), True),
        (gpugrad.inference_mode, False),
        (gpugrad.inference_mode(), False),
        (gpugrad.inference_mode(False), True),
    ],
)
def test_decorators(decorate: Any, recorded: bool, x: Any) -> None:
    function = decorate(bare)
    assert function.__name__ == "bare"
    for _ in range(2):
        assert function(x).requires_grad is recorded
        assert gpugrad.is_grad_enabled()


def test_set_grad_enabled_decorator_leaves_the_mode_alone(x: Any) -> None:
    @gpugrad.set_grad_enabled(False)
    def function(x: Any) -> Any:
        return x * 2

    assert gpugrad.is_grad_enabled()
    assert not function(x).requires_grad
    assert gpugrad.is_grad_enabled()


def test_decorated_functions_call_themselves(x: Any) -> None:
    @gpugrad.no_grad()
    def depth(n: int) -> int:
        assert not gpugrad.is_grad_enabled()
        return 0 if n == 0 else 1 + depth(n - 1)

    assert depth(3) == 3
    assert gpugrad.is_grad_enabled()


def test_a_decorated_generator_sets_the_mode_only_while_it_runs() -> None:
    @gpugrad.no_grad()
    def numbers() -> Iterator[bool]:
        yield gpugrad.is_grad_enabled()
        yield gpugrad.is_grad_enabled()

    found = []
    for inside in numbers():
        found.append((inside, gpugrad.is_grad_enabled()))
    assert found == [(False, True), (False, True)]


def test_a_decorated_generator_takes_what_it_is_sent_and_thrown() -> None:
    @gpugrad.no_grad()
    def echo() -> Any:
        got = None
        while True:
            try:
                got = yield got, gpugrad.is_grad_enabled()
            except ValueError:
                got = "caught"
            if got == "stop":
                return "done"

    generator = echo()
    assert next(generator) == (None, False)
    assert generator.send(3) == (3, False)
    assert generator.throw(ValueError()) == ("caught", False)
    with pytest.raises(StopIteration) as end:
        generator.send("stop")
    assert end.value.value == "done"
    assert gpugrad.is_grad_enabled()


def test_inference_mode(x: Any) -> None:
    with gpugrad.inference_mode():
        assert gpugrad.is_inference_mode_enabled()
        assert not gpugrad.is_grad_enabled()
        assert not (x * 2).requires_grad
        with gpugrad.inference_mode(False):
            assert not gpugrad.is_inference_mode_enabled()
        assert gpugrad.is_inference_mode_enabled()
    assert not gpugrad.is_inference_mode_enabled()
    assert gpugrad.is_grad_enabled()


def test_other_threads_have_a_mode_of_their_own(x: Any) -> None:
    found = []
    with gpugrad.no_grad():
        thread = threading.Thread(target=lambda: found.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert found == [True]


def test_backward_inside_no_grad(x: Any) -> None:
    y = (x * x).sum()
    with gpugrad.no_grad():
        y.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_backward_does_not_change_the_mode(x: Any) -> None:
    seen = []
    y = x * 2
    y.register_hook(lambda grad: seen.append(gpugrad.is_grad_enabled()))
    y.sum().backward(retain_graph=True)
    gpugrad.autograd.grad(y.sum(), x, create_graph=True)
    assert seen == [False, True]
    assert gpugrad.is_grad_enabled()
