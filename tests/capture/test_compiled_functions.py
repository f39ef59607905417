"""Compiled functions and modules inside of eager programs: their results take part in gradients."""

from __future__ import annotations

import gc
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from tests.capture.training import array, drawn, programs, same, warm

Pair = namedtuple("Pair", "left right")


def grads(result: Tensor, *inputs: Tensor) -> list[Tensor]:
    return list(gpugrad.autograd.grad((result * result.detach().cos()).sum(), inputs))


# --- gradients -----------------------------------------------------------------------------------


def product(x: Tensor, y: Tensor) -> Any:
    return (x * y).tanh().sum(1)


@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("leaf", [True, False])
def test_inputs_that_want_gradients(wanted: tuple[bool, bool], leaf: bool) -> None:
    compiled = gpugrad.compile(product)
    for turn in range(6):
        inputs = [drawn(turn + 7 * n, 2, 3).requires_grad_(w) for n, w in enumerate(wanted)]
        found, expected = (
            function(*(inputs if leaf else [t * 2 for t in inputs]))
            for function in (compiled, product)
        )
        same(found, expected)
        chosen = [t for t in inputs if t.requires_grad]
        if chosen:
            same(grads(found, *chosen), grads(expected, *chosen))
    assert programs(compiled) == 1


def test_several_calls_before_backward() -> None:
    """Each call keeps what its own derivative needs."""
    compiled = gpugrad.compile(product)
    x = drawn(0, 2, 3).requires_grad_()
    for turn in range(8):
        others = [drawn(turn + 20 * n, 2, 3) for n in range(4)]
        found, expected = ([f(x * o, o) for o in others] for f in (compiled, product))
        same(found, expected)
        same(grads(sum(found), x), grads(sum(expected), x))
        (program,) = [e.program for e in compiled._entries.values() if e.program] or [None]
    assert program is not None and len(program._spare) == 4  # memory is used again


def test_calls_on_one_another() -> None:
    compiled = gpugrad.compile(lambda x: (x * 2).tanh())
    x = drawn(0, 3).requires_grad_()
    for _ in range(6):
        found = compiled(compiled(compiled(x)))
        expected = (((x * 2).tanh() * 2).tanh() * 2).tanh()
        same(found, expected)
        same(grads(found, x), grads(expected, x))


def test_backward_in_another_order() -> None:
    compiled = gpugrad.compile(product)
    x = drawn(0, 2, 3).requires_grad_()
    warm(compiled, (2, 3), (2, 3))
    for turn in range(5):
        others = [drawn(turn + 20 * n, 2, 3) for n in range(3)]
        results = [compiled(x, o) for o in others]
        for n in (1, 2, 0):
            same(grads(results[n], x), grads(product(x, others[n]), x))


def test_retain_graph() -> None:
    compiled = gpugrad.compile(product)
    x, y = drawn(0, 2, 3).requires_grad_(), drawn(1, 2, 3)
    for _ in range(5):
        result = compiled(x, y).sum()
        (first,) = gpugrad.autograd.grad(result, x, retain_graph=True)
        (second,) = gpugrad.autograd.grad(result, x)
        same(first, second)
        with pytest.raises(RuntimeError, match="second time"):
            gpugrad.autograd.grad(result, x)


def test_gradients_are_not_shared() -> None:
    """A gradient that was handed out stays as it is."""
    compiled = gpugrad.compile(product)
    kept = []
    for turn in range(7):
        x, y = drawn(turn, 2, 3).requires_grad_(), drawn(turn + 50, 2, 3)
        compiled(x, y).sum().backward()
        expected = x.detach().requires_grad_()
        product(expected, y).sum().backward()
        kept.append((x.grad, array(expected.grad)))
    for grad, expected_array in kept:
        np.testing.assert_array_equal(array(grad), expected_array)


def test_some_results_differentiated() -> None:
    """What is not used of several results counts nothing."""

    def two(x: Tensor) -> tuple[Tensor, Tensor]:
        return x.sin(), x.exp()

    compiled = gpugrad.compile(two)
    for turn in range(6):
        x = drawn(turn, 4).requires_grad_()
        for which in (0, 1):
            same(grads(compiled(x)[which], x), grads(two(x)[which], x))


def test_parameters_of_the_function() -> None:
    w = drawn(9, 3).requires_grad_()
    compiled = gpugrad.compile(lambda x: (x * w).sum())
    for turn in range(6):
        x = drawn(turn, 3)
        w.grad = None
        compiled(x).backward()
        assert w.grad is not None
        np.testing.assert_array_equal(array(w.grad), array(x))


def test_modes() -> None:
    """Without gradients results are leaves; each mode has its plan."""
    compiled = gpugrad.compile(product)
    x, y = drawn(0, 2, 3).requires_grad_(), drawn(1, 2, 3)
    for turn in range(8):
        if turn % 2:
            assert compiled(x, y).requires_grad
        else:
            with gpugrad.no_grad():
                assert not compiled(x, y).requires_grad
    assert programs(compiled) == 2


def test_saved_input_changed_in_place() -> None:
    """The derivative is that at the values of the call: a replay keeps copies of its inputs."""
    compiled = gpugrad.compile(product)
    x = drawn(0, 2, 3).requires_grad_()
    warm(compiled, (2, 3), (2, 3))
    for turn in range(5):
        y = drawn(turn, 2, 3)
        expected = grads(product(x, y.clone()), x)
        result = compiled(x, y)
        if turn > 3:
            y.zero_()
        same(grads(result, x), expected)


# --- what goes in and out ------------------------------------------------------------------------


