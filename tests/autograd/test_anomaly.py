"""Anomaly detection: the first nan of a backward pass is traced to the line that caused it."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

import gpugrad
from gpugrad.autograd import detect_anomaly, observers, set_detect_anomaly
from tests.conftest import DEVICES


def leaf(*values: float) -> Any:
    return gpugrad.tensor(values, requires_grad=True)


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_nan_names_operation_shape_and_line(device: str) -> None:
    x = gpugrad.tensor([0.0, 4.0], device=device, requires_grad=True)
    with set_detect_anomaly(True):
        y = x.sqrt()  # the infinite slope
        z = (y * gpugrad.tensor([0.0, 1.0], device=device)).sum()
        with pytest.raises(RuntimeError) as error:
            z.backward()
    text = str(error.value)
    assert text.startswith("Function 'SqrtBackward0' returned nan values in its 0th output.")
    assert "shape [2]" in text
    assert "y = x.sqrt()  # the infinite slope" in text
    assert re.search(r'File ".*test_anomaly\.py", line \d+, in test_nan_names', text)


def test_what_forward_and_the_incoming_gradient_held_is_told() -> None:
    x = leaf(0.0, 1.0)
    with set_detect_anomaly(True):
        y = x.log()
        with pytest.raises(RuntimeError, match="result, of shape \\[2\\], held inf"):
            (y * 0.0).sum().backward()
        with pytest.raises(RuntimeError, match="the gradient that came in held inf"):
            x.exp().mul(0.0).backward(gpugrad.tensor([float("inf"), 1.0]))


def test_without_nan_nothing_is_raised_and_without_the_check_neither() -> None:
    x = leaf(0.0, 1.0)
    with set_detect_anomaly(True):
        (x.exp() / (x + 1.0)).sum().backward()
    with set_detect_anomaly(True, check_nan=False):
        (x.sqrt() * 0.0).sum().backward()
        assert not gpugrad.is_anomaly_check_nan_enabled()
    assert gpugrad.isnan(x.grad).tolist() == [True, False]


def test_second_derivatives_are_checked_too() -> None:
    x = leaf(0.0)
    with set_detect_anomaly(True):
        (first,) = gpugrad.autograd.grad((x**1.5).sum(), x, create_graph=True)
        with pytest.raises(RuntimeError, match="returned nan values"):
            gpugrad.autograd.grad((first * 0.0).sum(), x)


def test_a_forward_pass_outside_leaves_no_line() -> None:
    y = (leaf(0.0).sqrt() * 0.0).sum()
    with set_detect_anomaly(True), pytest.raises(RuntimeError) as error:
        y.backward()
    assert "No forward pass information available" in str(error.value)


def test_errors_in_backward_get_the_line_as_a_note() -> None:
    class Broken(gpugrad.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            raise ValueError("no gradient")

    with set_detect_anomaly(True):
        y = Broken.apply(leaf(1.0))
        with pytest.raises(ValueError, match="no gradient") as error:
            y.sum().backward()
    (note,) = error.value.__notes__
    assert note.startswith("Error detected in BrokenBackward.")
    assert "y = Broken.apply(leaf(1.0))" in note


def test_in_place_changes_show_the_line() -> None:
    with set_detect_anomaly(True):
        y = leaf(1.0, 2.0).exp()
        y.add_(1.0)
        with pytest.raises(RuntimeError, match="modified by an inplace operation") as error:
            y.sum().backward()
    assert "y = leaf(1.0, 2.0).exp()" in str(error.value)
    assert "enable anomaly detection" not in str(error.value)


def test_in_place_change_of_a_view_shows_the_line() -> None:
    with set_detect_anomaly(True):
        x = leaf(1.0, 0.0).clone()
        x[1:].sqrt_()
        with pytest.raises(RuntimeError, match="returned nan values") as error:
            (x * gpugrad.tensor([1.0, 0.0])).sum().backward()
    assert "x[1:].sqrt_()" in str(error.value)


def test_a_freed_graph_shows_the_line() -> None:
    with set_detect_anomaly(True):
        y = leaf(1.0).exp()
        y.sum().backward()
        with pytest.raises(RuntimeError, match="second time") as error:
            y.sum().backward()
    assert "y = leaf(1.0).exp()" in str(error.value)


def test_layers_are_seen_from_the_users_line() -> None:
    layer = gpugrad.nn.Linear(2, 2)
    with set_detect_anomaly(True):
        y = layer(gpugrad.tensor([[float("inf"), 1.0]]))
        with pytest.raises(RuntimeError, match=r"y = layer\(gpugrad") as error:
            y.backward(gpugrad.zeros(1, 2))
    assert "AddmmBackward0" in str(error.value)


def test_switching_on_and_off() -> None:
    assert not gpugrad.is_anomaly_enabled()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        context = detect_anomaly()
    with context:
        assert gpugrad.is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert not gpugrad.is_anomaly_enabled()
            assert observers.OBSERVERS == []
        assert gpugrad.is_anomaly_enabled()
    assert not gpugrad.is_anomaly_enabled()
    set_detect_anomaly(True)
    assert gpugrad.is_anomaly_enabled()
    gpugrad.set_anomaly_enabled(False)
    assert observers.OBSERVERS == []


def test_each_thread_has_its_own_mode() -> None:
    found = []
    with set_detect_anomaly(True):
        thread = threading.Thread(target=lambda: found.append(gpugrad.is_anomaly_enabled()))
        thread.start()
        thread.join()
    assert found == [False]


def test_together_with_saved_tensor_hooks() -> None:
    x = leaf(0.0)
    with set_detect_anomaly(True), gpugrad.autograd.graph.save_on_cpu():
        y = x.sqrt()
        with pytest.raises(RuntimeError, match=r"y = x\.sqrt\(\)"):
            (y * 0.0).sum().backward()
