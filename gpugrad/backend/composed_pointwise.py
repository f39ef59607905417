"""Elementwise functions that other libraries make of several, in composed form.

Where a program of fixed steps is noted, it is their parts that are: those it can fuse with others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

Array = Any

NOTED_IN_PARTS = frozenset(
    (
        *("clamp_grad", "elu_grad", "hardsigmoid", "hardsigmoid_grad"),
        *("hardswish", "hardswish_grad", "log_sigmoid", "log_sigmoid_grad", "mish", "mish_grad"),
        *("bce_with_logits", "bce_with_logits_grad", "huber", "huber_grad"),
        *("addcmul", "addcdiv", "add_scaled", "lerp", "div_grad", "sum_of_squares"),
        *("cumsum_backward", "linear_grad"),
    )
)


class ComposedPointwise:
    """Of :class:`ComposedForms` the part that this file's first line speaks of."""

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def _like(self, value: Array, x: Array) -> Array:
        """A result in the type of ``x``: beside a bare number NumPy widens bfloat16."""
        return value if value.dtype == x.dtype else self.cast(value, x.dtype)

    def _times(self, x: Array, number: float) -> Array:
        return self.mul(x, self.full((), number, x.dtype) if x.dtype.kind == "V" else number)

    # --- functions of three operands --------------------------------------------------------------

    def addcmul(
        self, x: Array, y: Array, z: Array, value: float, out: Array | None = None
    ) -> Array:
        """``x + y * z * value``."""
        product = self.mul(y, z)
        return self.add(x, product if value == 1 else self._times(product, value), out=out)

    def addcdiv(
        self, x: Array, y: Array, z: Array, value: float, out: Array | None = None
    ) -> Array:
        """``x + y / z * value``."""
        ratio = self.div(y, z)
        return self.add(x, ratio if value == 1 else self._times(ratio, value), out=out)

    def add_scaled(self, x: Array, y: Array, value: float, out: Array | None = None) -> Array:
        """``x + y * value``."""
        return self.add(x, self.mul(y, value), out=out)

    def lerp(self, x: Array, y: Array, weight: float, out: Array | None = None) -> Array:
        """``x + weight * (y - x)``, from the nearer end, so that both are reached exactly."""
        distance = self.sub(y, x)
        if abs(weight) < 0.5:
            return self.add(x, self._times(distance, weight), out=out)
        return self.sub(y, self._times(distance, 1 - weight), out=out)

    def div_grad(self, x: Array, y: Array, grad: Array, out: Array | None = None) -> Array:
        """``-grad * (x / y) / y``: the gradient of a quotient in its divisor."""
        return self.into(self.mul(self.neg(grad), self.div(self.div(x, y), y)), out)

    def sum_of_squares(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        """The sum of ``x * x`` over some dimensions, or all."""
        return self.into(self.sum(self.square(x), axis, keepdims), out)

    def cumsum_backward(self, x: Array, axis: int, out: Array | None = None) -> Array:
        """The sums from each place to the end of a dimension."""
        axes = (axis,)
        return self.into(self.flip(self.cumsum(self.flip(x, axes), axis), axes), out)

    def triangle(self, x: Array, diagonal: int, below: bool, out: Array | None = None) -> Array:
        """Matrices with zeros above a diagonal, or below it."""
        rows, columns = (self.arange(0, n, 1, "int64") for n in x.shape[-2:])
        distance = self.sub(columns, self.reshape(rows, (-1, 1)))
        kept = (self.le if below else self.ge)(distance, diagonal)
        return self.into(self.where(kept, x, self.zeros((), x.dtype)), out)

    # --- activations ------------------------------------------------------------------------------

    def clamp_grad(
        self, x: Array, grad: Array, low: Any, high: Any, out: Array | None = None
    ) -> Array:
        """``grad`` where ``low <= x <= high``, else 0; either bound may be None."""
        inside = None if low is None else self.ge(x, low)
        if high is not None:
            below = self.le(x, high)
            inside = below if inside is None else self.logical_and(inside, below)
        if inside is None:
            return self.into(grad, out)
        return self.into(self.where(inside, grad, self.zeros_like(grad)), out)

    def elu_grad(self, x: Array, grad: Array, alpha: float, out: Array | None = None) -> Array:
        """``grad`` where ``x`` is positive, else ``grad * alpha * exp(x)``."""
        slope = self.mul(self.exp(self.minimum(x, 0.0)), alpha)
        falling = self.cast(self.mul(grad, slope), grad.dtype)
        return self.into(self.where(self.gt(x, 0), grad, falling), out)

    def hardsigmoid(self, x: Array, out: Array | None = None) -> Array:
        """``clamp(x + 3, 0, 6) / 6``."""
        return self.into(self._like(self.div(self.clamp(self.add(x, 3), 0.0, 6.0), 6), x), out)

    def hardsigmoid_grad(self, x: Array, grad: Array, out: Array | None = None) -> Array:
        """``grad / 6`` where ``-3 < x < 3``, else 0."""
        return self.into(self._like(self.hardtanh_grad(x, self.div(grad, 6), -3.0, 3.0), grad), out)

    def hardswish(self, x: Array, out: Array | None = None) -> Array:
        """``x * clamp(x + 3, 0, 6) / 6``."""
        return self.into(
            self._like(self.div(self.mul(x, self.clamp(self.add(x, 3), 0.0, 6.0)), 6), x), out
        )

    def hardswish_grad(self, x: Array, grad: Array, out: Array | None = None) -> Array:
        """0 where ``x <= -3``, ``grad`` where ``x >= 3``, between them ``grad * (x / 3 + 1/2)``."""
        slope = self.add(self.div(x, 3), 0.5)
        slope = self.where(self.ge(x, 3), self.ones_like(slope), slope)
        slope = self.where(self.le(x, -3), self.zeros_like(slope), slope)
        return self.into(self._like(self.mul(grad, slope), grad), out)

    def log_sigmoid(self, x: Array, out: Array | None = None) -> Array:
        """``log(sigmoid(x)) = min(x, 0) - log(1 + exp(-|x|))``."""
        rest = self.log1p(self.exp(self.neg(self.abs(x))))
        return self.into(self._like(self.sub(self.minimum(x, 0.0), rest), x), out)

    def log_sigmoid_grad(self, x: Array, grad: Array, out: Array | None = None) -> Array:
        """``grad * sigmoid(-x)``."""
        return self.into(self._like(self.mul(grad, self.sigmoid(self.neg(x))), grad), out)

    def mish(self, x: Array, out: Array | None = None) -> Array:
        """``x * tanh(softplus(x))``."""
        return self.into(self._like(self.mul(x, self.tanh(self.softplus(x, 1.0, 20.0))), x), out)

    def mish_grad(self, x: Array, grad: Array, out: Array | None = None) -> Array:
        """``grad * (t + x * sigmoid(x) * (1 - t * t))`` with ``t = tanh(softplus(x))``."""
        t = self.tanh(self.softplus(x, 1.0, 20.0))
        bend = self.mul(self.mul(x, self.sigmoid(x)), self.sub(1, self.square(t)))
        return self.into(self._like(self.mul(grad, self.add(t, bend)), grad), out)

    # --- losses -----------------------------------------------------------------------------------

    def bce_with_logits(self, x: Array, y: Array, out: Array | None = None) -> Array:
        """``(1 - y) * x + log(1 + exp(-x))``, without overflow."""
        tail = self.sub(self.log1p(self.exp(self.neg(self.abs(x)))), self.minimum(x, 0.0))
        return self.into(self._like(self.add(self.mul(self.sub(1, y), x), tail), x), out)

    def bce_with_logits_grad(
        self, x: Array, y: Array, grad: Array, out: Array | None = None
    ) -> Array:
        """``grad * (sigmoid(x) - y)``."""
        return self.into(self._like(self.mul(grad, self.sub(self.sigmoid(x), y)), grad), out)

    def huber(
        self, x: Array, y: Array, delta: float, scale: float, out: Array | None = None
    ) -> Array:
        """``scale * d**2 / 2`` where ``d = |x - y| <= delta``, else ``scale * delta * (d - delta /
        2)``."""
        distance = self.abs(self.sub(x, y))
        square = self.mul(self.square(distance), 0.5)
        line = self.mul(self.sub(distance, 0.5 * delta), delta)
        found = self.where(self.le(distance, delta), square, line)
        return self.into(self._like(found if scale == 1 else self.mul(found, scale), x), out)

    def huber_grad(
        self,
        x: Array,
        y: Array,
        grad: Array,
        delta: float,
        scale: float,
        out: Array | None = None,
    ) -> Array:
        """``grad * scale * clamp(x - y, -delta, delta)``."""
        slope = self.clamp(self.sub(x, y), -delta, delta)
        return self.into(
            self._like(self.mul(grad, slope if scale == 1 else self.mul(slope, scale)), grad), out
        )
