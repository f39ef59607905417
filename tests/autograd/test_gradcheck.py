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


def test_results_without_gradients_must_not_change() -> None:
    assert gradcheck(lambda x: x.sign(), (leaf(),))
    assert gradcheck(lambda x: (x.detach() > 1, 3), (leaf(),))
    for wrong in (lambda x: x.detach() * 2, lambda x: (3, x.detach().sum())):
        with pytest.raises(GradcheckError, match=r"expected to be zero.*element \[0\] of input 0"):
            gradcheck(wrong, (leaf(),))
        assert not gradcheck(wrong, (leaf(),), raise_exception=False)


class LosesItsGraph(Function):
    """x**2 with a right gradient that is no longer connected to anything."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        return (2 * x * grad).detach()


class ForgetsItsInput(Function):
    """x**2 with a right gradient that is connected only to the gradient that came in."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x.detach() * grad


def test_a_gradient_without_its_graph_is_found() -> None:
    assert gradcheck(LosesItsGraph.apply, (leaf(),))
    with pytest.raises(GradcheckError, match="by input 0 has lost its graph"):
        gradgradcheck(LosesItsGraph.apply, (leaf(),))
    assert not gradgradcheck(LosesItsGraph.apply, (leaf(),), raise_exception=False)


def test_a_gradient_that_forgets_an_input_is_found() -> None:
    with pytest.raises(GradcheckError, match="output 0 by input 0"):
        gradgradcheck(ForgetsItsInput.apply, (leaf(),))


def test_second_derivatives_start_from_what_is_given() -> None:
    start = gpugrad.tensor([1.0, -2.0, 0.5], dtype=gpugrad.float64, requires_grad=True)
    assert gradgradcheck(gpugrad.sin, (leaf(),), start)


def test_narrow_inputs_are_converted() -> None:
    x = leaf().detach().float().requires_grad_()
    with pytest.warns(UserWarning, match="converted"):
        assert gradcheck(gpugrad.sin, (x,))
    with pytest.warns(UserWarning, match="converted"):
        assert gradgradcheck(gpugrad.sin, (x,))
