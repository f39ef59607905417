"""Hooks around a module's call, forwards and backwards."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn


def test_forward_hooks_run_in_order_and_change_the_result() -> None:
    layer = nn.Identity()
    first = layer.register_forward_hook(lambda module, args, output: output + 1)
    layer.register_forward_hook(lambda module, args, output: output * 10)
    layer.register_forward_hook(lambda module, args, output: output - 0.5, prepend=True)
    assert layer(gpugrad.ones(1)).item() == 15
    first.remove()
    first.remove()
    assert layer(gpugrad.ones(1)).item() == 5


def test_forward_pre_hooks_change_the_arguments() -> None:
    layer = nn.Identity()
    with layer.register_forward_pre_hook(lambda module, args: args[0] * 2):
        assert layer(gpugrad.ones(1)).item() == 2
    assert layer(gpugrad.ones(1)).item() == 1


def test_hooks_with_keyword_arguments() -> None:
    class Scale(nn.Module):
        def forward(self, x: Any, by: float = 1.0) -> Any:
            return x * by

    layer = Scale()
    seen: list[Any] = []
    layer.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True
    )
    layer.register_forward_hook(
        lambda module, args, kwargs, output: seen.append(kwargs), with_kwargs=True
    )
    assert layer(gpugrad.ones(1), by=2).item() == 3
    assert seen == [{"by": 3}]


def test_a_pre_hook_that_returns_something_else() -> None:
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        layer(1)


def test_always_called_hooks_see_failures() -> None:
    class Broken(nn.Module):
        def forward(self) -> None:
            raise ValueError("broken")

    layer = Broken()
    seen: list[Any] = []
    layer.register_forward_hook(lambda module, args, output: seen.append("normal"))
    layer.register_forward_hook(lambda module, args, output: seen.append(output), always_call=True)
    with pytest.raises(ValueError, match="broken"):
        layer()
    assert seen == [None]


def test_backward_hooks_see_and_replace_gradients() -> None:
    layer = nn.Linear(2, 1, bias=False)
    seen: list[Any] = []

    def look(module: Any, grad_input: Any, grad_output: Any) -> Any:
        seen.append((module, grad_output[0].tolist()))
        return (grad_input[0] * 0 + 7,)

    layer.register_full_backward_hook(look)
    x = gpugrad.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    assert seen == [(layer, [[1.0]])]
    assert x.grad.tolist() == [[7, 7]]
    assert layer.weight.grad.tolist() == [[1, 1]]


def test_backward_pre_hooks_replace_the_gradients_of_outputs() -> None:
    layer = nn.Linear(2, 1, bias=False)
    layer.register_full_backward_pre_hook(lambda module, grads: (grads[0] * 3,))
    layer(gpugrad.ones(1, 2)).sum().backward()
    assert layer.weight.grad.tolist() == [[3, 3]]


def test_backward_hooks_of_several_inputs_and_outputs() -> None:
    class Pair(nn.Module):
        def forward(self, a: Any, n: int, b: Any) -> Any:
            return a * b, n, a + b

    pair = Pair()
    seen: list[Any] = []
    pair.register_full_backward_hook(
        lambda module, grad_input, grad_output: seen.append((grad_input, grad_output))
    )
    a = gpugrad.tensor(2.0, requires_grad=True)
    b = gpugrad.tensor(3.0, requires_grad=True)
    product, n, _ = pair(a, 5, b)
    assert n == 5
    product.backward()
    ((grad_input, grad_output),) = seen
    assert [g if g is None else g.item() for g in grad_input] == [3, None, 2]
    assert [g if g is None else g.item() for g in grad_output] == [1, None, None]
    assert (a.grad.item(), b.grad.item()) == (3, 2)


def test_backward_hook_without_inputs_that_want_gradients() -> None:
    layer = nn.Linear(2, 1)
    seen: list[Any] = []
    layer.register_full_backward_hook(
        lambda module, grad_input, grad_output: seen.append(grad_input)
    )
    loss = layer(gpugrad.ones(1, 2)).sum()
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        loss.backward()
    assert seen == [(None,)]


def test_backward_hook_with_a_wrong_number_of_gradients() -> None:
    layer = nn.Linear(2, 1)
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: (1, 2))
    loss = layer(gpugrad.ones(1, 2, requires_grad=True)).sum()
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        loss.backward()


def test_backward_hooks_and_second_derivatives() -> None:
    layer = nn.Tanh()
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 2,))
    x = gpugrad.tensor(0.5, requires_grad=True)
    (first,) = gpugrad.autograd.grad(layer(x), x, create_graph=True)
    (second,) = gpugrad.autograd.grad(first, x)
    y = x.detach().tanh()
    # The second pass reaches the input without passing the output: no hook runs again.
    assert first.item() == pytest.approx((2 * (1 - y * y)).item(), rel=1e-6)
    assert second.item() == pytest.approx((-4 * y * (1 - y * y)).item(), rel=1e-6)
