"""The public functions over tensors.

An op's function comes from its class (:func:`_unary`, :func:`_binary`); what takes more arguments
is written out. :mod:`gpugrad` exports everything in ``FUNCTIONS``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import TensorBase, wrap
from .casting.calls import THREADS, casting
from .casting.lists import POLICIES
from .ops import (
    activation,
    arithmetic,
    compare,
    copying,
    cutting,
    joining,
    linear,
    matmul,
    pointwise,
    power,
    reduce,
    repeating,
    select,
    shape,
    variance,
)
from .ops.arguments import word
from .ops.binary import Binary
from .ops.operands import cast
from .ops.unary import Unary
from .out_argument import check_overlap, checked_into, public
from .out_argument import into as into
from .questions import result_type

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


def _unary(cls: type[Unary], name: str) -> Function:
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


def _binary(
    cls: type[Binary], name: str, apply: Function | None = None, numbers: bool = True
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

NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
"""NumPy's names of arguments, which PyTorch takes as well."""


def _numpy_names(function: Function) -> Function:
    """The function with NumPy's names of ``dim`` and ``keepdim`` as further spellings."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs = {NUMPY_NAMES.get(name, name): value for name, value in kwargs.items()}
        return function(*args, **kwargs)

    return call


def _public(name: str, function: Function, tensors: int = 1) -> Function:
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


UNARY: dict[str, type[Unary]] = {
    "neg": pointwise.Neg,
    "abs": pointwise.Abs,
    "exp": pointwise.Exp,
    "exp2": pointwise.Exp2,
    "expm1": pointwise.Expm1,
    "log": pointwise.Log,
    "log2": pointwise.Log2,
    "log10": pointwise.Log10,
    "log1p": pointwise.Log1p,
    "sqrt": pointwise.Sqrt,
    "rsqrt": pointwise.Rsqrt,
    "reciprocal": pointwise.Reciprocal,
    "square": power.Square,
    "sin": pointwise.Sin,
    "cos": pointwise.Cos,
    "tan": pointwise.Tan,
    "asin": pointwise.Asin,
    "acos": pointwise.Acos,
    "atan": pointwise.Atan,
    "sinh": pointwise.Sinh,
    "cosh": pointwise.Cosh,
    "asinh": pointwise.Asinh,
    "acosh": pointwise.Acosh,
    "atanh": pointwise.Atanh,
    "erf": pointwise.Erf,
    "erfc": pointwise.Erfc,
    "floor": pointwise.Floor,
    "ceil": pointwise.Ceil,
    "trunc": pointwise.Trunc,
    "sign": pointwise.Sign,
    "sigmoid": activation.Sigmoid,
    "tanh": activation.Tanh,
    "relu": activation.Relu,
}
"""Functions of one operand that also have an in-place form."""

BINARY: dict[str, type[Binary]] = {
    "mul": arithmetic.Mul,
    "remainder": arithmetic.Remainder,
    "fmod": arithmetic.Fmod,
    "floor_divide": arithmetic.FloorDivide,
    "atan2": arithmetic.Atan2,
    "hypot": arithmetic.Hypot,
}
"""Functions of two operands that also have an in-place form."""

ALIASES = {
    "absolute": "abs",
    "negative": "neg",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "fix": "trunc",
    "multiply": "mul",
    "subtract": "sub",
    "divide": "div",
    "true_divide": "div",
    "clip": "clamp",
    "concat": "cat",
    "concatenate": "cat",
    "row_stack": "vstack",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "moveaxis": "movedim",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
}
"""PyTorch's second names."""


