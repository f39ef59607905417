"""Elementwise functions of the stand-in, and Python's operators made of them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .arrays import index_arrays, made, ndarray, operand, stored
from .graphs import done
from .indices import found, native_index

_ATOMIC = ("int32", "int64", "float32", "float64", "uint32", "uint64")
AT = {"add": (*_ATOMIC, "float16"), "maximum": _ATOMIC, "minimum": _ATOMIC}
"""The types for which CuPy has ``at``, by function."""


class ufunc:  # noqa: N801  # CuPy's name
    """NumPy's function of this name, with CuPy's checks."""

    def __init__(self, function: Any, nin: int | None = None) -> None:
        self.function = function
        self.nin: int = function.nin if nin is None else nin

    def __call__(self, *args: Any, out: Any = None) -> ndarray:
        if not self.nin <= len(args) <= self.nin + 1:
            raise TypeError(f"Wrong number of arguments for {self.function.__name__!r}.")
        if len(args) > self.nin:
            args, out = args[:-1], args[-1]
        operands = [operand(a) for a in args]
        if not any(isinstance(a, ndarray) for a in args):
            raise ValueError("Loop size is undecided.")

        def compute() -> Any:
            with np.errstate(all="ignore"):  # kernels divide by zero in silence
                return self.function(*operands)

        if out is None:
            return made(compute, *args)
        if not isinstance(out, ndarray):
            raise TypeError("Output arguments type must be cupy.ndarray")
        result = compute()
        if out.shape != np.shape(result):
            raise ValueError("Out shape is mismatched")
        if not np.can_cast(result.dtype, out.dtype, "same_kind"):
            raise TypeError(f"Cannot cast from {result.dtype} to {out.dtype}")
        return stored(out, compute, *args)

    def at(self, array: ndarray, index: Any, value: ndarray) -> None:
        name = self.function.__name__
        if name not in AT:
            raise NotImplementedError(f"`cupy_{name}.at` is not supported yet")
        if array.dtype.name not in AT[name]:
            raise TypeError(f"cupy.{name}.at only supports {', '.join(AT[name])} as data type")
        native, _ = native_index(array.shape, index)
        host, given = array.host, operand(value)
        done(
            lambda: self.function.at(host, found(native), given), array, value, *index_arrays(index)
        )


OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
}
COMPARISONS = {
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}
UNARY = {"neg": "negative", "invert": "invert", "abs": "absolute"}


def _add_operators() -> None:
    """Give arrays Python's operators, for other arrays and scalars."""
    for short, name in {**OPERATORS, **COMPARISONS}.items():
        function = ufunc(getattr(np, name))

        def plain(self: Any, other: Any, function: ufunc = function) -> Any:
            if getattr(other, "__array_ufunc__", self) is None:
                return NotImplemented  # the other one wants to do it
            return function(self, other)

        def reflected(self: Any, other: Any, function: ufunc = function) -> Any:
            return function(other, self)

        def inplace(self: Any, other: Any, function: ufunc = function) -> Any:
            return function(self, other, out=self)

        setattr(ndarray, f"__{short}__", plain)
        if short in OPERATORS:
            setattr(ndarray, f"__r{short}__", reflected)
            setattr(ndarray, f"__i{short}__", inplace)
    for short, name in UNARY.items():
        setattr(ndarray, f"__{short}__", functools.partialmethod(ufunc(getattr(np, name))))


_add_operators()
