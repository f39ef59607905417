"""Hooks on what operations save for backward, and version counters from outside."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import gpugrad
from gpugrad.autograd import graph, observers
from gpugrad.nn import functional as F
from tests.conftest import DEVICES

PAIRS = [
    pytest.param((lambda t: t, lambda t: t), id="same"),
    pytest.param((lambda t: t.clone(), lambda t: t.clone()), id="copies"),
    pytest.param((lambda t: t.tolist(), lambda v: gpugrad.tensor(v)), id="lists"),
]


def scalar_of(x: Any, w: Any) -> Any:
    """One value through nodes of every kind: unary, binary, general, several results, in-place."""
    h = (x @ w).tanh() * x.sum()
    h.mul_(2.0)
    top, _ = h.max(1)
    loss = F.cross_entropy(h, gpugrad.tensor([0, 2, 1]))
    return loss + (top**3).sum() + (h / 3).exp()[0].sum() + Cube.apply(h).sum()


class Cube(gpugrad.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        square = x * x
        ctx.save_for_backward(x, None, square)
        return square * x

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        x, nothing, _ = ctx.saved_tensors
        assert nothing is None
        return grads[0] * x * x * 3


def operands(device: Any = None) -> tuple[Any, Any]:
    x = gpugrad.arange(6, dtype=gpugrad.float32).reshape(3, 2) / 10 + 0.1
    w = gpugrad.arange(6, dtype=gpugrad.float32).reshape(2, 3) / 5 - 0.3
    x, w = (t.to(device or "cpu").detach().requires_grad_() for t in (x, w))
    return x, w


@pytest.mark.parametrize("hooks", PAIRS)
def test_gradients_are_those_without_hooks(hooks: Any) -> None:
    plain, hooked = operands(), operands()
    scalar_of(*plain).backward()
    with graph.saved_tensors_hooks(*hooks):
        value = scalar_of(*hooked)
    value.backward()
    for a, b in zip(plain, hooked, strict=True):
        assert gpugrad.equal(a.grad, b.grad)


@pytest.mark.parametrize("hooks", PAIRS)
def test_second_derivatives_go_through_what_was_unpacked(hooks: Any) -> None:
    results = []
    for pair in (None, hooks):
        x, w = operands()
        if pair is None:
            value = scalar_of(x, w)
        else:
            with graph.saved_tensors_hooks(*pair):
                value = scalar_of(x, w)
        first = gpugrad.autograd.grad(value, (x, w), create_graph=True)
        second = gpugrad.autograd.grad(sum((g * g).sum() for g in first), (x, w))
        results.append((*first, *second))
    for a, b in zip(*results, strict=True):
        assert gpugrad.allclose(a, b, rtol=1e-5)


def test_gradient_with_respect_to_a_result_that_was_packed() -> None:
    x = gpugrad.tensor([0.3, 0.7], requires_grad=True)
    with graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = x.exp()
    (first,) = gpugrad.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = gpugrad.autograd.grad(first.sum(), y)
    assert second.tolist() == [1.0, 1.0]


def test_what_is_packed_and_when_it_is_unpacked() -> None:
    packed, unpacked = [], []

    def pack(t: Any) -> Any:
        assert not t.requires_grad
        packed.append(t.tolist())
        return t

    def unpack(t: Any) -> Any:
        unpacked.append(t.tolist())
        return t

    x = gpugrad.tensor([2.0], requires_grad=True)
    with graph.saved_tensors_hooks(pack, unpack):
        y = x * 3.0 + 1.0
        assert packed == []
        z = (y * y).exp().sum()
    assert [round(v[0], 3) for v in packed[:2]] == [7.0, 7.0]
    assert len(packed) == 3 and unpacked == []
    z.backward(retain_graph=True)
    assert len(unpacked) == 3
    z.backward()
    assert len(unpacked) == 6
    with pytest.raises(RuntimeError, match="second time"):
        z.backward()


def test_names_and_types_of_packed_nodes_stay() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = x.exp()
    assert type(y.grad_fn).__name__ == y.grad_fn.name() == "ExpBackward0"
    assert isinstance(y.grad_fn, type(x.exp().grad_fn))
    assert isinstance(y.grad_fn, graph.Node)


def noting(seen: list[str], name: str) -> graph.saved_tensors_hooks:
    """Hooks that change nothing and add ``name`` to ``seen`` for every tensor packed."""

    def pack(t: Any) -> Any:
        seen.append(name)
        return t

    return graph.saved_tensors_hooks(pack, lambda t: t)


def test_the_innermost_hooks_count_and_outside_there_are_none() -> None:
    seen: list[str] = []

    def named(name: str) -> Any:
        return noting(seen, name)

    x = gpugrad.ones(2, requires_grad=True)
    with named("outer"):
        with named("inner"):
            x.exp()
        x.exp()
    x.exp()
    assert seen == ["inner", "outer"]
    assert observers.OBSERVERS == []


def test_hooks_belong_to_their_thread() -> None:
    seen: list[str] = []
    x = gpugrad.ones(2, requires_grad=True)
    with noting(seen, "packed"):
        thread = threading.Thread(target=lambda: x.exp().sum().backward())
        thread.start()
        thread.join()
    assert seen == []
    assert x.grad.tolist() == gpugrad.ones(2).exp().tolist()


def test_pack_hook_must_not_change_its_argument() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    hooks = graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t)
    with hooks, pytest.raises(RuntimeError, match="modifying its input in place"):
        x.exp()


def test_unpack_hook_must_return_a_tensor() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 5):
        y = x.exp().sum()
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor but got result of ty"):
        y.backward()


def test_disabled_hooks() -> None:
    refused = pytest.raises(RuntimeError, match="not here")
    with graph.disable_saved_tensors_hooks("not here"), refused, graph.save_on_cpu():
        pass
    refused = pytest.raises(RuntimeError, match="nor here")
    with graph.save_on_cpu(), refused, graph.disable_saved_tensors_hooks("nor here"):
        pass
    with graph.save_on_cpu():
        pass


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_save_on_cpu(device: str) -> None:
    x, w = operands(device)
    with graph.save_on_cpu():
        value = (x @ w).exp().sum()
    value.backward()
    again = operands(device)
    (again[0] @ again[1]).exp().sum().backward()
    for a, b in zip((x, w), again, strict=True):
        assert a.grad.device.type == device
        assert a.grad.tolist() == b.grad.tolist()


def test_increment_version_makes_backward_refuse() -> None:
    x = gpugrad.ones(2)
    w = gpugrad.ones(2, requires_grad=True)
    y = (x * w).sum()
    graph.increment_version(x)
    with pytest.raises(RuntimeError, match="is at version 1; expected version 0"):
        y.backward()
    before = x._version
    graph.increment_version([x, w])
    assert x._version == before + 1
