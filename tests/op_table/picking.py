"""Rows of functions that pick elements, put them elsewhere, or order them."""

from __future__ import annotations

import math
from typing import Any

from .model import Data, Op, Refused, Sample

WIDE = ("float64", "float32", "int64")
REAL = ("float64", "float32")


def op(name: str, *samples: Sample, **more: Any) -> Op:
    """A row whose values are compared with PyTorch's only."""
    return Op(name, samples, **{"dtypes": WIDE, "result": "any", "named": False, **more})


def index(*values: Any) -> Data:
    return Data(values=list(values), dtype="int64")


def mask(*shape: int) -> Data:
    return Data(shape, dtype="bool")


X = Data((3, 4))
ROWS = index([0, 2, 1, 0], [1, 1, 2, 0])
APART = index([0, 2, 1, 0], [1, 1, 2, 2])
"""Without a place that is named twice: which value stays there is not defined."""
MASK = mask(3, 4)

READING = (
    op(
        "gather",
        Sample(X, 0, ROWS),
        Sample(X, 1, index([3, 0], [1, 1], [2, 2])),
        Sample(X, -1, index([], [], [])),
        Sample(Data((4,)), 0, index(3, 3, 0)),
        refused=(
            Refused(Sample(X, 0, index(0, 1)), RuntimeError, "^Index tensor must have the same"),
        ),
    ),
    op("index_select", Sample(X, 0, index(2, 0, 2)), Sample(X, 1, index(3)), Sample(X, 0, index())),
    op("masked_select", Sample(X, MASK), Sample(X, mask(4)), Sample(Data((3, 1)), MASK)),
    op("take", Sample(X, index([0, 11], [5, 5])), Sample(X, index())),
    op("take_along_dim", Sample(X, ROWS, 0), Sample(X, index(0, 11, 3))),
    op("select", Sample(X, 0, 1), Sample(X, -1, -2)),
    op("narrow", Sample(X, 1, 1, 2), Sample(X, 0, -2, 2), Sample(X, 0, 1, 0)),
    op(
        "nonzero", Sample(MASK), Sample(Data(values=[[0.0, 2.0], [3.0, 0.0]])), differentiable=False
    ),
    op("argwhere", Sample(MASK), Sample(Data(())), differentiable=False),
)

WRITING = (
    op(
        "scatter",
        Sample(X, 0, APART, Data((2, 4))),
        Sample(X, 1, index([0, 3], [1, 2], [2, 2]), 5.0, only=REAL),
        Sample(X, 0, index([0, 1, 2, 0]), Data((1, 4))),
        inplace="scatter_",
    ),
    op(
        "scatter_add",
        Sample(X, 0, ROWS, Data((2, 4))),
        Sample(X, 1, index([0, 0, 0], [1, 2, 1]), Data((2, 3))),
        inplace="scatter_add_",
    ),
    op(
        "scatter_reduce",
        *(
            Sample(X, 0, ROWS, Data((2, 4), 0.5, 2.0), reduce, include_self=own, only=REAL)
            for reduce in ("sum", "prod", "mean", "amax", "amin")
            for own in (True, False)
        ),
        inplace="scatter_reduce_",
    ),
    op(
        "index_add",
        Sample(X, 0, index(0, 2, 0), Data((3, 4))),
        Sample(X, 1, index(3, 1), Data((3, 2)), alpha=2),
        inplace="index_add_",
    ),
    op("index_copy", Sample(X, 0, index(2, 0), Data((2, 4))), inplace="index_copy_"),
    op(
        "index_fill", Sample(X, 0, index(2, 0), 3), Sample(X, 1, index(1), 3), inplace="index_fill_"
    ),
    op(
        "index_put",
        Sample(X, (index(0, 2), index(1, 3)), Data((2,))),
        Sample(X, (index(0, 0), index(1, 1)), Data((2,)), accumulate=True),
        inplace="index_put_",
    ),
    op(
        "put",
        Sample(X, index(0, 5, 11), Data((3,))),
        Sample(X, index(5, 5), Data((2,)), accumulate=True),
        inplace="put_",
    ),
    op(
        "masked_fill",
        Sample(X, MASK, 2),
        Sample(X, mask(4), 0.5, only=REAL),
        inplace="masked_fill_",
    ),
    op("masked_scatter", Sample(X, MASK, Data((3, 4))), inplace="masked_scatter_"),
)