def scaled(value: Any, alpha: Any, partner: Any) -> Any:
    """``alpha * value`` for a sum with ``partner``, in whose type ``alpha`` must fit."""
    if alpha == 1 and alpha is not True:
        return value
    kind = result_type(value, partner)
    if isinstance(alpha, bool) and kind is not dtypes.bool_:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and not kind.is_floating_point:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if kind is dtypes.bool_:
        if not isinstance(value, TensorBase):
            return bool(alpha)
        return cast(arithmetic.Mul.apply(value, int(alpha)), kind)
    return value * alpha


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input + alpha * other``, broadcast.

    >>> import gpugrad
    >>> gpugrad.add(gpugrad.ones(2), gpugrad.ones(2), alpha=3)
    tensor([4., 4.])
    """
    result = arithmetic.Add.apply(input, scaled(other, alpha, input))
    if result is NotImplemented and isinstance(other, (bool, int, float)):
        result = arithmetic.Add.apply(as_operand(input), scaled(other, alpha, as_operand(input)))
    if result is NotImplemented:
        raise refuse("add", input, other)
    return result if out is None else checked_into(out, result, "add", (input, other))


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input - alpha * other``, broadcast."""
    result = arithmetic.Sub.apply(input, scaled(other, alpha, input))
    if result is NotImplemented and isinstance(other, (bool, int, float)):
        result = arithmetic.Sub.apply(as_operand(input), scaled(other, alpha, as_operand(input)))
    if result is NotImplemented:
        raise refuse("sub", input, other)
    return result if out is None else checked_into(out, result, "sub", (input, other))


def _matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    result = matmul.matmul(input, other) if isinstance(input, TensorBase) else NotImplemented
    if result is NotImplemented:
        raise refuse("matmul", input, other)
    if out is None:
        return result
    check_overlap("matmul", out, (input, other))
    return into(out, result, "matmul")


