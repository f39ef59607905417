"""Activation functions."""

from __future__ import annotations

from typing import Any

from .unary import Unary


class Sigmoid(Unary):
    """``1 / (1 + exp(-x))``

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.sigmoid(gpugrad.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """

    primitive = "sigmoid"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.sigmoid_grad(self.out, grad)


class Tanh(Unary):
    """``tanh(x)``

    Integers and bools give numbers of the default floating-point type.

    >>> import gpugrad
    >>> gpugrad.tanh(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    primitive = "tanh"
    keeps_out = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.tanh_grad(self.out, grad)


class Relu(Unary):
    """``max(x, 0)``; the gradient at 0 is 0.

    >>> import gpugrad
    >>> gpugrad.relu(gpugrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    primitive = "relu"
    floating = False
    bool_kernel = "Boolean inputs not supported for relu"
    keeps_out = True
    is_flat = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.relu_grad(self.out, grad)


class Hardtanh(Unary):
    """``x`` kept between two numbers; no gradient at them and beyond."""

    primitive = "clamp"
    floating = False
    keeps_x = True
    is_flat = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.hardtanh_grad(self.x, grad, *self.params)


class LeakyRelu(Unary):
    """``x`` where positive, ``slope * x`` elsewhere."""

    primitive = "leaky_relu"
    kernel = "leaky_relu_cpu"
    keeps_x = True
    is_flat = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.leaky_relu_grad(self.x, grad, *self.params)


class Elu(Unary):
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere."""

    primitive = "elu"
    kernel = "elu_cpu"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.elu_grad(self.x, grad, *self.params)


class Softplus(Unary):
    """``log(1 + exp(beta * x)) / beta``; ``x`` itself where ``beta * x > threshold``."""

    primitive = "softplus"
    kernel = "softplus_cpu"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.softplus_grad(self.x, grad, *self.params)


class Silu(Unary):
    """``x * sigmoid(x)``"""

    primitive = "silu"
    kernel = "silu_cpu"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.silu_grad(self.x, grad)


class Gelu(Unary):
    """``x * Phi(x)`` with the normal distribution's Phi, or its tanh approximation.

    Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
    """

    primitive = "gelu"
    kernel = "GeluKernelImpl"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.gelu_grad(self.x, grad, *self.params)


class Hardsigmoid(Unary):
    """``clamp(x + 3, 0, 6) / 6``"""

    primitive = "hardsigmoid"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.hardsigmoid_grad(self.x, grad)


class Hardswish(Unary):
    """``x * clamp(x + 3, 0, 6) / 6``"""

    primitive = "hardswish"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.hardswish_grad(self.x, grad)


class LogSigmoid(Unary):
    """``log(sigmoid(x))``"""

    primitive = "log_sigmoid"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.log_sigmoid_grad(self.x, grad)


class Mish(Unary):
    """``x * tanh(softplus(x))``

    Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019.
    """

    primitive = "mish"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mish_grad(self.x, grad)
