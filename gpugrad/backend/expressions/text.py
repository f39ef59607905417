"""Expressions written out in C: for people to read, and for the compiler.

What occurs several times is computed by a statement of its own, in the order in which it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .expression import Call, Expression, Literal, Name, order

_SIGNS = {
    "or": ("||", 2),
    "and": ("&&", 3),
    "eq": ("==", 4),
    "ne": ("!=", 4),
    "lt": ("<", 5),
    "le": ("<=", 5),
    "gt": (">", 5),
    "ge": (">=", 5),
    "add": ("+", 6),
    "sub": ("-", 6),
    "mul": ("*", 7),
    "div": ("/", 7),
}
"""The sign of each operator of two operands, and how strongly it binds."""

CHOICE, OR, AND, PREFIX, WHOLE = 1, 2, 3, 8, 9
"""How strongly the rest binds; names, numbers and calls are never taken apart."""


@dataclass(frozen=True)
class Statement:
    """A part of an expression under a name of its own.

    Attributes:
        name: such as ``t0``.
        condition: whether it is a condition and not a number.
        text: what it is, without the semicolon.
    """

    name: str
    condition: bool
    text: str


def plain_number(value: float) -> str:
    """A number as users write it."""
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e9 else repr(value)


def written(
    outputs: Sequence[Expression],
    number: Callable[[float], str] = plain_number,
    taken: Collection[str] = (),
    spelled: Callable[[str], str] = str,
) -> tuple[list[Statement], list[str]]:
    """The statements that compute what is shared, and the text of each output.

    Args:
        outputs: what to write.
        number: how to write a literal.
        taken: names that statements must not have; those of the inputs are avoided anyway.
        spelled: how to write the name of an input.
    """
    nodes = order(outputs)
    uses = dict.fromkeys(nodes, 0)
    for node in (*(a for n in nodes for a in n.args), *outputs):
        uses[node] += 1
    avoided = {*taken, *(spelled(n.name) for n in nodes if isinstance(n, Name))}
    fresh = (name for i in range(len(nodes) + len(avoided)) if (name := f"t{i}") not in avoided)
    statements: list[Statement] = []
    texts: dict[Expression, tuple[str, int]] = {}
    for node in nodes:
        if isinstance(node, Literal):
            texts[node] = _literal(node, number)
        elif isinstance(node, Name):
            texts[node] = spelled(node.name), WHOLE
        else:
            assert isinstance(node, Call)
            text, strength = _call(node, [texts[a] for a in node.args])
            if uses[node] > 1:
                statements.append(Statement(next(fresh), node.condition, text))
                text, strength = statements[-1].name, WHOLE
            texts[node] = text, strength
    return statements, [texts[o][0] for o in outputs]


def one_line(expression: Expression) -> str:
    """An expression as text that can be read again: ``t0 = exp(x); t0 / (1 + t0)``."""
    statements, (result,) = written([expression])
    return "; ".join([*(f"{s.name} = {s.text}" for s in statements), result])


def _literal(node: Literal, number: Callable[[float], str]) -> tuple[str, int]:
    if node.condition:
        return ("true" if node.value else "false"), WHOLE
    text = number(node.value)
    return text, PREFIX if text.startswith("-") else WHOLE


def _call(node: Call, args: list[tuple[str, int]]) -> tuple[str, int]:
    if node.function in _SIGNS:
        sign, strength = _SIGNS[node.function]
        # Compilers ask for brackets in `(a && b) || c`, which C does not need.
        first, second = (AND + 1 if a[1] == AND and strength == OR else strength for a in args)
        return f"{_within(args[0], first)} {sign} {_within(args[1], second + 1)}", strength
    if node.function == "where":
        condition, x, y = args
        choices = f"{_within(x, CHOICE + 1)} : {_within(y, CHOICE)}"
        return f"{_within(condition, CHOICE + 1)} ? {choices}", CHOICE
    if node.function in ("neg", "not"):
        sign = "-" if node.function == "neg" else "!"
        # A second minus beside the first would be another operator.
        return sign + _within(args[0], WHOLE if args[0][0].startswith("-") else PREFIX), PREFIX
    return f"{node.function}({', '.join(text for text, _ in args)})", WHOLE


def _within(part: tuple[str, int], at_least: int) -> str:
    text, strength = part
    return text if strength >= at_least else f"({text})"
