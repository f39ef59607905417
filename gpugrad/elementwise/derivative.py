"""Derivatives of expressions, as expressions.

Forward through the tree: the derivative of each part follows from those of what it is made of. A
choice ``c ? x : y`` becomes the choice of the derivatives, so that what was not chosen cannot make
the result nan, as a product with a mask would.

Where a function has a corner the value is PyTorch's: 0 for ``fabs`` at 0 and for rounding; equal
operands of ``fmin`` and ``fmax`` count as if the first had been chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..backend.expressions.expression import (
    ONE,
    ZERO,
    Call,
    Expression,
    Literal,
    Name,
    call,
    choose,
    literal,
    order,
)

E = Expression
Rule = Callable[..., Expression]

_RULES_OF_ONE: dict[str, Rule] = {
    "neg": lambda y, x, dx: -dx,
    "exp": lambda y, x, dx: y * dx,
    "exp2": lambda y, x, dx: math.log(2.0) * y * dx,
    "expm1": lambda y, x, dx: (y + 1) * dx,
    "log": lambda y, x, dx: dx / x,
    "log2": lambda y, x, dx: dx / (math.log(2.0) * x),
    "log10": lambda y, x, dx: dx / (math.log(10.0) * x),
    "log1p": lambda y, x, dx: dx / (x + 1),
    "sqrt": lambda y, x, dx: dx / (2 * y),
    "rsqrt": lambda y, x, dx: -0.5 * (y * y * y) * dx,
    "cbrt": lambda y, x, dx: dx / (3 * (y * y)),
    "sin": lambda y, x, dx: call("cos", x) * dx,
    "cos": lambda y, x, dx: -(call("sin", x) * dx),
    "tan": lambda y, x, dx: (y * y + 1) * dx,
    "asin": lambda y, x, dx: call("rsqrt", 1 - x * x) * dx,
    "acos": lambda y, x, dx: -(call("rsqrt", 1 - x * x) * dx),
    "atan": lambda y, x, dx: dx / (x * x + 1),
    "sinh": lambda y, x, dx: call("cosh", x) * dx,
    "cosh": lambda y, x, dx: call("sinh", x) * dx,
    "tanh": lambda y, x, dx: (1 - y * y) * dx,
    "asinh": lambda y, x, dx: call("rsqrt", x * x + 1) * dx,
    "acosh": lambda y, x, dx: call("rsqrt", x * x - 1) * dx,
    "atanh": lambda y, x, dx: dx / (1 - x * x),
    "erf": lambda y, x, dx: 2 / math.sqrt(math.pi) * call("exp", -(x * x)) * dx,
    "erfc": lambda y, x, dx: -(2 / math.sqrt(math.pi) * call("exp", -(x * x)) * dx),
    "fabs": lambda y, x, dx: choose(
        call("gt", x, ZERO), dx, choose(call("lt", x, ZERO), -dx, ZERO)
    ),
    "floor": lambda y, x, dx: ZERO,
    "ceil": lambda y, x, dx: ZERO,
    "trunc": lambda y, x, dx: ZERO,
    "rint": lambda y, x, dx: ZERO,
}
"""The derivative of ``y = f(x)``, from that of ``x``."""


def _div(y: E, a: E, b: E, da: E, db: E) -> E:
    return da / b if db is ZERO else (da - y * db) / b


def _pow(y: E, x: E, p: E, dx: E, dp: E) -> E:
    slope = p * call("pow", x, p - 1)
    if not isinstance(p, Literal):  # 0 * pow(0, -1) would be nan
        slope = choose(call("eq", p, ZERO), ZERO, slope)
    # pow(0, p) does not change with p as long as p is positive, but log(0) is infinite.
    still = call("and", call("eq", x, ZERO), call("ge", p, ZERO))
    growth = choose(still, ZERO, y * call("log", x)) if dp is not ZERO else ZERO
    return slope * dx + growth * dp


def _atan2(y: E, a: E, b: E, da: E, db: E) -> E:
    return (da * b - a * db) / (a * a + b * b)


def _hypot(y: E, a: E, b: E, da: E, db: E) -> E:
    return (a * da + b * db) / y


def _chosen(comparison: str) -> Rule:
    """For the smaller or larger of two, which is the other one if one is nan."""

    def rule(y: E, a: E, b: E, da: E, db: E) -> E:
        first = call("or", call(comparison, a, b), call("isnan", b))
        return choose(first, da, db)

    return rule


def _copysign(y: E, a: E, b: E, da: E, db: E) -> E:
    signs = call("copysign", ONE, a) * call("copysign", ONE, b)
    return choose(call("eq", a, ZERO), ZERO, signs * da)


_RULES_OF_TWO: dict[str, Rule] = {
    "add": lambda y, a, b, da, db: da + db,
    "sub": lambda y, a, b, da, db: da - db,
    "mul": lambda y, a, b, da, db: da * b + a * db,
    "div": _div,
    "pow": _pow,
    "atan2": _atan2,
    "hypot": _hypot,
    "fmin": _chosen("le"),
    "fmax": _chosen("ge"),
    "fmod": lambda y, a, b, da, db: da - call("trunc", call("div", a, b)) * db,
    "copysign": _copysign,
}
"""The same for two operands."""

RULES = {**_RULES_OF_ONE, **_RULES_OF_TWO}


def derivative(of: Expression, by: str) -> Expression:
    """The derivative of an expression by the input of this name."""
    found: dict[Expression, Expression] = {}
    for node in order([of]):
        if isinstance(node, Name):
            found[node] = literal(float(node.name == by))
        elif isinstance(node, Call) and not node.condition:
            found[node] = _of_call(node, [found.get(a, ZERO) for a in node.args])
    return found.get(of, ZERO)


def _of_call(node: Call, inner: list[Expression]) -> Expression:
    if node.function == "where":
        return choose(node.args[0], inner[1], inner[2])
    if all(d is ZERO for d in inner):
        return ZERO
    return RULES[node.function](node, *node.args, *inner)
