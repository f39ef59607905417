"""Hooks on tensors and nodes, and gradients that results keep."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad


def leaf(*values: float) -> Any:
    return gpugrad.tensor(list(values), requires_grad=True)


def test_hooks_see_and_replace_gradients_in_order() -> None:
    x = leaf(1.0)
    seen = []
    y = x * 2
    y.register_hook(lambda grad: seen.append(grad.item()))
    y.register_hook(lambda grad: grad * 10)
    y.register_hook(lambda grad: seen.append(grad.item()))
    y.sum().backward()
    assert seen == [1.0, 10.0]
    assert x.grad.tolist() == [20.0]


def test_a_removed_hook_is_silent() -> None:
    x = leaf(1.0)
    handle = x.register_hook(lambda grad: grad * 100)
    with x.register_hook(lambda grad: grad * 7):
        pass
    handle.remove()
    handle.remove()
    x.sum().backward()
    assert x.grad.tolist() == [1.0]


def test_hooks_of_a_leaf_run_once_on_the_sum() -> None:
    x = leaf(1.0)
    seen = []
    x.register_hook(lambda grad: seen.append(grad.tolist()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [[5.0]]
    (by_x,) = gpugrad.autograd.grad((x * 4).sum(), x)
    assert seen == [[5.0], [4.0]]
    assert by_x.tolist() == [4.0]


def test_post_accumulate_hooks_get_the_leaf() -> None:
    x = leaf(1.0)
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.tolist())))
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert seen == [(True, [2.0]), (True, [4.0])]


def test_hooks_run_once_for_chosen_leaves() -> None:
    x = leaf(1.0)
    x.register_hook(lambda grad: grad * 10)
    (x * 2).sum().backward(inputs=[x])
    assert x.grad.tolist() == [20.0]
    assert gpugrad.autograd.grad((x * 2).sum(), x)[0].tolist() == [20.0]


def test_hooks_are_refused_without_gradients() -> None:
    x = gpugrad.ones(1)
    text = "^cannot register a hook on a tensor that doesn't require gradient$"
    with pytest.raises(RuntimeError, match=text):
        x.register_hook(lambda grad: None)
    with pytest.raises(RuntimeError, match=text):
        x.register_post_accumulate_grad_hook(lambda t: None)
    inner = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="cannot be registered on non-leaf tensors"):
        inner.register_post_accumulate_grad_hook(lambda t: None)


def test_a_hook_may_run_a_backward_pass() -> None:
    x, y = leaf(1.0), leaf(2.0)

    def hook(grad: Any) -> None:
        with gpugrad.enable_grad():
            (y * y).sum().backward()

    x.register_hook(hook)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0]
    assert y.grad.tolist() == [4.0]


def test_retained_gradients_of_results() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    assert not y.retains_grad
    y.retain_grad()
    y.retain_grad()
    (y * y).sum().backward()
    assert y.retains_grad
    assert y.grad.tolist() == [4.0, 8.0]
    assert x.grad.tolist() == [8.0, 16.0]
    leaf(1.0).retain_grad()  # a leaf keeps its gradient anyway
    with pytest.raises(RuntimeError, match="^can't retain_grad on Tensor that has req"):
        gpugrad.ones(1).retain_grad()
