"""Rows of functions of two operands, with promotion and broadcasting."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .model import ALL, FLOATS, INTS, Data, Op, Refused, Sample

PAIRS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((2, 3), (2, 3)),
    ((), ()),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((2, 1, 3), (4, 1)),
    ((2, 3), ()),
    ((), (2, 2)),
    ((1,), (1, 1)),
    ((0,), (0,)),
    ((0,), (1,)),
    ((2, 0), (2, 1)),
    ((9, 33), (33,)),
)
"""Equal shapes, broadcasting one way and both ways, 0-d and empty operands."""

X_EDGES = [0.0, 0.0, 0.0, 1.0, -1.0, 2.0, -3.0, math.inf, -math.inf, math.nan, 1.0, -7.0, 7.0, -0.0]
Y_EDGES = [0.0, 2.0, -1.0, 1.0, 0.5, math.nan, 2.0, 1.0, 2.0, 1.0, math.inf, 3.0, -3.0, 0.0]
"""Ties, zeros, infinities and nan against each other."""

MISFIT = Refused(
    Sample(Data((2, 3)), Data((4,))),
    RuntimeError,
    r"The size of tensor a \(3\) must match the size of tensor b \(4\) at non-singleton "
    "dimension 1",
)


def binary(
    name: str,
    reference: Callable[..., Any],
    x: tuple[float, float] = (-2.0, 2.0),
    y: tuple[float, float] = (-2.0, 2.0),
    *,
    result: str = "same",
    dtypes: tuple[str, ...] = ALL,
    numbers: tuple[Any, ...] = (2, 0.5),
    edges: tuple[str, ...] = ALL,
    inplace: bool = True,
    more_samples: tuple[Sample, ...] = (),
    refused: tuple[Refused, ...] = (),
    misfit: bool = True,
    **more: Any,
) -> Op:
    samples = [Sample(Data(a, *x), Data(b, *y)) for a, b in PAIRS]
    samples += [Sample(Data((2, 3), *x), number) for number in numbers]
    if edges:
        samples.append(Sample(Data(values=X_EDGES), Data(values=Y_EDGES), smooth=False, only=edges))
    return Op(
        name,
        (*samples, *more_samples),
        reference,
        dtypes,
        result,
        inplace=f"{name}_" if inplace else None,
        refused=(*((MISFIT,) if misfit else ()), *refused),
        **more,
    )


NO_BOOL = tuple(t for t in ALL if t != "bool")
APART = ((-3.0, 3.0), (0.7, 2.0))
"""A divisor that is not near zero."""


BY_ZERO = (
    Refused(
        Sample(Data(values=[1, 2]), Data(values=[0, 1])),
        RuntimeError,
        "^ZeroDivisionError$",
        "int64",
    ),
    Refused(Sample(Data(values=[1, 2]), 0), RuntimeError, "^ZeroDivisionError$", "int32"),
)


def _scaled(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y, alpha=1: operation(x, alpha * y)


def _divided(x: Any, y: Any, rounding_mode: str | None = None) -> Any:
    quotient = np.true_divide(x, y)
    return {None: quotient, "floor": np.floor(quotient), "trunc": np.trunc(quotient)}[rounding_mode]


ARITHMETIC = (
    binary(
        "add",
        _scaled(np.add),
        more_samples=(
            Sample(Data((2, 3)), Data((3,)), alpha=2),
            Sample(Data((2,)), 3, alpha=2),
        ),
    ),
    binary(
        "sub",
        _scaled(np.subtract),
        dtypes=NO_BOOL,
        more_samples=(Sample(Data((2, 3)), Data((3,)), alpha=2),),
    ),
    binary(
        "rsub",
        lambda x, y, alpha=1: y - alpha * x,
        dtypes=NO_BOOL,
        more_samples=(Sample(Data((2, 3)), Data((3,)), alpha=2),),
        inplace=False,
        misfit=False,
        method=None,
    ),
    binary("mul", np.multiply),
    binary(
        "div",
        _divided,
        *APART,
        result="float",
        more_samples=(
            *(
                Sample(
                    Data((2, 3), -5.0, 5.0),
                    Data((3,), 0.7, 2.0),
                    rounding_mode=mode,
                    only=(*FLOATS, *INTS),
                )
                for mode in ("floor", "trunc")
            ),
        ),
        refused=(
            Refused(
                Sample(Data((2,)), 2, rounding_mode="up"),
                RuntimeError,
                r"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'up'",
            ),
        ),
    ),
    binary(
        "floor_divide",
        np.floor_divide,
        *APART,
        dtypes=NO_BOOL,
        numbers=(2, 0.75),
        edges=FLOATS,
        differentiable=False,
        refused=BY_ZERO,
    ),
    *(
        binary(
            name,
            reference,
            *APART,
            dtypes=NO_BOOL,
            numbers=(2, divisor),
            edges=FLOATS,
            refused=BY_ZERO,
        )
        for name, reference, divisor in (
            ("remainder", np.remainder, -0.75),
            ("fmod", np.fmod, 0.75),
        )
    ),
    binary(
        "pow",
        lambda x, y: np.power(np.asarray(x, np.result_type(x, y)), y),
        (0.3, 2.0),
        (0.3, 2.5),
        dtypes=NO_BOOL,
        numbers=(2, 3, 0, 1, 0.5),
        more_samples=(
            Sample(2.0, Data((2, 3))),
            Sample(Data((2, 3), 0.3, 2.0), -1.5),
            Sample(Data((2, 3), -2.0, -0.3), 3),
        ),
        refused=(
            Refused(
                Sample(Data((2,)), -1),
                RuntimeError,
                "Integers to negative integer powers are not allowed",
                "int64",
            ),
        ),
        edges=FLOATS,
        roundings=32,
    ),
)

EXTREMES = tuple(
    binary(name, reference, numbers=(), inplace=False)
    for name, reference in (
        ("maximum", np.maximum),
        ("minimum", np.minimum),
        ("fmax", np.fmax),
        ("fmin", np.fmin),
    )
)

TRANSCENDENTAL = (
    binary("atan2", np.arctan2, (0.2, 2.0), (-2.0, 2.0), result="float", numbers=()),
    binary("hypot", np.hypot, (0.2, 2.0), (-2.0, 2.0), dtypes=FLOATS, numbers=()),
    binary("logaddexp", np.logaddexp, dtypes=FLOATS, numbers=(), inplace=False),
)

COMPARISONS = tuple(
    binary(
        name,
        reference,
        result="bool",
        numbers=(1, 0.5),
        inplace=True,
        differentiable=False,
    )
    for name, reference in (
        ("eq", np.equal),
        ("ne", np.not_equal),
        ("lt", np.less),
        ("le", np.less_equal),
        ("gt", np.greater),
        ("ge", np.greater_equal),
    )
)

LOGIC = tuple(
    binary(name, reference, result="bool", numbers=(), inplace=True, differentiable=False)
    for name, reference in (
        ("logical_and", np.logical_and),
        ("logical_or", np.logical_or),
        ("logical_xor", np.logical_xor),
    )
)

BITS = tuple(
    binary(
        name,
        reference,
        (0.0, 100.0),
        (0.0, 100.0),
        dtypes=(*INTS, "bool"),
        numbers=(6,),
        edges=(),
        misfit=False,
        inplace=True,
        differentiable=False,
    )
    for name, reference in (
        ("bitwise_and", np.bitwise_and),
        ("bitwise_or", np.bitwise_or),
        ("bitwise_xor", np.bitwise_xor),
    )
)

SHIFTS = tuple(
    binary(
        name,
        reference,
        (0.0, 7.0),
        (0.0, 3.0),
        dtypes=INTS,
        numbers=(2,),
        edges=(),
        misfit=False,
        inplace=True,
        differentiable=False,
    )
    for name, reference in (
        ("bitwise_left_shift", np.left_shift),
        ("bitwise_right_shift", np.right_shift),
    )
)

CLOSE_X = [1.0, 1.0, 2.0, 0.0, math.inf, math.inf, math.nan, 3.0]
CLOSE_Y = [1.0, 1.0 + 1e-7, 2.1, 1e-9, math.inf, -math.inf, math.nan, math.nan]

CLOSENESS = tuple(
    Op(
        name,
        (
            Sample(Data(values=CLOSE_X), Data(values=CLOSE_Y)),
            Sample(Data(values=CLOSE_X), Data(values=CLOSE_Y), equal_nan=True),
            Sample(Data(values=CLOSE_X), Data(values=CLOSE_Y), rtol=0.0, atol=0.2),
            Sample(Data((2, 3)), Data((3,))),
            Sample(Data((2, 3)), Data((2, 3))),
            Sample(Data(()), Data(())),
            Sample(Data((0, 2)), Data((0, 2))),
        ),
        reference,
        FLOATS,
        "bool",
        differentiable=False,
        refused=(
            Refused(
                Sample(Data((2,)), Data((2,), dtype="float32")),
                RuntimeError,
                "Double did not match Float",
            ),
        ),
    )
    for name, reference in (("isclose", np.isclose), ("allclose", np.allclose))
)

EQUAL = Op(
    "equal",
    (
        Sample(Data((2, 3)), Data((2, 3))),
        Sample(Data(values=[1.0, 2.0]), Data(values=[1.0, 2.0])),
        Sample(Data(values=[1.0, math.nan]), Data(values=[1.0, math.nan])),
        Sample(Data((2, 3)), Data((3,))),
        Sample(Data((0,)), Data((0,))),
        Sample(Data((0,)), Data((0, 1))),
    ),
    np.array_equal,
    result="bool",
    differentiable=False,
)

OPS = (
    *ARITHMETIC,
    *EXTREMES,
    *TRANSCENDENTAL,
    *COMPARISONS,
    *SHIFTS,
    *LOGIC,
    *BITS,
    *CLOSENESS,
    EQUAL,
)
