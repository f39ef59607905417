"""gradcheck and gradgradcheck: right gradients pass, wrong ones are named."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.autograd import Function, GradcheckError, gradcheck, gradgradcheck


class WrongSlope(Function):
    """x**2 with a gradient that is wrong at its last element only."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        result = 2 * x * grad
        result[-1] = 7.0
        return result


def leaf() -> Any:
    return gpugrad.tensor([0.5, 1.5, 2.5], dtype=gpugrad.float64, requires_grad=True)


def test_right_gradients_pass() -> None:
    x, y = leaf(), leaf()
    assert gradcheck(lambda a, b: (a.exp() * b, (a @ b).sin()), (x, y))
    assert gradgradcheck(lambda a, b: a.exp() * b.tanh(), (x, y))


def test_a_wrong_gradient_is_named() -> None:
    with pytest.raises(GradcheckError, match=r"output 0 by input 0 .* element \[2\]: analytic 7"):
        gradcheck(WrongSlope.apply, (leaf(),))
    assert not gradcheck(WrongSlope.apply, (leaf(),), raise_exception=False)


def test_inputs_must_require_gradients() -> None:
    with pytest.raises(ValueError, match="at least one input tensor"):
        gradcheck(gpugrad.exp, gpugrad.ones(2))
