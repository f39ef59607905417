"""Public functions made from ops: what takes any operand and ``out``, and refuses with a reason."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import TensorBase, wrap
from .casting.calls import THREADS, casting
from .casting.lists import POLICIES
from .ops.binary import Binary
from .ops.unary import Unary
from .out_argument import as_dims, check_overlap, into

Function = Callable[..., Any]


def named(function: Function, name: str, cls: type) -> Function:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = cls.__doc__
    return function


def as_operand(value: Any) -> Any:
    """A number as a tensor without dimensions; anything else as it is."""
    if isinstance(value, (bool, int, float)):
        return wrap(np.asarray(value, dtypes.scalar_dtype(value).numpy))
    return value


def of_one(name: str, cls: type[Unary]) -> Function:
    apply = cls.apply
    listed = any(name in policies for policies in POLICIES.values())

    def function(input: Any, *, out: Any = None) -> Any:
        if listed and THREADS and (run := casting(name)):
            return run(function, input, out=out)
        if not isinstance(input, TensorBase):
            raise TypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, not "
                f"{type(input).__name__}"
            )
        if out is not None:
            check_overlap(name, out, (input,))
        result = apply(input)
        return result if out is None else into(out, result, name)

    return named(function, name, cls)


def of_two(
    name: str, cls: type[Binary], apply: Function | None = None, numbers: bool = True
) -> Function:
    """The function of an op of two operands, of which one may be a number if ``numbers``."""
    apply = apply or cls.apply
    listed = any(name in policies for policies in POLICIES.values())

    def function(input: Any, other: Any, *, out: Any = None) -> Any:
        if listed and THREADS and (run := casting(name)):
            return run(function, input, other, out=out)
        if name == "fmod" and not isinstance(input, TensorBase):
            raise refuse(name, input, other)
        if not numbers and not (isinstance(input, TensorBase) and isinstance(other, TensorBase)):
            raise refuse(name, input, other)
        if out is not None:
            check_overlap(name, out, (input, other))
        result = apply(input, other)
        if result is NotImplemented and name in OF_NUMBERS and isinstance(other, (int, float)):
            result = apply(as_operand(input), other)
        if result is NotImplemented:
            raise refuse(name, input, other)
        return result if out is None else into(out, result, name)

    return named(function, name, cls)


OF_NUMBERS = ("mul", "floor_divide")
"""Functions of which both operands may be numbers."""


def numpy_names(function: Function) -> Function:
    """The function with NumPy's names of ``dim`` and ``keepdim`` as further spellings."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            return function(*args)
        if "axis" in kwargs or "keepdims" in kwargs:
            kwargs = as_dims(kwargs)
        return function(*args, **kwargs)

    return call


def takes_dim(function: Any) -> bool:
    """Whether ``dim`` is an argument, and ``axis`` none."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return "dim" in arguments and "axis" not in arguments


def as_method(name: str, function: Function) -> Function:
    """What stands for the function on the Tensor class."""
    if function.__doc__ is None and name.endswith("_"):
        function.__doc__ = f":func:`{name[:-1]}` in place."
    return numpy_names(function) if takes_dim(function) else function


def checked(name: str, function: Function, tensors: int = 1) -> Function:
    """The function as users call it: its first arguments are tensors, and it takes ``out``.

    With ``tensors`` 0 the first of two operands may be a number.
    """

    @functools.wraps(function)
    def call(input: Any, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        if not isinstance(input, TensorBase) and (
            tensors or not any(isinstance(a, TensorBase) for a in args)
        ):
            raise refuse(name, input, None)
        if tensors > 1 and args and not isinstance(args[0], TensorBase):
            raise refuse(name, input, args[0])
        if out is not None:
            for one in out if isinstance(out, (tuple, list)) else (out,):
                check_overlap(name, one, (input, *args))
        if "axis" in kwargs or "keepdims" in kwargs:
            kwargs = as_dims(kwargs)
        result = function(input, *args, **kwargs)
        if result is NotImplemented:
            raise refuse(name, input, args[0])
        if out is None:
            return result
        if isinstance(result, tuple):
            return tuple(into(o, r, name) for o, r in zip(out, result, strict=True))
        return into(out, result, name)

    return call


def refuse(name: str, input: Any, other: Any) -> TypeError:
    """The error for operands that are neither tensors nor numbers."""
    if not isinstance(input, TensorBase):
        return TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        )
    return TypeError(
        f"{name}(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}"
    )