def test_nested_containers() -> None:
    def function(a: Any, *, b: Any) -> Any:
        x, (y, z) = a["x"], a["rest"]
        pair = Pair(x + y, [y * z, {"deep": (z - x,), "number": 3}])
        return {"pair": pair, "b": b.left * b.right, "text": "kept"}

    compiled = gpugrad.compile(function)
    for turn in range(6):
        a = {"x": drawn(turn, 2), "rest": [drawn(turn + 1, 2), drawn(turn + 2, 2)]}
        b = Pair(drawn(turn + 3, 2), drawn(turn + 4, 2))
        found, expected = compiled(a, b=b), function(a, b=b)
        same(found, expected)
        assert type(found["pair"]) is Pair
        assert found["pair"].right[1]["number"] == 3
        assert found["text"] == "kept"
        assert type(found["pair"].right) is list
    assert programs(compiled) == 1


def test_result_is_an_input() -> None:
    compiled = gpugrad.compile(lambda x, y: (x, y + 1, x))
    for turn in range(5):
        x, y = drawn(turn, 2), drawn(turn + 1, 2)
        first, second, third = compiled(x, y)
        assert first is x and third is x
        same(second, y + 1)


def test_result_is_a_view_of_an_input() -> None:
    compiled = gpugrad.compile(lambda x: (x[1:], x.t(), x.reshape(-1), x.detach()))
    for turn in range(6):
        x = drawn(turn, 3, 2)
        same(compiled(x), (x[1:], x.t(), x.reshape(-1), x.detach()))


def test_results_that_share_memory() -> None:
    def function(x: Tensor) -> tuple[Tensor, ...]:
        y = x * 2
        return y, y[0], y.t()

    compiled = gpugrad.compile(function)
    for turn in range(6):
        x = drawn(turn, 3, 2)
        same(compiled(x), function(x))


def test_result_is_a_parameter() -> None:
    w = drawn(0, 3).requires_grad_()
    compiled = gpugrad.compile(lambda x: (w, x + 1))
    for turn in range(5):
        assert compiled(drawn(turn, 3))[0] is w


def test_integers_and_bools() -> None:
    def function(x: Tensor, n: Tensor) -> tuple[Tensor, ...]:
        return x.argmax(1), x > 0, n + 1, x.sum()

    compiled = gpugrad.compile(function)
    for turn in range(6):
        x = drawn(turn, 3, 4).requires_grad_()
        n = gpugrad.tensor([turn, 2 * turn])
        found, expected = compiled(x, n), function(x, n)
        same(found, expected)
        same(grads(found[3], x), grads(expected[3], x))


def test_scalars_and_empty_tensors() -> None:
    compiled = gpugrad.compile(lambda x, e: (x * 2, e + 1, e.sum()))
    for turn in range(5):
        x, e = drawn(turn), gpugrad.ones(0, 3)
        same(compiled(x, e), (x * 2, e + 1, e.sum()))


def test_layouts_of_inputs() -> None:
    """Transposed, sliced, reversed and expanded inputs: each layout has its plan."""
    compiled = gpugrad.compile(lambda x: (x * 2 + 1).sum(0))
    for turn in range(5):
        x = drawn(turn, 4, 4)
        for view in (x, x.t(), x[:, ::2], x[1:3], x[:1].expand(4, 4)):
            same(compiled(view), (view * 2 + 1).sum(0))


def test_numbers_as_arguments() -> None:
    """Each value has its plan."""
    compiled = gpugrad.compile(lambda x, k, how="a": x * k if how == "a" else x + k)
    for turn in range(5):
        x = drawn(turn, 3)
        same(compiled(x, 2), x * 2)
        same(compiled(x, 3.5), x * 3.5)
        same(compiled(x, 2, how="b"), x + 2)
        same(compiled(x, True), x * True)
    assert programs(compiled) == 4


def test_zeros_of_both_signs() -> None:
    compiled = gpugrad.compile(lambda x, k: (x.abs() * k).signbit())
    for turn in range(5):
        x = drawn(turn, 3)
        assert not compiled(x, 0.0).any()
        assert compiled(x, -0.0).all()


def test_nan_as_an_argument() -> None:
    compiled = gpugrad.compile(lambda x, k: x * k)
    for turn in range(6):
        assert compiled(drawn(turn, 3), float("nan")).isnan().all()
    assert programs(compiled) == 1


def test_other_types_of_results() -> None:
    compiled = gpugrad.compile(lambda x: None if x.dim() == 1 else [])
    for turn in range(5):
        assert compiled(drawn(turn, 2)) is None
        assert compiled(drawn(turn, 2, 2)) == []


def test_in_place_results() -> None:
    """A function that works in place on its own arrays and gives back a view."""

    def function(x: Tensor) -> Any:
        y = x.clone()
        y[0] = 7
        y.add_(x)
        y[:, 1].mul_(2)
        return y[:, 1]

    compiled = gpugrad.compile(function)
    for turn in range(6):
        x = drawn(turn, 3, 2).requires_grad_()
        found, expected = compiled(x), function(x)
        same(found, expected)
        same(grads(found, x), grads(expected, x))


def test_wrapped_functions_keep_their_names() -> None:
    compiled = gpugrad.compile(product)
    assert compiled.__name__ == "product"
    assert compiled.__wrapped__ is product


def test_memory_is_freed() -> None:
    """A graph that is dropped without backward gives its memory back."""
    compiled = gpugrad.compile(product)
    x = drawn(0, 2, 3).requires_grad_()
    warm(compiled, (2, 3), (2, 3))
    for turn in range(3):
        compiled(x, drawn(turn, 2, 3))
    for turn in range(20):
        compiled(x, drawn(turn, 2, 3))
    gc.collect()
    spare = [len(e.program._spare) for e in compiled._entries.values() if e.program]
    assert max(spare) == 1
