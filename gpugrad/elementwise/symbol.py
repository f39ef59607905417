"""Expressions from Python: a function is called once with symbols, which write down what it does.

The functions here are for such functions: ``exp``, ``where`` and the rest take symbols and numbers.
Symbols have them as methods too, under the names of :class:`gpugrad.Tensor`'s, so that one function
can serve for both.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..backend.expressions.expression import Expression, Literal, call, literal, name
from ..backend.expressions.functions import NAMED


class Symbol:
    """Stands for an input, or for what has been computed from inputs, while a function is read."""

    __slots__ = ("expression",)
    __array_ufunc__ = None  # NumPy's numbers leave the operators to us

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "[elementwise] the function is read once for all elements, so it cannot decide by a "
            "value: use where(condition, x, y) in place of if, and & | ~ in place of and, or, not"
        )

    def __float__(self) -> NoReturn:
        raise TypeError(
            "[elementwise] the function is read once for all elements, so there are no numbers "
            "yet: use the functions of gpugrad.elementwise in place of those of math"
        )

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            "[elementwise] NumPy and gpugrad cannot compute with a symbol: use the functions of "
            "gpugrad.elementwise, or the symbol's methods, such as x.exp()"
        )

    __hash__ = object.__hash__

    def __add__(self, other: Any) -> Any:
        return _apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _apply("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _apply("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _apply("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return _apply("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _apply("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _apply("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _apply("div", other, self)

    def __pow__(self, other: Any) -> Any:
        return _apply("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _apply("pow", other, self)

    def __neg__(self) -> Any:
        return _apply("neg", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return _apply("fabs", self)

    def __round__(self) -> Any:
        return _apply("rint", self)

    def __lt__(self, other: Any) -> Any:
        return _apply("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return _apply("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return _apply("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return _apply("ge", self, other)

    def __eq__(self, other: object) -> Any:
        return _apply("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return _apply("ne", self, other)

    def __and__(self, other: Any) -> Any:
        return _apply("and", self, other)

    def __or__(self, other: Any) -> Any:
        return _apply("or", self, other)

    def __invert__(self) -> Any:
        return _apply("not", self)

    def __getattr__(self, method: str) -> Any:
        function = FUNCTIONS.get(_METHODS.get(method, method))
        if function is None:
            raise AttributeError(f"[elementwise] there is no function {method!r}")
        return lambda *others: function(self, *others)


_METHODS = {"abs": "fabs", "round": "rint", "arctan2": "atan2"}
"""Methods of tensors that CUDA C knows by another name."""


def _expression(value: Any) -> Expression | None:
    if isinstance(value, Symbol):
        return value.expression
    if isinstance(value, (bool, np.bool_)):
        return literal(bool(value), True)
    return literal(float(value)) if isinstance(value, (int, float, np.number)) else None


def _apply(function: str, *operands: Any) -> Any:
    found = [_expression(o) for o in operands]
    if None in found:
        wrong = operands[found.index(None)]
        raise TypeError(
            f"[elementwise] {function} takes symbols and numbers, not {type(wrong).__name__}: "
            "make it an input"
        )
    result = call(function, *(e for e in found if e is not None))
    if isinstance(result, Literal) and not any(isinstance(o, Symbol) for o in operands):
        return bool(result.value) if result.condition else result.value
    return Symbol(result)


def where(condition: Any, x: Any, y: Any) -> Any:
    """``x`` where the condition holds, ``y`` elsewhere."""
    return _apply("where", condition, x, y)


def _named(function: str, arity: int) -> Callable[..., Any]:
    def of_symbols(*operands: Any) -> Any:
        if len(operands) != arity:
            s = "" if arity == 1 else "s"
            raise TypeError(
                f"[elementwise] {function}() takes {arity} argument{s}, got {len(operands)}"
            )
        return _apply(function, *operands)

    of_symbols.__name__ = of_symbols.__qualname__ = function
    of_symbols.__doc__ = f"CUDA's ``{function}``, for symbols and numbers."
    return of_symbols


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "where": where,
    **{function: _named(function, spec.arity) for function, spec in NAMED.items()},
}
"""What functions of symbols may call."""


def trace(function: Callable[..., Any]) -> tuple[tuple[str, ...], Expression]:
    """The inputs of a Python function, and the expression that it computes.

    Raises:
        TypeError: its parameters are not plain names, it decides by a value, or it returns
            something else than a symbol or a number.
    """
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"[elementwise] every input needs a name of its own: {parameter}")
    inputs = tuple(p.name for p in parameters)
    symbols = {p.name: Symbol(name(p.name)) for p in parameters}
    positional = [symbols[p.name] for p in parameters if p.kind is not p.KEYWORD_ONLY]
    keywords = {p.name: symbols[p.name] for p in parameters if p.kind is p.KEYWORD_ONLY}
    found = _expression(function(*positional, **keywords))
    if found is None:
        raise TypeError("[elementwise] the function must return one expression of its inputs")
    return inputs, found
