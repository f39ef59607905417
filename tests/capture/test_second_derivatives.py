"""``create_graph=True`` through what a compiled function returns: as through an eager one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn import functional as F
from tests.capture.training import array, drawn

DEVICES = ["cpu", "host"]
Function = Callable[..., Any]

WRAPS: tuple[Function, ...] = (lambda module: module, gpugrad.compile)

FUNCTIONS: dict[str, Function] = {
    "cubes": lambda x, y: (x**3 * y).sum(),
    "many results": lambda x, y: x.exp() * y,
    "product": lambda x, y: (x @ y.T).tanh().sum(1),
    "two results": lambda x, y: (x.sin() * y, (x * y).cos().sum()),
    "one of two is a constant": lambda x, y: (x.detach() * 2, (x * x * y).sum()),
    "linear in one": lambda x, y: (x.detach() ** 2 * y).sum(),
}


def close(found: Any, expected: Any) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(array(one), array(other), rtol=2e-5, atol=1e-6)


def twice(function: Function, x: Any, y: Any) -> list[Any]:
    """First derivatives, and those of their squares."""
    results = function(x, y)
    results = results if isinstance(results, tuple) else (results,)
    total = sum(((n + 1) * r).sum() for n, r in enumerate(results) if r.requires_grad)
    first = gpugrad.autograd.grad(total, [x, y], create_graph=True, allow_unused=True)
    squares = [(g * g).sum() for g in first if g is not None and g.requires_grad]
    second = gpugrad.autograd.grad(squares, [x, y], allow_unused=True) if squares else ()
    return [*first, *second]


@pytest.mark.parametrize("device", DEVICES, indirect=True)
@pytest.mark.parametrize("leaf", [True, False])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives(name: str, leaf: bool, device: str) -> None:
    compiled = gpugrad.compile(FUNCTIONS[name])
    for turn in range(6):
        x, y = (drawn(turn + n, 2, 3).to(device).requires_grad_() for n in (0, 50))
        if not leaf:
            x, y = x * 1.5, y * 0.5
        close(twice(compiled, x, y), twice(FUNCTIONS[name], x, y))
    assert compiled.programs()


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_third_derivative(device: str) -> None:
    compiled = gpugrad.compile(lambda x: x**4)
    for turn in range(6):
        x = gpugrad.tensor([1.0, 2.0 + turn], device=device, requires_grad=True)
        y = compiled(x)
        for factor, power in ((4, 3), (12, 2), (24, 1)):
            (y,) = gpugrad.autograd.grad(y.sum(), x, create_graph=True)
            close([y.detach()], [factor * x.detach() ** power])


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_gradient_penalty_of_a_compiled_module(device: str) -> None:
    """The parameters get the gradient of the gradient."""
    histories = []
    for wrap in WRAPS:
        gpugrad.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).to(device)
        critic = wrap(net)
        optimizer = gpugrad.optim.SGD(net.parameters(), lr=0.1)
        found = []
        for turn in range(6):
            x = drawn(turn, 4, 3).to(device).requires_grad_()
            (slope,) = gpugrad.autograd.grad(critic(x).sum(), x, create_graph=True)
            loss = critic(x).mean() + (slope.norm(dim=1) - 1).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found += [array(p) for p in net.parameters()]
        histories.append(found)
    for one, other in zip(*histories, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("device", DEVICES, indirect=True)
@pytest.mark.parametrize("kind", ["dropout", "noise"])
def test_random_numbers_are_those_of_the_call(kind: str, device: str) -> None:
    def function(x: Any) -> Any:
        if kind == "noise":
            return (x**3 * gpugrad.randn(8, device=device)).sum()
        return F.dropout(x**3, 0.5).sum()

    gpugrad.manual_seed(0)
    compiled = gpugrad.compile(function)
    draws = []
    for turn in range(6):
        x = drawn(turn, 8).to(device).requires_grad_()
        y = compiled(x)
        (g,) = gpugrad.autograd.grad(y, x, create_graph=True)
        factor = (g / (3 * x * x)).detach()  # of the first pass
        (gg,) = gpugrad.autograd.grad(g.sum(), x)
        np.testing.assert_allclose(array(gg), array(6 * x * factor), rtol=1e-4)
        np.testing.assert_allclose(array(y), array((x**3 * factor).sum()), rtol=1e-4)
        draws.append(tuple(array(factor).round(4)))
    assert len(set(draws)) == 6

    gpugrad.manual_seed(5)
    for _ in range(3):
        with gpugrad.no_grad():
            function(x)
    expected = gpugrad.rand(2, device=device)
    gpugrad.manual_seed(5)
    for _ in range(3):
        gpugrad.autograd.grad(compiled(x), x, create_graph=True)
    np.testing.assert_array_equal(array(gpugrad.rand(2, device=device)), array(expected))


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_statistics_are_updated_once(device: str) -> None:
    found = []
    for wrap in WRAPS:
        gpugrad.manual_seed(0)
        norm = nn.BatchNorm1d(3).to(device)
        module = wrap(norm)
        for turn in range(5):
            x = drawn(turn, 4, 3).to(device).requires_grad_()
            (g,) = gpugrad.autograd.grad(module(x).pow(3).sum(), x, create_graph=True)
            g.square().sum().backward()
            found.append([array(t) for t in (x.grad, norm.weight.grad, *norm.buffers())])
    for one, other in zip(found[:5], found[5:], strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_argument_changed_in_between() -> None:
    compiled = gpugrad.compile(lambda x, y: (x**3 * y).sum())
    x, y = drawn(0, 3).requires_grad_(), drawn(1, 3)
    for _ in range(4):
        result = compiled(x, y)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="has changed since it was called"):
        gpugrad.autograd.grad(result, x, create_graph=True)


def test_parameter_changed_in_between() -> None:
    w = drawn(3, 3).requires_grad_()
    compiled = gpugrad.compile(lambda x: (x**3 * w).sum())
    x = drawn(0, 3).requires_grad_()
    for _ in range(4):
        result = compiled(x)
    with gpugrad.no_grad():
        w.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        gpugrad.autograd.grad(result, x, create_graph=True)


def test_function_that_leaves_gradients() -> None:
    w = gpugrad.ones(3, requires_grad=True)

    def function(x: Any) -> Any:
        w.grad = None
        (w * 2).sum().backward()
        return (x**3).sum()

    compiled = gpugrad.compile(function)
    x = drawn(0, 3).requires_grad_()
    for _ in range(4):
        result = compiled(x)
    with pytest.raises(RuntimeError, match=r"calls backward\(\) itself"):
        gpugrad.autograd.grad(result, x, create_graph=True)


def test_memory_of_a_replay_is_given_back_once() -> None:
    """After a pass with a graph, two later results do not share their memory."""
    compiled = gpugrad.compile(lambda x: (x**3).sum())
    for turn in range(6):
        x = drawn(turn, 3).requires_grad_()
        gpugrad.autograd.grad(compiled(x), x, create_graph=True)
    xs = [drawn(turn, 3).requires_grad_() for turn in range(4)]
    results = [compiled(x) for x in xs]
    for x, result in zip(xs, results, strict=True):
        (g,) = gpugrad.autograd.grad(result, x)
        np.testing.assert_allclose(array(g), array(3 * x * x), rtol=1e-6)


def test_errors_of_the_derivative_leave_the_function_usable() -> None:
    compiled = gpugrad.compile(lambda x: (x**3).sum())
    x = drawn(0, 3).requires_grad_()
    for _ in range(4):
        kept = compiled(x)
    (g,) = gpugrad.autograd.grad(kept, x, create_graph=True)
    with pytest.raises(RuntimeError):
        gpugrad.autograd.grad(g.sum(), gpugrad.ones(2, requires_grad=True))
    (g,) = gpugrad.autograd.grad(compiled(x), x)
    np.testing.assert_allclose(array(g), array(3 * x * x), rtol=1e-6)
