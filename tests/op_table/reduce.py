"""Rows of reductions: over all elements, one dimension or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .model import ALL, FLOATS, Data, Op, Refused, Sample, Type

OUT_OF_RANGE = Refused(
    Sample(Data((2, 3)), 2),
    IndexError,
    r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)",
)
REPEATED = Refused(
    Sample(Data((2, 3)), (0, -2)),
    RuntimeError,
    "dim 0 appears multiple times in the list of dims",
)


def over_dims(low: float = -2.0, high: float = 2.0, *, empty: bool = True) -> tuple[Sample, ...]:
    """Samples of a reduction over any number of dimensions."""

    def x(*shape: int) -> Data:
        return Data(shape, low, high)

    samples = [
        Sample(x(2, 3)),
        Sample(x()),
        Sample(x(5)),
        Sample(x(2, 3), 0),
        Sample(x(2, 3), -1),
        Sample(x(2, 3), 1, True),
        Sample(x(2, 3), dim=1, keepdim=True),
        Sample(x(2, 3, 4), (0, 2)),
        Sample(x(2, 3, 4), (1, -1), keepdim=True),
        Sample(x(), 0),
        Sample(x(1, 3), 0),
        Sample(x(40, 30), 0),
    ]
    if empty:
        samples += [Sample(x(0)), Sample(x(2, 0), 1), Sample(x(2, 0), 0), Sample(x(0, 3), 0, True)]
    return tuple(samples)


def over_dim(low: float = -2.0, high: float = 2.0) -> tuple[Sample, ...]:
    """Samples of a reduction over all elements or one dimension."""
    return tuple(s for s in over_dims(low, high, empty=False) if not _many(s))


def _many(sample: Sample) -> bool:
    return any(isinstance(a, tuple) for a in (*sample.args, *sample.kwargs.values()))


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy reduction with PyTorch's argument names."""

    def reference(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
        axis = None if dim in (None, ()) or np.ndim(x) == 0 else dim
        more = {} if dtype is None else {"dtype": dtype}
        return function(x, axis=axis, keepdims=keepdim, **more)

    return reference


def _deviation(function: Callable[..., Any]) -> Callable[..., Any]:
    def reference(
        x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None
    ) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if correction is None:
            correction = 1 if unbiased is None else int(unbiased)
        axis = None if np.ndim(x) == 0 else dim
        return function(x, axis=axis, keepdims=keepdim, ddof=correction)

    return reference


def _with_mean(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, dim=None, keepdim=False: (
        _deviation(function)(x, dim, keepdim=keepdim),
        _reduction(np.mean)(x, dim, keepdim),
    )


SUMS = (
    Op(
        "sum",
        (
            *over_dims(),
            Sample(Data((2, 3)), ()),
            Sample(Data((2, 3)), dtype=Type("float64"), only=("float32", "int64", "bool")),
        ),
        _reduction(np.sum),
        result="sum",
        refused=(OUT_OF_RANGE, REPEATED),
    ),
    Op(
        "mean",
        over_dims(empty=False),
        _reduction(np.mean),
        FLOATS,
        refused=(
            OUT_OF_RANGE,
            REPEATED,
            Refused(
                Sample(Data((2,))),
                RuntimeError,
                r"mean\(\): could not infer output dtype. Input dtype must be either a floating "
                "point or complex dtype. Got: Long",
                "int64",
            ),
        ),
    ),
    Op(
        "prod",
        (
            *over_dim(0.5, 1.5),
            Sample(Data(values=[[1.0, 0.0, 3.0], [0.0, 2.0, 0.0]])),
            Sample(Data(values=[[1.0, 0.0, 3.0], [0.0, 2.0, 0.0]]), 1),
            Sample(Data((0,))),
            Sample(Data((2, 0)), 1),
        ),
        _reduction(np.prod),
        result="sum",
        refused=(OUT_OF_RANGE,),
        roundings=32,
    ),
    Op(
        "logsumexp",
        (
            *(s for s in over_dims(empty=False) if len(s.args) > 1 or s.kwargs),
            Sample(Data((2, 0)), 1, smooth=False),
            Sample(Data((2, 0)), 0),
            Sample(Data(values=[[1000.0, 1000.0], [-1000.0, -1001.0]]), 1),
            Sample(Data(values=[[-np.inf, -np.inf], [np.inf, 1.0]]), 1, smooth=False),
        ),
        None,
        result="float",
        refused=(OUT_OF_RANGE, REPEATED),
    ),
    Op(
        "count_nonzero",
        (
            *(s for s in over_dims() if len(s.args) < 3 and not s.kwargs),
            Sample(Data(values=[[1.0, 0.0], [np.nan, -0.0]]), 1),
        ),
        lambda x, dim=None: np.count_nonzero(x, axis=None if np.ndim(x) == 0 else dim),
        result="int64",
        differentiable=False,
        refused=(OUT_OF_RANGE,),
    ),
)

NEEDS_ELEMENTS = r"Expected reduction dim 1 to have non-zero size"

EXTREMES = tuple(
    Op(
        name,
        (
            *over_dims(empty=False),
            Sample(Data((0, 3)), 1),
            Sample(Data(values=[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), 1, smooth=False),
            Sample(Data(values=[[1.0, 3.0, 3.0], [3.0, 2.0, 1.0]]), smooth=False),
            Sample(Data(values=[[1.0, np.nan], [np.inf, 2.0]]), 1, smooth=False),
        ),
        _reduction(reference),
        refused=(
            OUT_OF_RANGE,
            REPEATED,
            Refused(Sample(Data((2, 0)), 1), IndexError, NEEDS_ELEMENTS),
        ),
    )
    for name, reference in (("amax", np.max), ("amin", np.min))
)

ARGUMENTS = tuple(
    Op(
        name,
        (
            *over_dim(),
            Sample(Data((0, 3)), 1),
            Sample(Data(values=[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), 1),
            Sample(Data(values=[[1.0, np.nan, 3.0], [np.inf, 2.0, np.nan]]), 1),
        ),
        _reduction(reference),
        tuple(t for t in ALL if t != "bool"),
        "int64",
        differentiable=False,
        refused=(OUT_OF_RANGE, Refused(Sample(Data((2, 0)), 1), IndexError, NEEDS_ELEMENTS)),
    )
    for name, reference in (("argmax", np.argmax), ("argmin", np.argmin))
)

TRUTH = tuple(
    Op(
        name,
        (*over_dims(), Sample(Data(values=[[1.0, 0.0], [np.nan, 2.0]]), 1)),
        _reduction(reference),
        result="truth",
        differentiable=False,
        refused=(OUT_OF_RANGE,),
    )
    for name, reference in (("any", np.any), ("all", np.all))
)

_SPREAD = (
    Sample(Data((2, 3))),
    Sample(Data((2, 3)), 0),
    Sample(Data((2, 3)), -1, keepdim=True),
    Sample(Data((2, 3, 4)), (0, 2)),
    Sample(Data((40, 30)), 0),
)

DEVIATIONS = (
    *(
        Op(
            name,
            (
                *_SPREAD,
                Sample(Data((5,)), False),
                Sample(Data((2, 3)), 1, True, True),
                Sample(Data((2, 3)), dim=1, unbiased=False),
                Sample(Data((2, 3)), dim=1, correction=0),
            ),
            _deviation(reference),
            FLOATS,
            refused=(OUT_OF_RANGE, REPEATED),
            roundings=64,
        )
        for name, reference in (("var", np.var), ("std", np.std))
    ),
    *(
        Op(name, _SPREAD, _with_mean(reference), FLOATS, method=None, roundings=64)
        for name, reference in (("var_mean", np.var), ("std_mean", np.std))
    ),
)

OPS = (*SUMS, *EXTREMES, *ARGUMENTS, *TRUTH, *DEVIATIONS)
