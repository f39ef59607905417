"""Compiled functions whose results are differentiated outside, and what else they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.backend.noted_steps import CaptureError
from tests.capture.training import drawn

CALLS = 6

Function = Callable[..., Any]


def played(function: Function, use: Callable[[Any, Tensor], Any]) -> list[Any]:
    """What ``use`` gives of the function's results, in several calls."""
    return [use(function(x), x) for x in (drawn(turn, 3) for turn in range(CALLS))]


def check(make: Callable[[], tuple[Function, Callable[[Any, Tensor], Any]]]) -> Any:
    """Eager and compiled give the same."""
    function, use = make()
    expected = played(function, use)
    function, use = make()
    compiled = gpugrad.compile(function)
    found = played(compiled, use)
    assert len(compiled.programs()) == 1
    for one, other in zip(expected, found, strict=True):
        assert [a is None for a in one] == [a is None for a in other]
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(0 if b is None else b, 0 if a is None else a, rtol=1e-5)
    return compiled


def parameter() -> Any:
    return drawn(99, 3).requires_grad_()


def values(*tensors: Tensor | None) -> list[Any]:
    return [None if t is None else t.detach().numpy().copy() for t in tensors]


def test_gradients_made_inside_and_outside() -> None:
    def make() -> tuple[Function, Any]:
        w = parameter()

        def step(x: Tensor) -> Tensor:
            w.grad = None
            y: Tensor = (w * w * x).sum()
            y.backward(retain_graph=True)
            return y

        def use(y: Tensor, _: Tensor) -> list[Any]:
            first = values(w.grad)
            y.backward()
            return first + values(w.grad)

        return step, use

    check(make)


def test_gradients_taken_away() -> None:
    """What the function does to gradients is done, though nothing is differentiated in it."""

    def make() -> tuple[Function, Any]:
        w, v = parameter(), parameter()

        def forward(x: Tensor) -> tuple[Tensor, Tensor]:
            w.grad = v.grad = None
            product = w * x
            return product * v, product

        def use(results: tuple[Tensor, Tensor], _: Tensor) -> list[Any]:
            before = values(w.grad, v.grad)
            results[0].sum().backward()
            return before + values(w.grad, v.grad)

        return forward, use

    check(make)


def test_one_result_was_differentiated_inside() -> None:
    def make() -> tuple[Function, Any]:
        w, v = parameter(), parameter()

        def forward(x: Tensor) -> tuple[Tensor, Tensor]:
            w.grad = v.grad = None
            inside = (w * w * x).sum()
            inside.backward()
            return inside, (v * v * x).sum()

        def use(results: tuple[Tensor, Tensor], _: Tensor) -> list[Any]:
            before = values(w.grad, v.grad)
            results[1].backward()
            return before + values(w.grad, v.grad)

        return forward, use

    check(make)


def test_results_without_derivative() -> None:
    """One of which that is asked for does not keep others from being differentiated."""

    def make() -> tuple[Function, Any]:
        w = parameter()

        def forward(x: Tensor) -> tuple[Tensor, Tensor]:
            w.grad = None
            return (w * x).exp(), w // 0.5

        def use(results: tuple[Tensor, Tensor], _: Tensor) -> list[Any]:
            results[0].sum().backward()
            return values(w.grad, *results)

        return forward, use

    check(make)


def test_leaf_made_inside() -> None:
    def make() -> tuple[Function, Any]:
        w = parameter()

        def forward(x: Tensor) -> tuple[Tensor, Tensor]:
            w.grad = None
            return x * w, (x * 2).requires_grad_()

        def use(results: tuple[Tensor, Tensor], _: Tensor) -> list[Any]:
            assert [r.requires_grad for r in results] == [True, True]
            assert [r.is_leaf for r in results] == [False, True]
            (results[0] * results[1]).sum().backward()
            return values(w.grad, results[1].grad)

        return forward, use

    check(make)


@pytest.mark.parametrize("used", [0, 1, 2])
def test_gradients_of_some_results(used: int) -> None:
    """Leaves that a result does not depend on get none, and infinities elsewhere do no harm."""

    def make() -> tuple[Function, Any]:
        w, v = parameter(), parameter()

        def forward(x: Tensor) -> list[Tensor]:
            return [w * x, (v * x * 1e30) * 1e30, (w * v).tanh() * x]

        def use(results: list[Tensor], _: Tensor) -> list[Any]:
            w.grad = v.grad = None
            results[used].sum().backward()
            return values(w.grad, v.grad)

        return forward, use

    check(make)


def test_parameter_changed_before_the_backward_pass() -> None:
    w = parameter()
    compiled = gpugrad.compile(lambda x: (x * w.tanh() * w).sum())
    for turn in range(CALLS):
        result = compiled(drawn(turn, 3))
    with gpugrad.no_grad():
        w.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        result.backward()


def test_parameters_are_returned() -> None:
    """As copies, where another tensor is made of them in each call."""

    def make() -> tuple[Function, Any]:
        w = parameter()

        def step(x: Tensor) -> tuple[Tensor, Tensor]:
            with gpugrad.no_grad():
                w.sub_(x, alpha=0.1)
            return w.detach(), w.detach()[1:]

        return step, lambda results, _: values(*results)

    check(make)


def test_once_different_is_forgiven() -> None:
    """As an optimizer is that makes the state of a parameter in a traced call."""
    turns = iter(range(100))
    compiled = gpugrad.compile(lambda x: x * 2 if next(turns) == 1 else x + 1)
    for turn in range(CALLS):
        x = drawn(turn, 3)
        expected = (x * 2 if turn == 1 else x + 1).numpy()
        np.testing.assert_array_equal(compiled(x).numpy(), expected)
    assert len(compiled.programs()) == 1


def test_twice_different_is_refused() -> None:
    turns = iter(range(100))
    compiled = gpugrad.compile(lambda x: x * next(turns))
    for turn in range(3):
        compiled(drawn(turn, 3))
    with pytest.raises(CaptureError, match="change from call to call"):
        compiled(drawn(3, 3))


def test_operand_in_another_order() -> None:
    """Its copy in the order of rows is a step like all others, not a constant."""
    edges = gpugrad.tensor([-1.0, 0.0, 1.0])

    def places(x: Tensor) -> Any:
        return gpugrad.bucketize(x, edges)

    compiled = gpugrad.compile(places, verify=False)
    for turn in range(CALLS):
        x = drawn(max(turn, 2), 5, 4).t()  # the traced calls have the same numbers
        np.testing.assert_array_equal(compiled(x).numpy(), places(x).numpy())
    assert len(compiled.programs()) == 1


@pytest.mark.usefixtures("generated")
def test_generated_code_for_nothing() -> None:
    """Empty arrays in programs that are generated otherwise."""

    def function(x: Tensor) -> tuple[Tensor, Tensor]:
        nothing = gpugrad.zeros(1, 0), gpugrad.full((1, 0), 3.0)
        return gpugrad.cat(nothing), (x * 2).exp()

    compiled = gpugrad.compile(function)
    for turn in range(CALLS):
        x = drawn(turn, 3, 4)
        for found, expected in zip(compiled(x), function(x), strict=True):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5)
