"""Random numbers, modes of the engine and hooks in compiled functions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.backend.noted_steps import CaptureError
from tests.capture.training import array, drawn, equal, step_of


def test_random_state() -> None:
    """Replays continue the stream: from a seed or a saved state, with the numbers of eager mode."""
    compiled = gpugrad.compile(lambda x: x + gpugrad.rand(3))
    for _ in range(4):
        compiled(drawn(0, 3))
    for _ in range(2):
        gpugrad.manual_seed(5)
        mine = [compiled(drawn(0, 3)) for _ in range(3)]
        gpugrad.manual_seed(5)
        for result in mine:
            equal(result, drawn(0, 3) + gpugrad.rand(3))
    state = gpugrad.get_rng_state()
    first = compiled(drawn(0, 3))
    gpugrad.set_rng_state(state)
    equal(compiled(drawn(0, 3)), first)


def test_seed_inside() -> None:
    """Would be set by the traced calls only; the comparison with an eager call finds it."""

    def function(x: Tensor) -> Any:
        gpugrad.manual_seed(3)
        return x + gpugrad.rand(3)

    compiled = gpugrad.compile(function)
    compiled(drawn(0, 3))
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="a replay gives another"):
        compiled(drawn(0, 3))


def test_own_generator() -> None:
    mine, theirs = gpugrad.Generator(), gpugrad.Generator()
    mine.manual_seed(1)
    theirs.manual_seed(1)
    compiled = gpugrad.compile(lambda: gpugrad.rand(3, generator=mine))
    for _ in range(6):
        equal(compiled(), gpugrad.rand(3, generator=theirs))


def test_anomaly_detection_runs_eagerly() -> None:
    """It wants to know of each operation."""
    compiled = gpugrad.compile(lambda x: (x * 0 / 0).sum())
    x = drawn(0, 3).requires_grad_()
    for _ in range(4):
        compiled(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is slow, and where the nan came from
        with (
            gpugrad.autograd.detect_anomaly(),
            pytest.raises(RuntimeError, match="returned nan values"),
        ):
            compiled(x).backward()


def test_saved_tensor_hooks_run_eagerly() -> None:
    compiled = gpugrad.compile(lambda x: (x * x).sum())
    x = drawn(0, 3).requires_grad_()
    for _ in range(4):
        compiled(x)
    packed: list[Any] = []

    def pack(t: Tensor) -> Any:
        packed.append(t)
        return t

    with gpugrad.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        compiled(x).backward()
    assert packed


def test_inference_mode() -> None:
    compiled = gpugrad.compile(lambda x: x * 2)
    x = drawn(0, 3).requires_grad_()
    for turn in range(8):
        if turn % 2:
            with gpugrad.inference_mode():
                result = compiled(x)
            assert not result.requires_grad
        else:
            assert compiled(x).requires_grad
        equal(result if turn % 2 else compiled(x), x.detach() * 2)


def test_hooks_of_modules() -> None:
    """Their arithmetic is part of the trace; one that is added or removed is noticed."""
    model = nn.Linear(3, 2)
    compiled = gpugrad.compile(model)
    handles: list[Any] = []
    for turn in range(16):
        if turn in (4, 8):
            handles.append(model.register_forward_hook(lambda m, a, out: out * 2))
        if turn == 12:
            handles[0].remove()
        equal(compiled(drawn(turn, 1, 3)), model(drawn(turn, 1, 3)))


def test_hooks_of_parameters() -> None:
    def run(wrap: Any) -> list[Any]:
        w = gpugrad.ones(3, requires_grad=True)
        handle: Any = None
        step = wrap(step_of(w))
        found = []
        for turn in range(12):
            if turn == 4:
                handle = w.register_hook(lambda g: g * 3)
            if turn == 8:
                handle.remove()
            step(drawn(turn, 3))
            found.append(array(w.grad))
        return found

    np.testing.assert_array_equal(run(gpugrad.compile), run(lambda f: f))


def test_hook_of_a_result() -> None:
    """A hook on a replay's result is the user's own, and is called."""
    compiled = gpugrad.compile(lambda x: x * 2)
    for turn in range(5):
        x = drawn(turn, 3).requires_grad_()
        result = compiled(x)
        result.register_hook(lambda g: g * 10)
        result.sum().backward()
        assert x.grad is not None
        assert (x.grad == 20).all()


def test_verification_can_be_left_out() -> None:
    compiled = gpugrad.compile(lambda x: x * 2, verify=False)
    for turn in range(5):
        equal(compiled(drawn(turn, 3)), drawn(turn, 3) * 2)


def test_derivatives_of_other_kinds_before_a_function_without_arguments() -> None:
    x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    (first,) = gpugrad.autograd.grad((x**3).sum(), x, create_graph=True)
    gpugrad.autograd.grad(first.sum(), x)
    gpugrad.autograd.functional.jacobian(lambda t: t * 2, gpugrad.ones(3), vectorize=True)
    double = gpugrad.compile(lambda: x.detach() * 2)
    assert [double().tolist() for _ in range(4)] == [[2, 4]] * 4
