"""Signatures with the factor first, as older programs call them."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad

X = [[0.0, 1.0], [2.0, 3.0]]

CALLS = {
    "torch.add(x, 2, y)": "x + 2 * y",
    "x.add(2, y)": "x + 2 * y",
    "x.add_(-0.5, y)": "x - 0.5 * y",
    "torch.sub(x, 2, y)": "x - 2 * y",
    "x.sub(2, y)": "x - 2 * y",
    "x.sub_(0.5, y)": "x - 0.5 * y",
    "torch.addcmul(x, 0.5, y, y)": "x + 0.5 * y * y",
    "x.addcmul(0.5, y, y)": "x + 0.5 * y * y",
    "x.addcmul_(0.5, y, y)": "x + 0.5 * y * y",
    "torch.addcdiv(x, 0.5, x, y)": "x + 0.5 * x / y",
    "x.addcdiv(0.5, x, y)": "x + 0.5 * x / y",
    "x.addcdiv_(0.5, y * 2, y)": "x + 1.0",
}


def evaluate(source: str) -> Any:
    x = gpugrad.tensor(X)
    return eval(source, {"torch": gpugrad, "x": x, "y": gpugrad.full((2, 2), 2.0)})


@pytest.mark.parametrize("source", CALLS)
def test_the_factor_first(source: str) -> None:
    with pytest.warns(UserWarning, match="This overload of (add|sub).* is deprecated"):
        found = evaluate(source)
    assert found.tolist() == evaluate(CALLS[source]).tolist()


@pytest.mark.parametrize("source", ["x.add_(y, y)", "x.add(2, 3)", "torch.add(x, 1, y, y)"])
def test_other_calls_are_refused(source: str) -> None:
    with pytest.raises(TypeError, match="takes 2 positional arguments"):
        evaluate(source)
    with pytest.raises(TypeError):
        evaluate("x.addcmul_(y, y, y)")


def test_adam_of_an_old_program() -> None:
    weight = gpugrad.tensor([1.0, -2.0], requires_grad=True)
    mean, square = gpugrad.zeros(2), gpugrad.zeros(2)
    optimizer = gpugrad.optim.Adam([twin := weight.detach().clone().requires_grad_()], lr=0.1)
    with pytest.warns(UserWarning, match="deprecated"):
        for step in range(1, 4):
            for w in (weight, twin):
                w.grad = None
                (w**4).sum().backward()
            mean.mul_(0.9).add_(1 - 0.9, weight.grad)
            square.mul_(0.999).addcmul_(1 - 0.999, weight.grad, weight.grad)
            size = 0.1 * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
            weight.data.addcdiv_(-size, mean, square.sqrt().add_(1e-10))
            optimizer.step()
    assert weight.tolist() == pytest.approx(twin.tolist(), rel=1e-5)
