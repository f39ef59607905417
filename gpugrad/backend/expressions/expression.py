"""Expressions as trees that share their equal parts: two equal expressions are one object.

So what occurs several times is known by its identity: it is differentiated once, and computed
once by the kernel. :func:`call` builds what a user has written; Python's operators on expressions
are for derivatives and treat 0 as algebra does: ``0 * x`` is 0, whatever ``x`` may become.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from .. import cpu
from .functions import FUNCTIONS


class Expression:
    """A number, or a condition (which is true or false), that depends on named inputs."""

    __slots__ = ("__weakref__",)

    condition = False
    args: tuple[Expression, ...] = ()

    def __add__(self, other: Expression | float) -> Expression:
        return call("add", self, _expression(other))

    def __radd__(self, other: float) -> Expression:
        return call("add", literal(other), self)

    def __sub__(self, other: Expression | float) -> Expression:
        return call("sub", self, _expression(other))

    def __rsub__(self, other: float) -> Expression:
        return call("sub", literal(other), self)

    def __mul__(self, other: Expression | float) -> Expression:
        other = _expression(other)
        return ZERO if ZERO in (self, other) else call("mul", self, other)

    def __rmul__(self, other: float) -> Expression:
        return literal(other) * self

    def __truediv__(self, other: Expression | float) -> Expression:
        return ZERO if self is ZERO else call("div", self, _expression(other))

    def __rtruediv__(self, other: float) -> Expression:
        return literal(other) / self

    def __neg__(self) -> Expression:
        return call("neg", self)


class Literal(Expression):
    """A number that is known, or one of the conditions ``true`` and ``false``."""

    __slots__ = ("condition", "value")

    def __init__(self, value: float, condition: bool) -> None:
        self.value, self.condition = value, condition


class Name(Expression):
    """An input."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Call(Expression):
    """A function or an operator (see ``FUNCTIONS``) of other expressions."""

    __slots__ = ("args", "condition", "function")

    def __init__(self, function: str, args: tuple[Expression, ...]) -> None:
        self.function, self.args = function, args
        self.condition = FUNCTIONS[function].gives_condition


_known: WeakValueDictionary[Any, Any] = WeakValueDictionary()


def literal(value: float, condition: bool = False) -> Literal:
    """A number, or with ``condition`` whether it is not 0."""
    value = float(bool(value)) if condition else float(value)
    # By its digits: 0.0 and -0.0 are equal and not the same, nan is not equal to itself.
    made: Literal = _known.setdefault((value.hex(), condition), Literal(value, condition))
    return made


def name(of_input: str) -> Name:
    """The input of this name."""
    made: Name = _known.setdefault(("name", of_input), Name(of_input))
    return made


def call(function: str, *args: Expression) -> Expression:
    """A function of ``FUNCTIONS``, of numbers and conditions as it needs them.

    What is known without the inputs is computed now, and what changes nothing is left out.
    """
    spec = FUNCTIONS[function]
    conditions = 0 if not spec.takes_conditions else 1 if function == "where" else len(args)
    args = tuple(as_condition(a) if i < conditions else as_number(a) for i, a in enumerate(args))
    if all(isinstance(a, Literal) for a in args):
        return _folded(function, args)
    if function in _SHORTER:
        found: Expression | None = _SHORTER[function](*args)
        if found is not None:
            return found
    made: Expression = _known.setdefault((function, *args), Call(function, args))
    return made


def as_number(x: Expression) -> Expression:
    """A condition as C counts with it: 1 or 0."""
    return call("where", x, ONE, ZERO) if x.condition else x


def as_condition(x: Expression) -> Expression:
    """A number as C decides by it: whether it is not 0."""
    if x.condition:
        return x
    return literal(x.value, True) if isinstance(x, Literal) else call("ne", x, ZERO)


