"""The tables of public functions over tensors.

A function comes from its op's class (:func:`~gpugrad.function_makers.of_one`,
:func:`~gpugrad.function_makers.of_two`); what takes more arguments is written out beside its op.
:mod:`gpugrad` exports everything in ``FUNCTIONS``.
"""

from __future__ import annotations

from typing import Any

from .arithmetic_functions import add, div, matmul, pow, round, rsub, square, sub
from .function_makers import Function, checked, numpy_names, of_one, of_two
from .ops import (
    activation,
    arithmetic,
    broadcasting,
    choices,
    compare,
    copying,
    cutting,
    joining,
    linear,
    pointwise,
    power,
    reduce,
    repeating,
    rounding,
    select,
    shape,
    softmax,
    trigonometry,
    truth,
    variance,
)
from .ops import matmul as products
from .ops.binary import Binary
from .ops.unary import Unary
from .out_argument import public

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
    "sin": trigonometry.Sin,
    "cos": trigonometry.Cos,
    "tan": trigonometry.Tan,
    "asin": trigonometry.Asin,
    "acos": trigonometry.Acos,
    "atan": trigonometry.Atan,
    "sinh": trigonometry.Sinh,
    "cosh": trigonometry.Cosh,
    "asinh": trigonometry.Asinh,
    "acosh": trigonometry.Acosh,
    "atanh": trigonometry.Atanh,
    "erf": pointwise.Erf,
    "erfc": pointwise.Erfc,
    "floor": rounding.Floor,
    "ceil": rounding.Ceil,
    "trunc": rounding.Trunc,
    "sign": rounding.Sign,
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
    **named_in(products, "mm bmm mv dot outer"),
}

VARIANCES = "var std var_mean std_mean"
REDUCTIONS = "sum mean prod amax amin logsumexp"
TRUTHS = "any all argmax argmin count_nonzero"

OF_A_TENSOR: dict[str, Function] = {
    **named_in(compare, "logical_not bitwise_not isnan isinf isfinite signbit is_nonzero"),
    **{name: numpy_names(f) for name, f in named_in(reduce, REDUCTIONS).items()},
    **{name: numpy_names(f) for name, f in named_in(truth, TRUTHS).items()},
    **{name: numpy_names(f) for name, f in named_in(variance, VARIANCES).items()},
    **named_in(
        shape, "adjoint reshape flatten unflatten permute transpose t movedim squeeze unsqueeze"
    ),
    "broadcast_to": broadcasting.broadcast_to,
    **named_in(cutting, "chunk tensor_split unbind"),
    **named_in(repeating, "flip tile"),
    "clamp": select.clamp,
    "softmax": numpy_names(softmax.softmax),
    "log_softmax": numpy_names(softmax.log_softmax),
    "addmm": linear.addmm,
}
"""Further functions whose first argument is a tensor; as methods they need no check of that."""

WITH_NUMBERS = {
    **{name: of_two(cls, name) for name, cls in BINARY.items()},
    "remainder": of_two(arithmetic.Remainder, "remainder", arithmetic.remainder),
    "fmod": of_two(arithmetic.Fmod, "fmod", arithmetic.fmod),
}

WITHOUT_NUMBERS: dict[str, type[Binary]] = {
    "maximum": choices.Maximum,
    "minimum": choices.Minimum,
    "fmax": choices.Fmax,
    "fmin": choices.Fmin,
    "logaddexp": arithmetic.Logaddexp,
    "atan2": arithmetic.Atan2,
    "hypot": arithmetic.Hypot,
}

FUNCTIONS: dict[str, Function] = {
    **{name: of_one(cls, name) for name, cls in UNARY.items()},
    **WITH_NUMBERS,
    **{name: of_two(cls, name, numbers=False) for name, cls in WITHOUT_NUMBERS.items()},
    **{name: checked(name, function) for name, function in COMPARISONS.items()},
    **{name: checked(name, function, 0) for name, function in BITS.items()},
    **{name: checked(name, function, 2) for name, function in OF_TWO_TENSORS.items()},
    **{name: checked(name, function) for name, function in OF_A_TENSOR.items()},
    "add": add,
    "matmul": matmul,
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
        name: public(name, numpy_names(f), None)
        for name, f in named_in(joining, "cat stack hstack vstack").items()
    },
    **named_in(broadcasting, "broadcast_tensors broadcast_shapes"),
}
"""The public functions by name; :mod:`gpugrad` exports them all."""
