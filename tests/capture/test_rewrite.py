"""Recorded steps rewritten for CUDA: what becomes one kernel, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.capture.rewriting import Array, array, replayed

pytestmark = pytest.mark.usefixtures("host")


# --- bias and activation --------------------------------------------------------------------------


ACTIVATIONS: dict[str, Callable[[Any, Array], Array]] = {
    "relu": lambda xp, x: xp.relu(x),
    "sigmoid": lambda xp, x: xp.sigmoid(x),
    "tanh": lambda xp, x: xp.tanh(x),
    "gelu": lambda xp, x: xp.gelu(x, "none"),
    "gelu_tanh": lambda xp, x: xp.gelu(x, "tanh"),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_linear_layer_and_its_activation(activation: str) -> None:
    act = ACTIVATIONS[activation]
    steps = replayed(
        lambda xp, x, w, b: act(xp, xp.linear(x, w, b)), array(5, 3), array(4, 3), array(4)
    )
    assert steps == ["linear", "bias_activation"]


@pytest.mark.parametrize("turned", [False, True])
def test_a_product_a_sum_and_an_activation(turned: bool) -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Array:
        product = xp.matmul(x, w)
        return xp.relu(xp.add(b, product) if turned else xp.add(product, b))

    assert replayed(layer, array(5, 3), array(3, 4), array(4)) == ["matmul", "bias_activation"]


def test_the_gradient_of_gelu_does_without_the_sum() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array, grad: Array) -> Any:
        total = xp.linear(x, w, b)
        y = xp.gelu(total, "none")
        in_x = xp.gelu_grad(total, grad, "none")
        return y, in_x, xp.column_sum(in_x)

    steps = replayed(layer, array(5, 3), array(4, 3), array(4), array(5, 4))
    assert steps == ["linear", "bias_activation", "bias_activation_grad"]


def test_a_sum_with_another_reader_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        total = xp.linear(x, w, b)
        return xp.relu(total), xp.sum(total, 0)

    assert "bias_activation" not in replayed(layer, array(5, 3), array(4, 3), array(4))


def test_a_sum_that_is_kept_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        total = xp.linear(x, w, b)
        return xp.relu(total), total

    assert replayed(layer, array(5, 3), array(4, 3), array(4)) == ["linear", "relu"]


def test_a_sum_of_which_two_functions_are_taken_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array, grad: Array) -> Any:
        total = xp.linear(x, w, b)
        return xp.relu(total), xp.gelu_grad(total, grad, "none")

    steps = replayed(layer, array(5, 3), array(4, 3), array(4), array(5, 4))
    assert "bias_activation" not in steps


def test_a_bias_that_changes_in_between_is_added_before() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        total = xp.linear(x, w, b)
        xp.fill(b, 0)
        return xp.relu(total)

    assert replayed(layer, array(5, 3), array(4, 3), array(4)) == ["linear", "fill", "relu"]


def test_a_sum_that_is_written_to_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        total = xp.linear(x, w, b)
        xp.setitem(total, 0, xp.sum(x, 0)[:1])
        return xp.relu(total)

    assert "bias_activation" not in replayed(layer, array(5, 3), array(4, 3), array(4))


def test_an_activation_of_a_part_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        return xp.relu(xp.linear(x, w, b)[1:3])

    assert replayed(layer, array(5, 3), array(4, 3), array(4)) == ["linear", "relu"]


def test_a_column_is_no_bias() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        return xp.relu(xp.add(xp.matmul(x, w), b))

    assert replayed(layer, array(4, 3), array(3, 4), array(4, 1)) == ["matmul", "add", "relu"]


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_the_sum_over_rows_of_a_gradient(name: str) -> None:
    def backward(xp: Any, y: Array, grad: Array) -> Any:
        in_x = getattr(xp, f"{name}_grad")(y, grad)
        return xp.matmul(in_x, in_x.T), xp.column_sum(in_x)

    steps = replayed(backward, array(5, 4), array(5, 4, seed=1))
    assert steps == ["bias_activation_grad", "matmul"]


def test_the_sum_over_rows_of_another_array_stays() -> None:
    def backward(xp: Any, y: Array, grad: Array) -> Any:
        in_x = xp.relu_grad(y, grad)
        return xp.sum(in_x, 1), xp.column_sum(grad)

    steps = replayed(backward, array(5, 4), array(5, 4, seed=1))
    assert steps == ["relu_grad", "sum", "column_sum"]


def test_a_sum_over_rows_that_comes_after_a_change_stays() -> None:
    def backward(xp: Any, y: Array, grad: Array) -> Any:
        in_x = xp.relu_grad(y, grad)
        xp.fill(in_x[0], 1)
        return xp.column_sum(in_x)

    steps = replayed(backward, array(5, 4), array(5, 4, seed=1))
    assert "bias_activation_grad" not in steps


# --- losses ---------------------------------------------------------------------------------------


def loss(xp: Any, x: Array, y: Array, reduction: str = "mean") -> Any:
    p = xp.sigmoid(x)
    error = xp.mse(p, y, reduction)
    grad = xp.mse_grad(p, y, xp.ones_like(error), 2 / x.size)
    return p, error, xp.sigmoid_grad(p, grad)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_sigmoid_and_squared_error(reduction: str) -> None:
    steps = replayed(lambda xp, x, y: loss(xp, x, y, reduction)[1:], array(7, 3), array(7, 3))
    assert steps == ["sigmoid_mse", "ones_like", "sigmoid_mse_grad"]


def test_a_sigmoid_that_is_kept_is_stored_by_the_loss() -> None:
    steps = replayed(loss, array(7, 3), array(7, 3))
    assert steps == ["sigmoid_mse", "ones_like", "sigmoid_mse_grad"]


def test_a_sigmoid_that_is_read_before_the_loss_stays() -> None:
    def early(xp: Any, x: Array, y: Array) -> Any:
        p = xp.sigmoid(x)
        return xp.sum(p), xp.mse(p, y, "mean")

    assert "sigmoid_mse" not in replayed(early, array(7, 3), array(7, 3))


def test_a_sigmoid_that_is_read_later_is_stored() -> None:
    def later(xp: Any, x: Array, y: Array) -> Any:
        p = xp.sigmoid(x)
        return xp.mse(p, y, "mean"), xp.sum(p, 0)

    assert replayed(later, array(7, 3), array(7, 3)) == ["sigmoid_mse", "sum"]


def test_an_input_that_changes_leaves_the_sigmoid() -> None:
    def changed(xp: Any, x: Array, y: Array) -> Any:
        p = xp.sigmoid(x)
        error = xp.mse(p, y, "mean")
        xp.fill(x, 0)
        return error, xp.sigmoid_grad(p, xp.mse_grad(p, y, error, 0.5))

    steps = replayed(changed, array(7, 3), array(7, 3))
    assert steps == ["sigmoid_mse", "fill", "sigmoid_mse_grad"]


# --- copies and repetitions -----------------------------------------------------------------------


def test_a_copy_of_what_does_not_change_is_not_made() -> None:
    def act(xp: Any, x: Array) -> Any:
        return xp.sum(xp.copy(xp.cumsum(x, 0)), 0)

    assert replayed(act, array(3, 4)) == ["cumsum", "sum"]


def test_a_copy_of_what_changes_is_made() -> None:
    def act(xp: Any, x: Array) -> Any:
        before = xp.copy(x)
        xp.fill(x, 0)
        return xp.sum(before, 0)

    assert replayed(act, array(3, 4)) == ["copy", "fill", "sum"]


def test_a_copy_that_is_kept_is_made() -> None:
    assert replayed(lambda xp, x: xp.copy(x), array(3, 4)) == ["copy"]


def test_a_copy_that_is_written_to_is_made() -> None:
    def act(xp: Any, x: Array) -> Any:
        changed = xp.copy(x)
        xp.fill(changed[0], 0)
        return xp.sum(changed, 0)

    assert replayed(act, array(3, 4)) == ["copy", "fill", "sum"]


def test_a_part_of_a_copy_is_that_part_of_the_array() -> None:
    def act(xp: Any, x: Array) -> Any:
        return xp.sum(xp.copy(xp.cumsum(x, 0))[1:, 1:], 0)

    assert replayed(act, array(3, 4)) == ["cumsum", "sum"]


def test_the_same_is_computed_once() -> None:
    def act(xp: Any, x: Array) -> Any:
        return xp.sum(xp.cumsum(x, 0), 0), xp.sum(xp.cumsum(x, 0), 1), xp.cumsum(x, 1)

    assert replayed(act, array(3, 4)).count("cumsum") == 2


def test_the_same_of_changed_memory_is_computed_again() -> None:
    def act(xp: Any, x: Array) -> Any:
        first = xp.sum(xp.cumsum(x, 0), 0)
        xp.fill(x, 1)
        return first, xp.sum(xp.cumsum(x, 0), 0)

    assert replayed(act, array(3, 4)).count("cumsum") == 2


def test_two_results_that_are_kept_are_two_arrays() -> None:
    assert replayed(lambda xp, x: (xp.exp(x), xp.exp(x)), array(3)) != ["exp"]


# --- updates by hand ------------------------------------------------------------------------------


def descend(xp: Any, pairs: Any, rates: Any) -> None:
    for (p, grad), rate in zip(pairs, rates, strict=True):
        xp.sub(p, xp.mul(grad, rate), out=p)


def test_updates_by_hand_are_one_launch() -> None:
    def act(xp: Any, *arrays: Array) -> Any:
        descend(xp, zip(arrays[::2], arrays[1::2], strict=True), [0.1] * 3)
        return xp.sum(arrays[0])

    arrays = [array(*s, seed=k) for k, s in enumerate([(3, 4), (3, 4), (5,), (5,), (1,), (1,)])]
    assert replayed(act, *arrays) == ["sgd_step", "sum"]


def test_updates_at_different_rates_are_not() -> None:
    def act(xp: Any, p: Array, q: Array, grad: Array) -> Any:
        descend(xp, [(p, grad), (q, grad)], [0.1, 0.2])
        return xp.sum(p)

    arrays = [array(4, seed=k) for k in range(3)]
    assert "sgd_step" not in replayed(act, *arrays)


def test_updates_that_depend_on_one_another_are_not() -> None:
    def act(xp: Any, p: Array, q: Array, grad: Array) -> Any:
        descend(xp, [(p, grad)], [0.1])
        descend(xp, [(q, xp.cumsum(p, 0))], [0.1])
        return xp.sum(q)

    arrays = [array(4, seed=k) for k in range(3)]
    assert "sgd_step" not in replayed(act, *arrays)


def test_a_parameter_that_is_updated_twice_is_not_one_launch() -> None:
    def act(xp: Any, p: Array, grad: Array, other: Array) -> Any:
        descend(xp, [(p, grad), (p, other)], [0.1, 0.1])
        return xp.sum(p)

    assert "sgd_step" not in replayed(act, *(array(4, seed=k) for k in range(3)))


def test_an_updated_parameter_as_gradient_is_not_one_launch() -> None:
    def act(xp: Any, p: Array, q: Array, grad: Array) -> Any:
        descend(xp, [(p, grad), (q, p)], [0.1, 0.1])
        return xp.sum(q)

    assert "sgd_step" not in replayed(act, *(array(4, seed=k) for k in range(3)))


def test_a_product_that_others_read_stays() -> None:
    def act(xp: Any, p: Array, q: Array, grad: Array) -> Any:
        change = xp.mul(grad, 0.1)
        xp.sub(p, change, out=p)
        xp.sub(q, change, out=q)
        return xp.sum(change)

    arrays = [array(4, seed=k) for k in range(3)]
    assert "sgd_step" not in replayed(act, *arrays)
