"""Fused primitives in composed form: written with other primitives only.

They are the fallback of every backend, the reference for its kernels, and, inherited by the
namespace of differentiable tensors, what makes higher derivatives work.
"""

from __future__ import annotations

import math
from typing import Any

Array = Any


class ComposedForms:
    """What :class:`Primitives` knows to compute by combining its own functions."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no primitive named {name!r} on {type(self).__name__}")

    def rsqrt(self, x: Array, out: Array | None = None) -> Array:
        return self.into(self.reciprocal(self.sqrt(x)), out)

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        """``1 / (1 + exp(-x))``."""
        return self.into(self.reciprocal(self.add(self.exp(self.neg(x)), 1)), out)

    def sigmoid_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        """``grad * y * (1 - y)`` for ``y = sigmoid(x)``."""
        return self.into(self.mul(grad, self.mul(self.sub(1, y), y)), out)

    def tanh_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        """``grad * (1 - y * y)`` for ``y = tanh(x)``."""
        return self.into(self.mul(grad, self.sub(1, self.square(y))), out)

    def relu(self, x: Array, out: Array | None = None) -> Array:
        """``max(x, 0)``; nan stays nan."""
        return self.into(self.maximum(x, 0), out)

    def relu_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        """``grad`` where ``y`` is not 0, else 0, for ``y = relu(x)``."""
        return self.into(self.where(self.ne(y, 0), grad, self.zeros_like(grad)), out)

    def leaky_relu(self, x: Array, slope: float, out: Array | None = None) -> Array:
        """``x`` where positive, else ``slope * x``."""
        return self.into(self.where(self.gt(x, 0), x, self.mul(x, slope)), out)

    def elu(self, x: Array, alpha: float, out: Array | None = None) -> Array:
        """``x`` where positive, else ``alpha * (exp(x) - 1)``."""
        return self.into(
            self.where(self.gt(x, 0), x, self.mul(self.expm1(self.minimum(x, 0.0)), alpha)), out
        )

    def softplus(self, x: Array, beta: float, threshold: float, out: Array | None = None) -> Array:
        """``log(1 + exp(beta * x)) / beta``, and ``x`` where ``beta * x > threshold``."""
        scaled = self.mul(x, beta)
        smooth = self.div(self.log1p(self.exp(self.minimum(scaled, threshold))), beta)
        return self.into(self.where(self.gt(scaled, threshold), x, smooth), out)

    def silu(self, x: Array, out: Array | None = None) -> Array:
        """``x * sigmoid(x)``."""
        return self.into(self.mul(x, self.sigmoid(x)), out)

    def gelu(self, x: Array, approximate: str, out: Array | None = None) -> Array:
        """``x * Phi(x)``, by erf or, with ``"tanh"``, by its usual approximation."""
        if approximate == "tanh":
            cubic = self.add(self.mul(self.mul(self.square(x), x), 0.044715), x)
            phi = self.add(self.tanh(self.mul(cubic, math.sqrt(2.0 / math.pi))), 1)
        else:
            phi = self.add(self.erf(self.mul(x, math.sqrt(0.5))), 1)
        return self.into(self.mul(self.mul(x, 0.5), phi), out)

    def cube(self, x: Array, out: Array | None = None) -> Array:
        """``x * x * x``."""
        return self.into(self.mul(self.square(x), x), out)

    def trunc_divide(self, x: Array, y: Array, out: Array | None = None) -> Array:
        """``x / y`` rounded towards zero, exact for integers too."""
        if x.dtype.kind in "iu":
            return self.into(self.floor_divide(self.sub(x, self.fmod(x, y)), y), out)
        return self.into(self.trunc(self.div(x, y)), out)

    def softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        """``exp(x - max) / sum(exp(x - max))`` along ``axis``."""
        shifted = self.exp(self.sub(x, self.amax(x, axis, True)))
        return self.into(self.div(shifted, self.sum(shifted, axis, True)), out)

    def softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        """``y * (grad - sum(grad * y))`` for ``y = softmax(x)``."""
        return self.into(self.mul(y, self.sub(grad, self.sum(self.mul(grad, y), axis, True))), out)

    def log_softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        """``x - max - log(sum(exp(x - max)))`` along ``axis``."""
        shifted = self.sub(x, self.amax(x, axis, True))
        return self.into(self.sub(shifted, self.log(self.sum(self.exp(shifted), axis, True))), out)

    def log_softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        """``grad - exp(y) * sum(grad)`` for ``y = log_softmax(x)``."""
        return self.into(self.sub(grad, self.mul(self.exp(y), self.sum(grad, axis, True))), out)

    def mse(self, x: Array, y: Array, out: Array | None = None) -> Array:
        """Mean of ``(x - y)**2`` over all elements, x and y of one shape."""
        return self.into(self.mean(self.square(self.sub(x, y))), out)

    def mse_grad(
        self, x: Array, y: Array, grad: Array, scale: float, out: Array | None = None
    ) -> Array:
        """``scale * grad * (x - y)``, the gradient of a squared error in ``x``."""
        return self.into(self.mul(self.sub(x, y), self.mul(grad, scale)), out)

    def cross_entropy(
        self, x: Array, target: Array, out: tuple[Array, Array] | None = None
    ) -> tuple[Array, Array]:
        """``-log_softmax(x)[i, target[i]]`` for every row i of a matrix, and ``softmax(x)``."""
        log_probabilities = self.log_softmax(x, 1)
        picked = self.take_along_axis(log_probabilities, self.reshape(target, (-1, 1)), 1)
        losses, softmax = self.neg(self.reshape(picked, (-1,))), self.exp(log_probabilities)
        return (
            (losses, softmax)
            if out is None
            else (
                self.into(losses, out[0]),
                self.into(softmax, out[1]),
            )
        )

    def cross_entropy_grad(
        self, softmax: Array, target: Array, grad: Array, out: Array | None = None
    ) -> Array:
        """``grad[i] * (softmax[i] - onehot(target[i]))`` for every row i."""
        column, rows = self.reshape(target, (-1, 1)), self.reshape(grad, (-1, 1))
        spread = self.mul(softmax, rows)
        return self.into(
            self.sub(spread, self.scatter_along_axis(rows, column, 1, softmax.shape)), out
        )
