"""Reads an expression in CUDA C: a recursive descent, by precedence between operators.

What can be read::

    program    = { statement ";" } ( expression | "return" expression ) [ ";" ]
    statement  = [ "const" ] [ type ] name ( "=" | "+=" | "-=" | "*=" | "/=" ) expression
    expression = or [ "?" expression ":" expression ]
    or         = and { "||" and }              and so on: && , == != , < <= > >= , + - , * /
    prefix     = ( "-" | "+" | "!" ) prefix | number | name | name "(" arguments ")" | "(" ... ")"

Numbers are of the type in which the kernel computes: ``1 / 2`` is 0.5 here.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ..backend.expressions.expression import Expression, call, literal, name
from ..backend.expressions.functions import ALIASES, NAMED

DEEPEST = 60
"""Brackets, prefixes and choices within each other, at most."""

_OPERATORS = {
    "||": ("or", 1),
    "&&": ("and", 2),
    "==": ("eq", 3),
    "!=": ("ne", 3),
    "<": ("lt", 4),
    "<=": ("le", 4),
    ">": ("gt", 4),
    ">=": ("ge", 4),
    "+": ("add", 5),
    "-": ("sub", 5),
    "*": ("mul", 6),
    "/": ("div", 6),
}
"""What stands between two operands, and how strongly it binds."""

_TYPES = frozenset(["float", "double", "bool", "auto"])
_CONSTANTS = {
    "INFINITY": literal(math.inf),
    "NAN": literal(math.nan),
    "M_PI": literal(math.pi),
    "M_E": literal(math.e),
    "true": literal(1.0, True),
    "false": literal(0.0, True),
}
RESERVED = frozenset([*_TYPES, *_CONSTANTS, "const", "return", *NAMED, *ALIASES])
"""Names that an input cannot have."""

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<suffix>\w*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>\|\||&&|[=!<>+\-*/]=|[-+*/<>!?:=(),;])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_INSTEAD = {
    "%": "use fmod(x, y)",
    "^": "use pow(x, y)",
    "&": "use && between conditions",
    "|": "use || between conditions",
    "[": "every input is read at one place, that of the result",
    "{": "write statements and an expression, without brackets around them",
}


class ExpressionError(ValueError):
    """An expression cannot be read. The message shows the place.

    Attributes:
        position: the index in the text at which the error was found.
    """

    def __init__(self, problem: str, text: str, position: int) -> None:
        self.position = position
        start = text.rfind("\n", 0, position) + 1
        line = text[start:].split("\n", 1)[0]
        number = text.count("\n", 0, position) + 1
        place = f"line {number}, column {position - start + 1}"
        pointer = " " * (position - start) + "^"
        super().__init__(f"[elementwise] {problem}, at {place}:\n    {line}\n    {pointer}")


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    position: int


def parse(text: str, inputs: Sequence[str]) -> Expression:
    """The expression that a text describes.

    Args:
        text: see the grammar above.
        inputs: the names that it may use.

    Raises:
        ExpressionError: it cannot be read, or uses something unknown.
    """
    return _Parser(text, inputs).program()


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            hint = _INSTEAD.get(text[at])
            problem = f"{text[at]!r} is not understood" + (f": {hint}" if hint else "")
            raise ExpressionError(problem, text, at)
        if match["number"] is not None:
            if match["suffix"] not in ("", "f", "F"):
                raise ExpressionError(f"{match[0]!r} is not a number", text, at)
            found.append(Token("number", match["number"], at))
        elif match["space"] is None:
            found.append(Token("name" if match["name"] else "sign", match[0], at))
        at = match.end()
    return [*found, Token("end", "", at)]


class _Parser:
    def __init__(self, text: str, inputs: Sequence[str]) -> None:
        self.text, self.tokens, self.at, self.depth = text, _tokens(text), 0, 0
        self.known: dict[str, Expression] = {**_CONSTANTS, **{n: name(n) for n in inputs}}

    # --- tokens ---------------------------------------------------------------------------------

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.next
        self.at += 1
        return token

    def taken(self, *texts: str) -> bool:
        """Take the next token if it is one of these."""
        if self.next.kind in ("sign", "name") and self.next.text in texts:
            self.at += 1
            return True
        return False

    def expect(self, text: str, why: str) -> None:
        if not self.taken(text):
            self.refuse(f"expected {text!r} {why}, found {_said(self.next)}", self.next)

    def refuse(self, problem: str, token: Token) -> NoReturn:
        raise ExpressionError(problem, self.text, token.position)

    # --- statements -----------------------------------------------------------------------------

    def program(self) -> Expression:
        while self._at_statement():
            self._statement()
            self.expect(";", "after a statement")
        self.taken("return")
        result = self._expression()
        self.taken(";")
        if self.next.kind != "end":
            hint = " (compare with '==')" if self.next.text == "=" else ""
            self.refuse(f"expected the end, found {_said(self.next)}{hint}", self.next)
        return result

    def _at_statement(self) -> bool:
        first, second = self.tokens[self.at], self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if first.text == "const" or (first.text in _TYPES and second.kind == "name"):
            return True
        if first.kind == "name" and second.kind == "name" and first.text != "return":
            self.refuse(f"{first.text!r} is not a type: use float, double, bool or auto", first)
        return first.kind == "name" and second.text in ("=", "+=", "-=", "*=", "/=")

    def _statement(self) -> None:
        self.taken("const")
        self.taken(*_TYPES)
        target = self.take()
        if target.kind != "name" or target.text in RESERVED:
            self.refuse(f"expected a name to assign to, found {_said(target)}", target)
        sign = self.take()
        if sign.text == "=":
            self.known[target.text] = self._expression()
            return
        functions = {"+=": "add", "-=": "sub", "*=": "mul", "/=": "div"}
        if sign.text not in functions:
            self.refuse(f"expected '=' after {target.text!r}, found {_said(sign)}", sign)
        before = self._name(target)
        self.known[target.text] = call(functions[sign.text], before, self._expression())

    # --- expressions ----------------------------------------------------------------------------

    def _expression(self) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            self.refuse("too many brackets within each other: name parts of it", self.next)
        condition = self._operation(1)
        if self.taken("?"):
            chosen = self._expression()
            self.expect(":", "after the first choice")
            condition = call("where", condition, chosen, self._expression())
        self.depth -= 1
        return condition

    def _operation(self, weakest: int) -> Expression:
        """Operands and the operators between them, up to one that binds less than ``weakest``."""
        left = self._prefix()
        while self.next.text in _OPERATORS:
            function, strength = _OPERATORS[self.next.text]
            if strength < weakest:
                break
            self.at += 1
            left = call(function, left, self._operation(strength + 1))
        return left

    def _prefix(self) -> Expression:
        if not self.taken("-", "+", "!"):
            return self._primary()
        sign = self.tokens[self.at - 1].text
        self.depth += 1
        if self.depth > DEEPEST:
            self.refuse("too many signs in a row", self.next)
        value = self._prefix()
        self.depth -= 1
        if sign == "+":
            return value
        return call("neg" if sign == "-" else "not", value)

    def _primary(self) -> Expression:
        token = self.take()
        if token.kind == "number":
            return literal(float(token.text))
        if token.kind == "name":
            if self.next.text == "(":
                return self._call(token)
            return self._name(token)
        if token.text == "(":
            if self.next.text in _TYPES:
                self.refuse("leave conversions out: everything is of one type", self.next)
            value = self._expression()
            self.expect(")", "to close a bracket")
            return value
        self.refuse(f"expected a value, found {_said(token)}", token)

    def _name(self, token: Token) -> Expression:
        found = self.known.get(token.text)
        if found is None:
            if token.text in NAMED or token.text in ALIASES:
                self.refuse(f"the function {token.text!r} needs arguments in brackets", token)
            self.refuse(f"unknown name {token.text!r}" + _near(token.text, self.known), token)
        return found

    def _call(self, token: Token) -> Expression:
        if token.text in _TYPES:
            self.refuse("leave conversions out: everything is of one type", token)
        function = ALIASES.get(token.text, token.text)
        if function not in NAMED and function != "round":
            shorter = function.removesuffix("f")
            function = ALIASES.get(shorter, shorter)
        if function not in NAMED and function != "round":
            every = [*NAMED, *ALIASES, "round"]
            self.refuse(f"unknown function {token.text!r}" + _near(token.text, every), token)
        self.expect("(", "after a function")
        args = []
        if self.next.text != ")":
            args.append(self._expression())
            while self.taken(","):
                args.append(self._expression())
        self.expect(")", f"after the arguments of {token.text!r}")
        arity = 1 if function == "round" else NAMED[function].arity
        if len(args) != arity:
            s = "" if arity == 1 else "s"
            self.refuse(f"{token.text!r} takes {arity} argument{s}, got {len(args)}", token)
        return rounded(args[0]) if function == "round" else call(function, *args)


def rounded(x: Expression) -> Expression:
    """C's ``round``: to the nearest whole number, halves away from zero."""
    whole = call("trunc", x)
    far = call("ge", call("fabs", call("sub", x, whole)), literal(0.5))
    step = call("where", far, literal(1.0), literal(0.0))
    return call("add", whole, call("copysign", step, x))


def _said(token: Token) -> str:
    return "the end" if token.kind == "end" else repr(token.text)


def _near(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
