"""The functions and operators that an expression may be made of.

Names and meaning are those of CUDA C. Each function names the array primitive that computes it on
devices without kernels; what has no primitive is written with other functions when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """What is to be known of a function apart from its derivative.

    Attributes:
        primitive: the name of the array primitive.
        arity: the number of arguments.
        gives_condition: whether the result is a condition (C's bool) and not a number.
        takes_conditions: whether the arguments are; the last two of a choice never are.
    """

    primitive: str
    arity: int
    gives_condition: bool = False
    takes_conditions: bool = False


OPERATORS = {
    "add": Function("add", 2),
    "sub": Function("sub", 2),
    "mul": Function("mul", 2),
    "div": Function("div", 2),
    "neg": Function("neg", 1),
    "lt": Function("lt", 2, gives_condition=True),
    "le": Function("le", 2, gives_condition=True),
    "gt": Function("gt", 2, gives_condition=True),
    "ge": Function("ge", 2, gives_condition=True),
    "eq": Function("eq", 2, gives_condition=True),
    "ne": Function("ne", 2, gives_condition=True),
    "and": Function("logical_and", 2, gives_condition=True, takes_conditions=True),
    "or": Function("logical_or", 2, gives_condition=True, takes_conditions=True),
    "not": Function("logical_not", 1, gives_condition=True, takes_conditions=True),
    "where": Function("where", 3, takes_conditions=True),
}
"""What C writes with signs: arithmetic, comparisons, ``&& || !`` and the choice ``?:``."""

_OF_ONE = {
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log2": "log2",
    "log10": "log10",
    "log1p": "log1p",
    "sqrt": "sqrt",
    "rsqrt": "rsqrt",
    "cbrt": "cbrt",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
    "erf": "erf",
    "erfc": "erfc",
    "fabs": "abs",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "rint": "round",
}
_OF_TWO = {
    "pow": "pow",
    "atan2": "atan2",
    "hypot": "hypot",
    "fmin": "fmin",
    "fmax": "fmax",
    "fmod": "fmod",
    "copysign": "copysign",
}
_QUESTIONS = {"isnan": "isnan", "isinf": "isinf", "isfinite": "isfinite"}

NAMED = {
    **{name: Function(primitive, 1) for name, primitive in _OF_ONE.items()},
    **{name: Function(primitive, 2) for name, primitive in _OF_TWO.items()},
    **{
        name: Function(primitive, 1, gives_condition=True) for name, primitive in _QUESTIONS.items()
    },
}
"""What is written as a call, by CUDA's name."""

FUNCTIONS = {**OPERATORS, **NAMED}

ALIASES = {"abs": "fabs", "min": "fmin", "max": "fmax", "nearbyint": "rint"}
"""Other names of CUDA C for the same."""
