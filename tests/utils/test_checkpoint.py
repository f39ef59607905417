"""Checkpointing: the gradients are those without it, and what is saved meanwhile is little."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import graph
from gpugrad.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential
from tests.conftest import DEVICES

BOTH = pytest.mark.parametrize("reentrant", [False, True])


class Block(nn.Module):
    """A residual block with dropout: random, with parameters, with a branch."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 4)
        self.drop = nn.Dropout(0.5)
        self.calls = 0

    def forward(self, x: Any) -> Any:
        self.calls += 1
        return x + self.second(self.drop(self.first(x).tanh()))


def trained(run: Any, device: str = "cpu") -> list[Any]:
    """Gradients of two blocks with ``run(block, x)``, and a random number drawn afterwards."""
    gpugrad.manual_seed(0)
    blocks = [Block().to(device), Block().to(device)]
    x = gpugrad.randn(3, 4).to(device).requires_grad_()
    h = x
    for block in blocks:
        h = run(block, h)
    (h * h).sum().backward()
    parameters = [p for block in blocks for p in block.parameters()]
    return [x.grad, *(p.grad for p in parameters), gpugrad.rand(3)]


@BOTH
@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_gradients_and_random_numbers_are_those_without(device: str, reentrant: bool) -> None:
    plain = trained(lambda block, x: block(x), device)
    again = trained(lambda block, x: checkpoint(block, x, use_reentrant=reentrant), device)
    for a, b in zip(plain, again, strict=True):
        assert a.tolist() == b.tolist()


@BOTH
def test_random_state_is_kept_only_if_asked(reentrant: bool) -> None:
    masks = []

    def noisy(x: Any) -> Any:
        noise = gpugrad.rand(4)
        masks.append(noise.tolist())
        return x * noise

    x = gpugrad.ones(4, requires_grad=True)
    for preserve in (True, False):
        y = checkpoint(noisy, x, use_reentrant=reentrant, preserve_rng_state=preserve)
        y.sum().backward()
    assert masks[0] == masks[1]
    assert masks[2] != masks[3]


@BOTH
def test_the_function_runs_once_more_in_backward(reentrant: bool) -> None:
    block = Block()
    y = checkpoint(block, gpugrad.ones(1, 4, requires_grad=True), use_reentrant=reentrant)
    assert block.calls == 1
    y.sum().backward()
    assert block.calls == 2


@BOTH
def test_several_results_and_arguments(reentrant: bool) -> None:
    def function(x: Any, factor: float, y: Any) -> Any:
        return x * y * factor, (x + y).exp(), "text"

    grads = []
    for wrapped in (False, True):
        x, y = (gpugrad.tensor([0.2, 0.5], requires_grad=True) for _ in range(2))
        if wrapped:
            a, b, text = checkpoint(function, x, 3.0, y, use_reentrant=reentrant)
        else:
            a, b, text = function(x, 3.0, y)
        assert text == "text"
        (a.sum() + (b * b).sum()).backward()
        grads.append((x.grad.tolist(), y.grad.tolist()))
    assert grads[0] == grads[1]


def test_intermediate_results_are_freed() -> None:
    def function(x: Any) -> Any:
        h = x.exp()
        alive.append(weakref.ref(h.array.base if h.array.base is not None else h.array))
        return h.sin().sum()

    x = gpugrad.ones(5, requires_grad=True)
    for wrapped in (False, True):
        alive: list[Any] = []
        y = checkpoint(function, x, use_reentrant=False) if wrapped else function(x)
        assert (alive[0]() is None) == wrapped
        y.backward()
        assert all(ref() is None for ref in alive)


def test_the_graph_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        x = gpugrad.ones(5, requires_grad=True)
        y = checkpoint(lambda t: (t.exp() * t).sum(), x, use_reentrant=False)
        node = weakref.ref(y.grad_fn)
        y.backward()
        del y
        assert node() is None
    finally:
        gc.enable()


def test_nested() -> None:
    def inner(x: Any) -> Any:
        return x.sin().exp() * gpugrad.rand(3)

    def outer(x: Any, nested: bool) -> Any:
        h = x.tanh()
        for _ in range(2):
            h = checkpoint(inner, h, use_reentrant=False) if nested else inner(h)
        return h.cos()

    grads = []
    for nested in (False, True):
        gpugrad.manual_seed(1)
        x = gpugrad.tensor([0.1, 0.4, 0.9], requires_grad=True)
        if nested:
            checkpoint(outer, x, True, use_reentrant=False).sum().backward()
        else:
            outer(x, False).sum().backward()
        grads.append(x.grad.tolist())
    assert grads[0] == grads[1]


def test_nested_checkpoints_keep_the_outermost_inputs_only() -> None:
    inputs = []

    def inner(x: Any) -> Any:
        inputs.append(weakref.ref(x.array))
        return x.sin()

    def outer(x: Any) -> Any:
        return checkpoint(inner, x.exp(), use_reentrant=False).cos()

    x = gpugrad.ones(3, requires_grad=True)
    y = checkpoint(outer, x, use_reentrant=False)
    assert inputs[0]() is None
    y.sum().backward()
    assert x.grad is not None


