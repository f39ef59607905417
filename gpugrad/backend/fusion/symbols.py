"""The elementwise primitives over expressions: what each computes from one element of its operands.

The fused ones need no definition here. They run in their composed form.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..composed import ComposedForms
from ..expressions.expression import ONE, ZERO, Expression, call, choose, literal
from ..expressions.functions import FUNCTIONS

E = Expression
Value = Expression | float


def expression(value: Value) -> Expression:
    """A number as an expression."""
    return value if isinstance(value, Expression) else literal(value)


class Symbols(ComposedForms):
    """See the module. Operands are expressions and numbers."""

    def zeros_like(self, x: E, out: None = None) -> E:
        return ZERO

    def ones_like(self, x: E, out: None = None) -> E:
        return ONE

    def into(self, value: E, out: None) -> E:
        return value

    def copy(self, x: E) -> E:
        return x

    def square(self, x: E) -> E:
        return call("mul", x, x)

    def reciprocal(self, x: E) -> E:
        return call("div", ONE, x)

    def sign(self, x: E) -> E:
        below = choose(call("lt", x, ZERO), -1.0, x)  # 0 and nan stay what they are
        return choose(call("gt", x, ZERO), ONE, below)

    def maximum(self, x: Value, y: Value) -> E:
        return _extreme("gt", x, y)

    def minimum(self, x: Value, y: Value) -> E:
        return _extreme("lt", x, y)

    def clamp(self, x: E, low: Value | None, high: Value | None) -> E:
        x = x if low is None else self.maximum(x, low)
        return x if high is None else self.minimum(x, high)


def _extreme(comparison: str, x: Value, y: Value) -> Expression:
    """The larger or smaller of two; nan if one is."""
    x, y = expression(x), expression(y)
    first = call("or", call(comparison, x, y), call("isnan", x))
    return choose(first, x, y)


def _function(name: str) -> Callable[..., Expression]:
    def of_values(self: Symbols, *operands: Value) -> Expression:
        return call(name, *map(expression, operands))

    return of_values


for _name, _spec in FUNCTIONS.items():
    setattr(Symbols, _spec.primitive, _function(_name))

_symbols = Symbols()

BASIC = frozenset(
    (
        *(spec.primitive for spec in FUNCTIONS.values()),
        *("square", "reciprocal", "sign", "maximum", "minimum", "clamp", "copy", "rsqrt", "cube"),
    )
)
ACTIVATIONS = frozenset(
    (
        *("sigmoid", "sigmoid_grad", "tanh_grad", "relu", "relu_grad"),
        *("hardtanh_grad", "leaky_relu", "leaky_relu_grad", "elu", "softplus", "softplus_grad"),
        *("silu", "silu_grad", "gelu", "gelu_grad"),
    )
)
ELEMENTWISE = BASIC | ACTIVATIONS | {"mse", "mse_grad"}
"""The primitives that are computed element by element; ``mse`` where it is not reduced."""

SEVERAL_LAUNCHES = frozenset(["clamp", "elu", "cube", "rsqrt"])
"""Those of them that are several kernels by themselves."""


@functools.cache
def computes(name: str) -> Callable[..., Expression]:
    """The function of expressions and numbers that a primitive of :data:`ELEMENTWISE` is."""
    found: Any = getattr(_symbols, name)
    return found  # type: ignore[no-any-return]
