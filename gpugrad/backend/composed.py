"""Fused primitives in composed form: written with other primitives only.

They are the fallback of every backend, the reference for its kernels, and, inherited by the
namespace of differentiable tensors, what makes higher derivatives work.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .composed_pointwise import ComposedPointwise
from .composed_rows import ComposedRows
from .parts import (
    ComposedAttention,
    ComposedCells,
    ComposedNorms,
    ComposedWindows,
    FusedPairs,
)
from .philox import next_draw, philox_words, split_draw, words_kept

Array = Any


class ComposedForms(
    ComposedAttention,
    ComposedCells,
    ComposedNorms,
    ComposedPointwise,
    ComposedRows,
    ComposedWindows,
    FusedPairs,
):
    """What :class:`Primitives` knows to compute by combining its own functions."""

    if TYPE_CHECKING:  # the other primitives; at run time it would slow every look-up down

        def __getattr__(self, name: str) -> Any: ...

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

    def hardtanh_grad(
        self, x: Array, grad: Array, low: float, high: float, out: Array | None = None
    ) -> Array:
        """``grad`` where ``x`` is between the numbers and neither of them, else 0."""
        zeros = self.zeros_like(grad)
        below = self.where(self.lt(x, high), grad, zeros)
        return self.into(self.where(self.gt(x, low), below, zeros), out)

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
        if (x if hasattr(x, "dtype") else y).dtype.kind in "iu":
            return self.into(self.floor_divide(self.sub(x, self.fmod(x, y)), y), out)
        return self.into(self.trunc(self.div(x, y)), out)

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

    def dropout(self, x: Array, draw: Array, p: float, out: Array | None = None) -> Array:
        """``x / (1 - p)`` where the random word of the element keeps it, else 0.

        ``draw`` holds the seed and the number of the draw; see :func:`~.philox.philox_words`.
        """
        words = philox_words(*split_draw(draw), x.size, self.module)
        kept = self.reshape(words < words_kept(p), x.shape)
        factors = self.mul(self.cast(kept, "float32"), 1 / (1 - p))
        return self.into(self.mul(x, self.cast(factors, x.dtype)), out)

    def draw_dropout(
        self, x: Array, state: Array, p: float, out: tuple[Array, Array] | None = None
    ) -> tuple[Array, Array]:
        """:meth:`dropout` by the next draw of a stream, and that draw; ``state`` goes on."""
        given, kept = out or (None, None)
        draw = next_draw(state)
        return self.dropout(x, draw, p, given), self.into(draw, kept)

    def embedding(self, weight: Array, index: Array, out: Array | None = None) -> Array:
        """``weight[index]``: rows of a table."""
        return self.into(self.getitem(weight, index), out)

    def embedding_grad(
        self,
        grad: Array,
        index: Array,
        rows: int,
        padding: int,
        by_frequency: bool,
        out: Array | None = None,
    ) -> Array:
        """For each of ``rows`` rows of the table the sum of the gradients at its indices.

        It is divided by how many there are if ``by_frequency``, and 0 for the row ``padding``,
        which is -1 for none.
        """
        cols = grad.shape[-1]
        out = self.zeros((rows, cols), grad.dtype, out)
        flat = self.reshape(index, (-1,))
        self.index_add(out, (flat,), self.reshape(grad, (flat.size, cols)))
        if by_frequency:
            ones = self.full((flat.size, 1), 1, "float32")
            counts = self.index_add(self.zeros((rows, 1), "float32"), (flat,), ones)
            self.copy(self.div(out, self.cast(self.maximum(counts, 1), out.dtype)), out)
        if padding >= 0:
            self.setitem(out, padding, 0)
        return out