def test_higher_derivatives_autograd_grad_and_keywords() -> None:
    def f(t: Any, *, power: int) -> Any:
        return (t**power).sin().sum()

    x = gpugrad.tensor([0.3, 0.6], requires_grad=True)
    results = []
    for wrapped in (False, True):
        y = checkpoint(f, x, power=3, use_reentrant=False) if wrapped else f(x, power=3)
        (first,) = gpugrad.autograd.grad(y, x, create_graph=True)
        (second,) = gpugrad.autograd.grad(first.sum(), x)
        results.append((first.tolist(), second.tolist()))
    assert results[0] == results[1]


def test_retain_graph() -> None:
    x = gpugrad.tensor([0.3], requires_grad=True)
    y = checkpoint(lambda t: t.exp() * t, x, use_reentrant=False)
    y.backward(retain_graph=True)
    first = x.grad.item()
    y.backward()
    assert x.grad.item() == 2 * first
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_repetition_ends_when_everything_is_there() -> None:
    ends = []

    def function(x: Any) -> Any:
        y = x.exp() + 1
        ends.append("end")
        return y

    x = gpugrad.ones(2, requires_grad=True)
    checkpoint(function, x, use_reentrant=False).sum().backward()
    assert len(ends) == 1
    checkpoint(function, x, use_reentrant=False, early_stop=False).sum().backward()
    assert len(ends) == 3


def test_contexts_for_both_runs() -> None:
    seen = []

    class Note:
        def __init__(self, name: str) -> None:
            self.name = name

        def __enter__(self) -> None:
            seen.append(self.name)

        def __exit__(self, *_: object) -> None: ...

    x = gpugrad.ones(2, requires_grad=True)

    def contexts() -> Any:
        return Note("first"), Note("second")

    y = checkpoint(gpugrad.exp, x, use_reentrant=False, context_fn=contexts)
    assert seen == ["first"]
    y.sum().backward()
    assert seen == ["first", "second"]


def test_a_function_that_does_something_else_is_found_out() -> None:
    state = {"runs": 0}

    def other_shape(x: Any) -> Any:
        state["runs"] += 1
        return x[: state["runs"]].exp().sum()

    x = gpugrad.ones(4, requires_grad=True)
    y = checkpoint(other_shape, x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="different metadata") as error:
        y.backward()
    assert "saved metadata: {'shape': (1,)" in str(error.value)
    with pytest.raises(CheckpointError, match="different metadata"):
        y.backward()  # what was refused is not taken the second time
    state["runs"] = 0

    def other_count(x: Any) -> Any:
        state["runs"] += 1
        return x.exp() if state["runs"] % 2 else x + 1

    y = checkpoint(other_count, x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="different number of tensors"):
        y.sum().backward()


def test_in_place_changes_are_noticed() -> None:
    x = gpugrad.ones(3)
    w = gpugrad.ones(3, requires_grad=True)
    y = checkpoint(lambda a, b: (a * b).exp(), x, w, use_reentrant=False)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    y = checkpoint(lambda b: b.exp(), w, use_reentrant=False)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_with_save_on_cpu_around() -> None:
    x = gpugrad.tensor([0.3, 0.6], requires_grad=True)
    with graph.save_on_cpu():
        y = checkpoint(lambda t: t.exp().sin(), x, use_reentrant=False)
    y.sum().backward()
    z = gpugrad.tensor([0.3, 0.6], requires_grad=True)
    z.exp().sin().sum().backward()
    assert x.grad.tolist() == z.grad.tolist()


def test_without_recording_it_is_a_call() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    with gpugrad.no_grad():
        assert not checkpoint(gpugrad.exp, x, use_reentrant=False).requires_grad
        assert not checkpoint(gpugrad.exp, x, use_reentrant=True).requires_grad


def test_refusals() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: power"):
        checkpoint(gpugrad.exp, x, power=2, use_reentrant=True)
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        checkpoint(gpugrad.exp, x, debug=True, use_reentrant=True)
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        checkpoint(gpugrad.exp, x, determinism_check="strict", use_reentrant=False)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(gpugrad.exp, x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(gpugrad.exp, gpugrad.ones(2), use_reentrant=True)


@BOTH
@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_sequential(segments: int, reentrant: bool) -> None:
    grads = []
    for wrapped in (False, True):
        gpugrad.manual_seed(0)
        layers: list[nn.Module] = []
        for _ in range(3):
            layers += [nn.Linear(3, 3), nn.Tanh()]
        model = nn.Sequential(*layers[:-1])
        x = gpugrad.rand(2, 3).requires_grad_()
        if wrapped:
            y = checkpoint_sequential(model, segments, x, use_reentrant=reentrant)
        else:
            y = model(x)
        y.sum().backward()
        grads.append([x.grad.tolist(), *(p.grad.tolist() for p in model.parameters())])
    assert grads[0] == grads[1]
