"""The tables of public functions over tensors.

A function comes from its op's class (:func:`~gpugrad.function_makers.of_one`,
:func:`~gpugrad.function_makers.of_two`); what takes more arguments is written out beside its op.
Each is made when first asked for. :mod:`gpugrad` has everything in ``FUNCTIONS``.
"""

from __future__ import annotations

from functools import partial

from . import selection_methods
from .function_makers import Function, checked, numpy_names, of_one, of_two
from .later import Places, Table, as_it_is, places
from .out_argument import public

UNARY = {
    "ops.pointwise": (
        "neg=Neg abs=Abs exp=Exp exp2=Exp2 expm1=Expm1 log=Log log2=Log2 log10=Log10 log1p=Log1p "
        "sqrt=Sqrt rsqrt=Rsqrt reciprocal=Reciprocal erf=Erf erfc=Erfc"
    ),
    "ops.rounding": "floor=Floor ceil=Ceil trunc=Trunc sign=Sign",
    "ops.trigonometry": (
        "sin=Sin cos=Cos tan=Tan asin=Asin acos=Acos atan=Atan sinh=Sinh cosh=Cosh "
        "asinh=Asinh acosh=Acosh atanh=Atanh"
    ),
    "ops.power": "square=Square",
    "ops.activation": "sigmoid=Sigmoid tanh=Tanh relu=Relu",
}
"""Functions of one operand that also have an in-place form, and their ops."""

BINARY = {
    "ops.arithmetic": (
        "mul=Mul remainder=Remainder fmod=Fmod floor_divide=FloorDivide atan2=Atan2 hypot=Hypot"
    )
}
"""Functions of two operands that also have an in-place form, and their ops."""

WITHOUT_NUMBERS = {
    "ops.choices": "maximum=Maximum minimum=Minimum fmax=Fmax fmin=Fmin",
    "ops.arithmetic": "logaddexp=Logaddexp atan2=Atan2 hypot=Hypot",
}
"""Functions of two tensors, neither of which may be a number."""

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

COMPARISONS = {"ops.compare": "eq ne lt le gt ge"}
"""Functions of a tensor and a tensor or number."""

BITS = {
    "ops.compare": (
        "bitwise_and bitwise_or bitwise_xor bitwise_left_shift=left_shift "
        "bitwise_right_shift=right_shift"
    )
}
"""Functions of two integers or bools, of which one may be a number."""

OF_TWO_TENSORS = {
    "ops.compare": "logical_and logical_or logical_xor isclose allclose equal",
    "ops.matmul": "mm bmm mv dot outer",
}

REDUCTIONS = {
    "ops.reduce": "sum mean prod amax amin logsumexp",
    "ops.truth": "any all argmax argmin count_nonzero",
    "ops.variance": "var std var_mean std_mean",
    "ops.softmax": "softmax log_softmax",
}

OF_A_TENSOR = {
    "ops.compare": "logical_not bitwise_not isnan isinf isfinite signbit is_nonzero",
    "ops.shape": (
        "adjoint reshape flatten unflatten permute transpose t movedim squeeze unsqueeze"
    ),
    "ops.broadcasting": "broadcast_to",
    "ops.cutting": "chunk tensor_split unbind",
    "ops.repeating": "flip tile",
    "ops.select": "clamp",
    "ops.linear": "addmm",
}
"""Further functions whose first argument is a tensor; as methods they need no check of that."""


def _by_kind(name: str, apply: Function) -> Function:
    """Of a function that takes another op for two tensors than for a tensor and a number."""
    from .ops import arithmetic

    return of_two(name, getattr(arithmetic, name.capitalize()), apply)


def _joining(name: str, function: Function) -> Function:
    return public(name, numpy_names(function), None)


def _reduction(name: str, function: Function) -> Function:
    return checked(name, numpy_names(function))


def _second_name(name: str, functions: Table) -> Function:
    function: Function = functions[ALIASES[name]]
    return function


CORE: Places = {
    **places(of_one, UNARY),
    **places(of_two, BINARY),
    **places(_by_kind, {"ops.arithmetic": "remainder fmod"}),
    **places(partial(of_two, numbers=False), WITHOUT_NUMBERS),
    **places(checked, COMPARISONS),
    **places(partial(checked, tensors=0), BITS),
    **places(partial(checked, tensors=2), OF_TWO_TENSORS),
    **places(_reduction, REDUCTIONS),
    **places(checked, OF_A_TENSOR),
    **places(
        as_it_is,
        {
            "arithmetic_functions": "add matmul sub rsub div pow round square",
            "ops.broadcasting": "broadcast_tensors broadcast_shapes",
            "ops.copying": "clone",
            "ops.cutting": "split",
        },
    ),
    **places(partial(public, first=None), {"ops.select": "where"}),
    **places(_joining, {"ops.joining": "cat stack hstack vstack"}),
}
"""The functions of this module."""

FUNCTIONS = Table(
    {
        **CORE,
        **dict.fromkeys(ALIASES, (_second_name, "functions", "FUNCTIONS")),
        **selection_methods.FUNCTIONS,
    }
)
"""The public functions by name; :mod:`gpugrad` exports them all."""
