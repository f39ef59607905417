"""Rows of functions of one operand, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .model import ALL, FLOATS, INTS, Data, Op, Refused, Sample

EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 30.0, -30.0, math.inf, -math.inf, math.nan)
"""Where functions jump, end or leave the real numbers."""

SHAPES: tuple[tuple[int, ...], ...] = ((2, 3), (), (5,), (1,), (0,), (2, 0, 3), (2, 3, 4), (9, 33))

_vectorised: dict[str, Callable[..., Any]] = {
    "erf": np.vectorize(math.erf, otypes=[float]),
    "erfc": np.vectorize(math.erfc, otypes=[float]),
}


def unary(
    name: str,
    reference: Callable[..., Any],
    low: float = -2.0,
    high: float = 2.0,
    *,
    result: str = "float",
    dtypes: tuple[str, ...] = ALL,
    differentiable: bool = True,
    edges: tuple[float, ...] = EDGES,
    inplace: bool = True,
    refused: tuple[Refused, ...] = (),
    **more: Any,
) -> Op:
    samples = [Sample(Data(shape, low, high)) for shape in SHAPES]
    if edges:
        samples.append(Sample(Data(values=edges), smooth=False))
    wrong_type = Refused(
        Sample([1.0]), TypeError, rf"{name}\(\): argument 'input' \(position 1\) must be Tensor"
    )
    return Op(
        name,
        tuple(samples),
        reference,
        dtypes,
        result,
        differentiable,
        inplace=f"{name}_" if inplace else None,
        refused=(wrong_type, *refused),
        **more,
    )


def _relu(x: Any) -> Any:
    return np.maximum(x, 0)


SMOOTH = (
    unary("exp", np.exp),
    unary("exp2", np.exp2),
    unary("expm1", np.expm1),
    unary("log", np.log, 0.1, 3.0),
    unary("log2", np.log2, 0.1, 3.0),
    unary("log10", np.log10, 0.1, 3.0),
    unary("log1p", np.log1p, -0.9, 3.0),
    unary("sqrt", np.sqrt, 0.1, 3.0),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), 0.1, 3.0),
    unary("reciprocal", lambda x: 1 / np.asarray(x, float), 0.2, 3.0),
    unary("sin", np.sin),
    unary("cos", np.cos),
    unary("tan", np.tan, -1.4, 1.4),
    unary("asin", np.arcsin, -0.9, 0.9),
    unary("acos", np.arccos, -0.9, 0.9),
    unary("atan", np.arctan),
    unary("sinh", np.sinh),
    unary("cosh", np.cosh),
    unary("asinh", np.arcsinh),
    unary("acosh", np.arccosh, 1.1, 4.0),
    unary("atanh", np.arctanh, -0.9, 0.9),
    unary("erf", _vectorised["erf"]),
    unary("erfc", _vectorised["erfc"]),
    unary("sigmoid", lambda x: 1 / (1 + np.exp(-np.asarray(x, float)))),
    unary("tanh", np.tanh),
)
"""Floating point in, floating point out; integers are converted to the default type."""

NO_BOOL = tuple(t for t in ALL if t != "bool")

PLAIN = (
    unary("neg", np.negative, result="same", dtypes=NO_BOOL),
    unary("abs", np.abs, result="same", dtypes=NO_BOOL, edges=EDGES[:-1]),
    unary("square", np.square, result="same", dtypes=NO_BOOL),
    unary("relu", _relu, result="same", dtypes=NO_BOOL),
    unary("floor", np.floor, result="same", dtypes=NO_BOOL),
    unary("ceil", np.ceil, result="same", dtypes=NO_BOOL),
    unary("trunc", np.trunc, result="same", dtypes=NO_BOOL),
    unary("sign", lambda x: np.sign(np.asarray(x, float)), result="same", edges=EDGES[:-1]),
)
"""Results of the operand's type."""

ROUND = Op(
    "round",
    (
        *(Sample(Data(shape)) for shape in SHAPES),
        Sample(Data(values=[0.5, 1.5, 2.5, -0.5, -1.5, math.inf, math.nan]), smooth=False),
        Sample(Data((3, 4)), decimals=1, only=FLOATS),
        Sample(Data((3,), -900.0, 900.0), decimals=-2, only=FLOATS),
    ),
    lambda x, decimals=0: np.round(x, decimals),
    (*FLOATS, *INTS),
    inplace="round_",
)

TESTS = (
    unary("isnan", np.isnan, result="bool", differentiable=False, inplace=False),
    unary("isinf", np.isinf, result="bool", differentiable=False, inplace=False),
    unary("isfinite", np.isfinite, result="bool", differentiable=False, inplace=False),
    unary("signbit", np.signbit, result="bool", dtypes=FLOATS, differentiable=False, inplace=False),
    unary("logical_not", np.logical_not, result="bool", differentiable=False),
    unary(
        "bitwise_not",
        np.invert,
        result="same",
        dtypes=(*INTS, "bool"),
        differentiable=False,
        edges=(),
    ),
)

CLONE = Op(
    "clone",
    tuple(Sample(Data(shape)) for shape in SHAPES),
    lambda x: np.array(x),
)

OPS = (*SMOOTH, *PLAIN, ROUND, *TESTS, CLONE)