_matmul.__name__, _matmul.__doc__ = "matmul", matmul.matmul.__doc__


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``other - alpha * input``."""
    if not isinstance(input, TensorBase):
        raise refuse("rsub", input, other)
    return arithmetic.rsub(scaled(input, alpha, other), other)


_DIVISIONS = {
    None: arithmetic.Div,
    "floor": arithmetic.DivFloor,
    "trunc": arithmetic.DivTrunc,
}


def division(rounding_mode: str | None) -> type[Binary]:
    if rounding_mode not in _DIVISIONS:
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    return _DIVISIONS[rounding_mode]


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """``input / other``, optionally rounded by ``"floor"`` or ``"trunc"``.

    >>> import gpugrad
    >>> gpugrad.div(gpugrad.tensor([7.0, -7.0]), 2, rounding_mode="trunc")
    tensor([ 3., -3.])
    """
    result = division(rounding_mode).apply(input, other)
    if result is NotImplemented and isinstance(other, (bool, int, float)):
        result = division(rounding_mode).apply(as_operand(input), other)
    if result is NotImplemented:
        raise refuse("div", input, other)
    return result if out is None else checked_into(out, result, "div", (input, other))


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """``input ** exponent``; either may be a number.

    >>> import gpugrad
    >>> gpugrad.pow(2, gpugrad.tensor([1.0, 3.0]))
    tensor([2., 8.])
    """
    result = power.power(input, exponent)
    if result is NotImplemented:
        raise refuse("pow", input, exponent)
    return result if out is None else checked_into(out, result, "pow", (input, exponent))


def square(input: Any, *, out: Any = None) -> Any:
    """``input ** 2``; of bools int64."""
    if isinstance(input, TensorBase) and input.array.dtype.kind == "b":
        return pow(input, 2, out=out)
    return _square(input, out=out)


def round(input: Any, *, decimals: int | None = None, out: Any = None) -> Any:
    """The nearest integer, halves to even; or the nearest multiple of ``10**-decimals``."""
    if decimals is not None and input.array.dtype.kind in "iub":
        kernel = "round_cpu" if decimals else "round_vml_cpu"
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{word(input.array)}'")
    result = pointwise.RoundTo.apply(input, decimals) if decimals else pointwise.Round.apply(input)
    return result if out is None else checked_into(out, result, "round", (input,))


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """``exp(input) / sum(exp(input))`` along ``dim``.

    >>> import gpugrad
    >>> gpugrad.softmax(gpugrad.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
    if THREADS and (run := casting("softmax")):
        return run(softmax, input, dim, dtype=dtype)
    x = input if dtype is None else cast(input, dtypes.as_dtype(dtype))
    _require_floating(x, "softmax")
    return activation.Softmax.apply(x, _softmax_axis(x, dim))


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """``log(softmax(input))`` along ``dim``, without overflow."""
    if THREADS and (run := casting("log_softmax")):
        return run(log_softmax, input, dim, dtype=dtype)
    x = input if dtype is None else cast(input, dtypes.as_dtype(dtype))
    _require_floating(x, "log_softmax")
    return activation.LogSoftmax.apply(x, _softmax_axis(x, dim))


def _softmax_axis(x: Any, dim: int) -> Any:
    axis = shape.wrap_dim(dim, x.array.ndim)
    return axis if x.array.ndim else ()


def _require_floating(x: Any, name: str) -> None:
    if x.array.dtype.kind not in "fV":
        word = dtypes.from_numpy(x.array.dtype).tensor_type.removesuffix("Tensor")
        raise NotImplementedError(f"\"{name}_lastdim_kernel_impl\" not implemented for '{word}'")


def named_in(module: Any, names: str) -> dict[str, Function]:
    return {name: getattr(module, name) for name in names.split()}


COMPARISONS = named_in(compare, "eq ne lt le gt ge")
"""Functions of a tensor and a tensor or number."""

BITS = {
    **named_in(compare, "bitwise_and bitwise_or bitwise_xor"),
    "bitwise_left_shift": compare.left_shift,
    "bitwise_right_shift": compare.right_shift,
}
"""Functions of two integers or bools, of which one may be a number."""

OF_TWO_TENSORS = {
    **named_in(compare, "logical_and logical_or logical_xor isclose allclose equal"),
    **named_in(matmul, "mm bmm mv dot outer"),
}

VARIANCES = "var std var_mean std_mean"
REDUCTIONS = "sum mean prod amax amin logsumexp any all argmax argmin count_nonzero"

OF_A_TENSOR: dict[str, Function] = {
    **named_in(compare, "logical_not bitwise_not isnan isinf isfinite signbit is_nonzero"),
    **{name: _numpy_names(f) for name, f in named_in(reduce, REDUCTIONS).items()},
    **{name: _numpy_names(f) for name, f in named_in(variance, VARIANCES).items()},
    **named_in(
        shape,
        "adjoint reshape flatten unflatten permute transpose t movedim squeeze unsqueeze "
        "broadcast_to",
    ),
    **named_in(cutting, "chunk tensor_split unbind"),
    **named_in(repeating, "flip tile"),
    "clamp": select.clamp,
    "softmax": _numpy_names(softmax),
    "log_softmax": _numpy_names(log_softmax),
    "addmm": linear.addmm,
}
"""Further functions whose first argument is a tensor; as methods they need no check of that."""

WITH_NUMBERS = {
    **{name: _binary(cls, name) for name, cls in BINARY.items()},
    "remainder": _binary(arithmetic.Remainder, "remainder", arithmetic.remainder),
    "fmod": _binary(arithmetic.Fmod, "fmod", arithmetic.fmod),
}

WITHOUT_NUMBERS: dict[str, type[Binary]] = {
    "maximum": arithmetic.Maximum,
    "minimum": arithmetic.Minimum,
    "fmax": arithmetic.Fmax,
    "fmin": arithmetic.Fmin,
    "logaddexp": arithmetic.Logaddexp,
    "atan2": arithmetic.Atan2,
    "hypot": arithmetic.Hypot,
}

_square = _unary(power.Square, "square")

FUNCTIONS: dict[str, Function] = {
    **{name: _unary(cls, name) for name, cls in UNARY.items()},
    **WITH_NUMBERS,
    **{name: _binary(cls, name, numbers=False) for name, cls in WITHOUT_NUMBERS.items()},
    **{name: _public(name, function) for name, function in COMPARISONS.items()},
    **{name: _public(name, function, 0) for name, function in BITS.items()},
    **{name: _public(name, function, 2) for name, function in OF_TWO_TENSORS.items()},
    **{name: _public(name, function) for name, function in OF_A_TENSOR.items()},
    "add": add,
    "matmul": _matmul,
    "sub": sub,
    "rsub": rsub,
    "div": div,
    "pow": pow,
    "round": round,
    "square": square,
    "where": public("where", select.where, None),
    "clone": copying.clone,
    "split": cutting.split,
    **{
        name: public(name, _numpy_names(f), None)
        for name, f in named_in(joining, "cat stack hstack vstack").items()
    },
    **named_in(shape, "broadcast_tensors broadcast_shapes"),
}
"""The public functions by name; :mod:`gpugrad` exports them all."""
