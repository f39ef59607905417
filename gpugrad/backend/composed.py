"""Fused primitives in composed form: written with other primitives only.

They are the fallback of every backend, the reference for its kernels, and, inherited by the
namespace of differentiable tensors, what makes higher derivatives work.
"""

from __future__ import annotations

import math
from typing import Any

from .pairs import FusedPairs
from .philox import next_draw, philox_words, split_draw, words_kept

Array = Any


class ComposedForms(FusedPairs):
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

    def leaky_relu_grad(
        self, x: Array, grad: Array, slope: float, out: Array | None = None
    ) -> Array:
        """``grad`` where ``x`` is positive, else ``slope * grad``."""
        return self.into(self.where(self.gt(x, 0), grad, self.mul(grad, slope)), out)

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

    def softplus_grad(
        self, x: Array, grad: Array, beta: float, threshold: float, out: Array | None = None
    ) -> Array:
        """``grad * sigmoid(beta * x)``, and ``grad`` where ``beta * x > threshold``."""
        scaled = self.mul(x, beta)
        smooth = self.mul(grad, self.sigmoid(scaled))
        return self.into(self.where(self.gt(scaled, threshold), grad, smooth), out)

    def silu(self, x: Array, out: Array | None = None) -> Array:
        """``x * sigmoid(x)``."""
        return self.into(self.mul(x, self.sigmoid(x)), out)

    def silu_grad(self, x: Array, grad: Array, out: Array | None = None) -> Array:
        """``grad * s * (1 + x * (1 - s))`` with ``s = sigmoid(x)``."""
        s = self.sigmoid(x)
        slope = self.mul(s, self.add(self.mul(x, self.sub(1, s)), 1))
        return self.into(self.mul(grad, slope), out)

    def gelu(self, x: Array, approximate: str, out: Array | None = None) -> Array:
        """``x * Phi(x)``, by erf or, with ``"tanh"``, by its usual approximation."""
        if approximate == "tanh":
            cubic = self.add(self.mul(self.mul(self.square(x), x), 0.044715), x)
            phi = self.add(self.tanh(self.mul(cubic, math.sqrt(2.0 / math.pi))), 1)
        else:
            phi = self.add(self.erf(self.mul(x, math.sqrt(0.5))), 1)
        return self.into(self.mul(self.mul(x, 0.5), phi), out)

    def gelu_grad(self, x: Array, grad: Array, approximate: str, out: Array | None = None) -> Array:
        """``grad * (Phi(x) + x * phi(x))`` with the normal distribution's phi = Phi', or the
        gradient of the approximation by tanh."""
        if approximate == "tanh":
            k = math.sqrt(2.0 / math.pi)
            square = self.square(x)
            inner = self.mul(self.add(self.mul(self.mul(square, x), 0.044715), x), k)
            t = self.tanh(inner)
            slope = self.mul(self.add(self.mul(square, 3 * 0.044715), 1), k)
            bend = self.mul(self.mul(x, self.sub(1, self.square(t))), slope)
            total = self.mul(self.add(self.add(t, 1), bend), 0.5)
        else:
            cdf = self.mul(self.add(self.erf(self.mul(x, math.sqrt(0.5))), 1), 0.5)
            bell = self.exp(self.mul(self.square(x), -0.5))
            density = self.mul(bell, 1.0 / math.sqrt(2.0 * math.pi))
            total = self.add(cdf, self.mul(x, density))
        return self.into(self.mul(grad, total), out)

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

    def mse(self, x: Array, y: Array, reduction: str, out: Array | None = None) -> Array:
        """``(x - y)**2`` for x and y of one shape: each ("none"), their "sum" or their "mean"."""
        squares = self.square(self.sub(x, y))
        if reduction == "mean":
            squares = self.mean(squares)
        elif reduction == "sum":
            squares = self.sum(squares)
        return self.into(squares, out)

    def mse_grad(
        self, x: Array, y: Array, grad: Array, scale: float, out: Array | None = None
    ) -> Array:
        """``scale * grad * (x - y)``, the gradient of a squared error in ``x``."""
        return self.into(self.mul(self.sub(x, y), self.mul(grad, scale)), out)

    def cross_entropy(
        self,
        x: Array,
        target: Array,
        ignore_index: int | None,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        """``-log_softmax(x)[i, target[i]]`` for every row i of a matrix, and ``softmax(x)``.

        The loss is 0 where ``target[i]`` is ``ignore_index``. None says that there is no such row.
        """
        log_probabilities = self.log_softmax(x, 1)
        column = self.reshape(self._classes(target, ignore_index), (-1, 1))
        picked = self.take_along_axis(log_probabilities, column, 1)
        losses, softmax = self.neg(self.reshape(picked, (-1,))), self.exp(log_probabilities)
        if ignore_index is not None:
            ignored = self.eq(target, ignore_index)
            losses = self.where(ignored, self.zeros_like(losses), losses)
        if out is None:
            return losses, softmax
        return self.into(losses, out[0]), self.into(softmax, out[1])

    def _classes(self, target: Array, ignore_index: int | None) -> Array:
        """The target with a class in place of ``ignore_index``."""
        if ignore_index is None:
            return target
        return self.where(self.eq(target, ignore_index), self.zeros_like(target), target)

    def cross_entropy_mean(
        self,
        losses: Array,
        target: Array,
        ignore_index: int,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        """The mean of the losses whose target is not ``ignore_index``, and how many there are.

        The number is in the type of the arithmetic: float32 for the 16-bit types. The mean of none
        is nan.
        """
        kind = "float64" if losses.dtype.itemsize == 8 else "float32"
        count = self.asarray(self.sum(self.cast(self.ne(target, ignore_index), kind)))
        total = self.sum(self.cast(losses, kind))
        mean = self.cast(self.asarray(self.div(total, count)), losses.dtype)
        return (mean, count) if out is None else (self.into(mean, out[0]), self.into(count, out[1]))

    def cross_entropy_grad(
        self,
        softmax: Array,
        target: Array,
        grad: Array,
        count: Array | None,
        ignore_index: int | None,
        out: Array | None = None,
    ) -> Array:
        """``grad[i] * (softmax[i] - onehot(target[i]))`` for every row i, 0 for ignored ones.

        ``grad`` is one number for each row or one for all, and is divided by ``count`` if there
        is one.
        """
        rows = softmax.shape[0]
        if count is not None:
            share = self.asarray(self.div(self.cast(grad, count.dtype), count))
            grad = self.cast(share, grad.dtype)
        wide = self.broadcast_to(self.reshape(grad, (-1, 1)), (rows, 1))
        column = self.reshape(self._classes(target, ignore_index), (-1, 1))
        spread = self.mul(softmax, wide)
        result = self.sub(spread, self.scatter_along_axis(wide, column, 1, softmax.shape))
        if ignore_index is not None:
            ignored = self.reshape(self.eq(target, ignore_index), (-1, 1))
            result = self.where(ignored, self.zeros_like(result), result)
        return self.into(result, out)

    def layer_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        eps: float,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        """``(x - mean) * rstd * weight + bias`` in every row of a matrix, mean and rstd.

        ``rstd = 1 / sqrt(variance + eps)``. Mean and rstd are of shape (rows, 1) and in the type of
        the arithmetic: float32 for the 16-bit types.
        """
        wide = x if x.dtype.itemsize > 2 else self.cast(x, "float32")
        mean = self.mean(wide, 1, True)
        centred = self.sub(wide, mean)
        rstd = self.rsqrt(self.add(self.mean(self.square(centred), 1, True), eps))
        y = self.mul(centred, rstd)
        if weight is not None:
            y = self.mul(y, weight)
        if bias is not None:
            y = self.add(y, bias)
        y = y if wide is x else self.cast(y, x.dtype)
        if out is None:
            return y, mean, rstd
        return self.into(y, out[0]), self.into(mean, out[1]), self.into(rstd, out[2])

    def layer_norm_grad(
        self,
        grad: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        rstd: Array,
        wanted: tuple[bool, bool, bool],
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array | None, Array | None, Array | None]:
        """The gradients of :meth:`layer_norm` in x, weight and bias; None for those not wanted.

        With ``h = (x - mean) * rstd`` and ``g = grad * weight``: in x, in every row,
        ``(g - mean(g) - h * mean(g * h)) * rstd``; in weight ``sum(grad * h)`` and in bias
        ``sum(grad)``, over the rows.
        """
        kind, narrow = x.dtype, x.dtype.itemsize == 2
        if narrow:
            grad, x = self.cast(grad, "float32"), self.cast(x, "float32")
        normal = self.mul(self.sub(x, mean), rstd)
        found: list[Array | None] = [None, None, None]
        if wanted[0]:
            g = grad if weight is None else self.mul(grad, weight)
            along = self.mul(normal, self.mean(self.mul(g, normal), 1, True))
            across = self.sub(self.sub(g, self.mean(g, 1, True)), along)
            found[0] = self.mul(across, rstd)
        if wanted[1]:
            found[1] = self.sum(self.mul(grad, normal), 0)
        if wanted[2]:
            found[2] = self.sum(grad, 0)
        if narrow:
            found = [a if a is None else self.cast(a, kind) for a in found]
        into = out or (None, None, None)
        in_x, in_weight, in_bias = (
            a if a is None else self.into(a, b) for a, b in zip(found, into, strict=True)
        )
        return in_x, in_weight, in_bias