TIES = Data(values=[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
NANS = Data(values=[[1.0, math.nan, 3.0], [math.inf, 2.0, math.nan]])

ORDER = (
    op("sort", Sample(X), Sample(X, 0, True), Sample(X, dim=1, descending=False), Sample(Data(()))),
    op(
        "argsort",
        Sample(X),
        Sample(X, 0, True),
        Sample(TIES, dim=1, stable=True),
        differentiable=False,
    ),
    op("msort", Sample(X), Sample(Data((5,)))),
    op("topk", Sample(X, 2), Sample(X, 1, 0, False), Sample(X, 3, largest=False), dtypes=REAL),
    op("kthvalue", Sample(X, 2), Sample(X, 1, 0, True), dtypes=REAL),
    op("median", Sample(X), Sample(X, 1), Sample(X, 0, True), Sample(Data((4,)))),
    op("nanmedian", Sample(X), Sample(X, 1), Sample(NANS, 1, smooth=False, only=REAL)),
    op(
        "mode", Sample(index([1, 1, 2], [3, 2, 2]), 1), Sample(index(4, 1, 4)), differentiable=False
    ),
    *(
        op(
            name,
            Sample(X),
            Sample(X, 1),
            Sample(X, 0, True),
            Sample(X, Data((4,))),
            Sample(TIES, 1, smooth=False),
            Sample(TIES, smooth=False),
            Sample(NANS, 1, smooth=False, only=REAL),
            Sample(Data(())),
            Sample(X, dim=1, keepdim=True),
        )
        for name in ("max", "min")
    ),
    op("aminmax", Sample(X), Sample(X, dim=1), Sample(X, dim=0, keepdim=True)),
    op(
        "unique",
        Sample(index(3, 1, 3, 2)),
        Sample(index(3, 1, 3), return_inverse=True, return_counts=True),
        Sample(index([1, 2], [1, 2], [0, 2]), dim=0),
        differentiable=False,
    ),
    op("unique_consecutive", Sample(index(1, 1, 2, 1)), differentiable=False),
    op(
        "searchsorted",
        Sample(Data(values=[1.0, 3.0, 5.0]), Data(values=[[0.0, 3.0], [6.0, 4.0]])),
        Sample(Data(values=[1.0, 3.0, 5.0]), Data(values=[3.0]), right=True),
        differentiable=False,
        method=None,
    ),
    op(
        "bucketize",
        Sample(Data(values=[[0.0, 3.0], [6.0, 4.0]]), Data(values=[1.0, 3.0, 5.0])),
        differentiable=False,
        method=None,
    ),
    op("isin", Sample(index(1, 2, 3), index(2, 5)), differentiable=False, method=None),
    op(
        "bincount",
        Sample(index(0, 2, 2)),
        Sample(index(0, 2, 2), Data((3,), grad=False), 5),
        differentiable=False,
    ),
    op("histc", Sample(X, 4, -2, 2), dtypes=REAL, differentiable=False),
)

SCANS = (
    op("cumsum", Sample(X, 0), Sample(X, -1), Sample(Data(()), 0), inplace="cumsum_"),
    op(
        "cumprod",
        Sample(Data((3, 4), 0.5, 2.0), 0),
        Sample(Data(values=[[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]), 1),
        inplace="cumprod_",
    ),
    op("cummax", Sample(X, 0), Sample(TIES, 1, smooth=False)),
    op("cummin", Sample(X, 0), Sample(TIES, 1, smooth=False)),
    op("logcumsumexp", Sample(X, 0), Sample(X, 1), dtypes=REAL),
    op("diff", Sample(X), Sample(X, 2, 0), Sample(X, prepend=Data((3, 1)))),
    op("nansum", Sample(X), Sample(X, 1), Sample(NANS, 1, smooth=False, only=REAL)),
    op("nanmean", Sample(X), Sample(X, 1), Sample(NANS, 1, smooth=False), dtypes=REAL),
)

OPS = (*READING, *WRITING, *ORDER, *SCANS)