def choose(condition: Expression, x: Expression | float, y: Expression | float) -> Expression:
    """``condition ? x : y``"""
    return call("where", condition, _expression(x), _expression(y))


def order(roots: Iterable[Expression]) -> list[Expression]:
    """All parts of some expressions, each once and after what it is made of."""
    done: dict[Expression, None] = {}
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        if ready or not node.args:
            done[node] = None
        else:
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args) if a not in done)
    return list(done)


def names_in(roots: Iterable[Expression]) -> set[str]:
    """The inputs on which some expressions depend."""
    return {node.name for node in order(roots) if isinstance(node, Name)}


def _expression(value: Expression | float) -> Expression:
    return value if isinstance(value, Expression) else literal(value)


def _folded(function: str, args: tuple[Expression, ...]) -> Literal:
    values = [a.value for a in args if isinstance(a, Literal)]
    if function == "where":
        return literal(values[1] if values[0] else values[2])
    compute = getattr(cpu, FUNCTIONS[function].primitive)
    with np.errstate(all="ignore"):
        return literal(
            float(compute(*map(np.asarray, values))), FUNCTIONS[function].gives_condition
        )


# --- what changes nothing -------------------------------------------------------------------------


def _is_neg(x: Expression) -> bool:
    return isinstance(x, Call) and x.function == "neg"


def _add(x: Expression, y: Expression) -> Expression | None:
    if x is ZERO or y is ZERO:
        return y if x is ZERO else x
    if _is_neg(y):
        return call("sub", x, y.args[0])
    return call("sub", y, x.args[0]) if _is_neg(x) else None


def _sub(x: Expression, y: Expression) -> Expression | None:
    if y is ZERO:
        return x
    if x is ZERO:
        return call("neg", y)
    return call("add", x, y.args[0]) if _is_neg(y) else None


def _mul(x: Expression, y: Expression) -> Expression | None:
    if x is ONE or y is ONE:
        return y if x is ONE else x
    if x is MINUS_ONE or y is MINUS_ONE:
        return call("neg", y if x is MINUS_ONE else x)
    if _is_neg(x):
        return call("neg", call("mul", x.args[0], y))
    if _is_neg(y):
        return call("neg", call("mul", x, y.args[0]))
    for one, other in ((x, y), (y, x)):  # a * (1 / b) is a / b
        if isinstance(one, Call) and one.function == "div" and one.args[0] is ONE:
            return call("div", other, one.args[1])
    return None


def _div(x: Expression, y: Expression) -> Expression | None:
    if y is ONE:
        return x
    if _is_neg(x):
        return call("neg", call("div", x.args[0], y))
    return call("neg", call("div", x, y.args[0])) if _is_neg(y) else None


def _neg(x: Expression) -> Expression | None:
    if _is_neg(x):
        return x.args[0]
    if isinstance(x, Call) and x.function == "sub":
        return call("sub", x.args[1], x.args[0])
    return None


def _not(x: Expression) -> Expression | None:
    return x.args[0] if isinstance(x, Call) and x.function == "not" else None


def _where(condition: Expression, x: Expression, y: Expression) -> Expression | None:
    if isinstance(condition, Literal):
        return x if condition.value else y
    return x if x is y else None


def _pow(x: Expression, y: Expression) -> Expression | None:
    """Small whole powers as products, which are exact to the last bit and much faster."""
    if not isinstance(y, Literal) or y.value not in (-1.0, 0.0, 1.0, 2.0, 3.0, 4.0):
        return None
    if y.value <= 0:
        return call("div", ONE, x) if y.value else ONE
    square = call("mul", x, x)
    products = {1.0: x, 2.0: square, 3.0: call("mul", square, x), 4.0: call("mul", square, square)}
    return products[y.value]


_SHORTER: dict[str, Any] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "not": _not,
    "where": _where,
    "pow": _pow,
}

ZERO, ONE, MINUS_ONE = literal(0.0), literal(1.0), literal(-1.0)
