"""Elementwise functions as C expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .values import C_TYPES

FLOATS = "f"
NUMBERS = "fiu"
ANY = "fiub"
BITS = "iub"


@dataclass(frozen=True)
class Function:
    """How a function is written.

    Attributes:
        text: C, with {0}, {1} and {2} for the operands, {t} for the type's name, and {m} for the
            ending of a function of the C library for that type.
        kinds: NumPy's kinds of the types that it may be calculated in.
    """

    text: str
    kinds: str = FLOATS

    def takes(self, dtype: Any) -> bool:
        """Whether it may be calculated in this type."""
        return np.dtype(dtype).kind in self.kinds


def _library(name: str) -> Function:
    """A function of the C library."""
    return Function(name + "{m}({0})")


def _ours(name: str) -> Function:
    """A function of native_math.h."""
    return Function("nm_" + name + "_{t}({0})")


FUNCTIONS = {
    "copy": Function("{0}", ANY),
    "neg": Function("-{0}", NUMBERS),
    "abs": Function("fabs{m}({0})"),
    "sign": Function("({0} != {0} ? {0} : ({t})(({0} > 0) - ({0} < 0)))"),
    "square": Function("{0} * {0}", NUMBERS),
    "sqrt": Function("sqrt{m}({0})"),
    "reciprocal": Function("1 / {0}"),
    "exp": _ours("exp"),
    "expm1": _ours("expm1"),
    "log": _ours("log"),
    "log1p": _ours("log1p"),
    "tanh": _ours("tanh"),
    "erf": _ours("erf"),
    "sin": _ours("sin"),
    "cos": _ours("cos"),
    **{
        name: _library(name)
        for name in (
            *("exp2", "log2", "log10", "tan", "asin", "acos", "atan", "sinh", "cosh"),
            *("asinh", "acosh", "atanh", "cbrt", "floor", "ceil", "trunc"),
        )
    },
    "round": _library("rint"),
    "isnan": Function("({0} != {0})"),
    "isinf": Function("(fabs{m}({0}) == INFINITY)"),
    "isfinite": Function("(fabs{m}({0}) < INFINITY)"),
    "signbit": Function("(signbit({0}) != 0)"),
    "logical_not": Function("({0} == 0)", ANY),
    "add": Function("{0} + {1}", NUMBERS),
    "sub": Function("{0} - {1}", NUMBERS),
    "mul": Function("{0} * {1}", NUMBERS),
    "div": Function("{0} / {1}"),
    "pow": Function("nm_pow_{t}({0}, {1})"),
    "atan2": Function("atan2{m}({0}, {1})"),
    "hypot": Function("hypot{m}({0}, {1})"),
    "fmod": Function("fmod{m}({0}, {1})"),
    "maximum": Function("({0} > {1} || {0} != {0} ? {0} : {1})", ANY),
    "minimum": Function("({0} < {1} || {0} != {0} ? {0} : {1})", ANY),
    "fmax": Function("({0} >= {1} || {1} != {1} ? {0} : {1})", ANY),
    "fmin": Function("({0} <= {1} || {1} != {1} ? {0} : {1})", ANY),
    "copysign": Function("copysign{m}({0}, {1})"),
    "eq": Function("({0} == {1})", ANY),
    "ne": Function("({0} != {1})", ANY),
    "lt": Function("({0} < {1})", ANY),
    "le": Function("({0} <= {1})", ANY),
    "gt": Function("({0} > {1})", ANY),
    "ge": Function("({0} >= {1})", ANY),
    "logical_and": Function("({0} != 0 && {1} != 0)", ANY),
    "logical_or": Function("({0} != 0 || {1} != 0)", ANY),
    "logical_xor": Function("(({0} != 0) != ({1} != 0))", ANY),
    "bitwise_not": Function("~{0}", "iu"),
    "bitwise_and": Function("({0} & {1})", BITS),
    "bitwise_or": Function("({0} | {1})", BITS),
    "bitwise_xor": Function("({0} ^ {1})", BITS),
    "where": Function("({0} ? {1} : {2})", ANY),
    "onehot": Function("", ANY),
}
"""What generated code can calculate. ``onehot`` is written by the loops themselves."""

_POWERS = {0: "({t})1", 1: "{0}", 2: "{0} * {0}", 3: "{0} * {0} * {0}", -1: "1 / {0}"}


class _Unknown(Function):
    """A function that is not there takes no type."""

    def takes(self, dtype: Any) -> bool:
        return False


def function(name: str) -> Function:
    """The function of a primitive."""
    return FUNCTIONS.get(name, _Unknown(""))


def expression(name: str, dtype: Any, operands: list[str], numbers: list[Any]) -> str:
    """A function of operands as C, calculated in a type.

    Args:
        operands: expressions without side effects, of that type; for ``where`` the first is a
            condition.
        numbers: for each operand the number that it always is, or None.
    """
    kind = C_TYPES[np.dtype(dtype).name]
    end = "f" if kind == "float" else ""
    text = function(name).text
    if name == "pow" and numbers[1] is not None and float(numbers[1]) in _POWERS:
        text = _POWERS[int(numbers[1])]
    return text.format(*operands, t=kind, m=end)


def literal(number: Any, dtype: Any) -> str:
    """A number as C, exactly."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return "1" if number else "0"
    if dtype.kind != "f":
        value = int(number)
        return f"({C_TYPES[dtype.name]})({value}LL)" if value > -(2**63) else "INT64_MIN"
    real = float(number)
    if real != real:
        return "NAN"
    if real in (float("inf"), float("-inf")):
        return "INFINITY" if real > 0 else "(-INFINITY)"
    return f"({real.hex()}{'f' if dtype.itemsize == 4 else ''})"
