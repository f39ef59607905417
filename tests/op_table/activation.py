"""Rows of activation functions over a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import FLOATS, Data, Op, Refused, Sample, Type


def _softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    x = np.asarray(x, float)
    if not x.size:
        return x
    shifted = np.exp(x - x.max(axis=dim, keepdims=True)) if x.ndim else np.ones(())
    return shifted / shifted.sum(axis=dim, keepdims=True) if x.ndim else shifted


def _log_softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    x = np.asarray(x, float)
    if not x.ndim or not x.size:
        return np.zeros(x.shape)
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))


SAMPLES = (
    Sample(Data((2, 3)), 1),
    Sample(Data((2, 3)), 0),
    Sample(Data((2, 3, 4)), -2),
    Sample(Data((5,)), dim=0),
    Sample(Data(()), 0),
    Sample(Data((3, 1)), 1),
    Sample(Data((2, 0)), 1),
    Sample(Data((0, 2)), 1),
    Sample(Data((6, 50), -30.0, 30.0), 1),
    Sample(Data((2, 3)), 1, dtype=Type("float64")),
)

OPS = tuple(
    Op(
        name,
        SAMPLES,
        reference,
        FLOATS,
        refused=(
            Refused(
                Sample(Data((2, 3)), 1),
                NotImplementedError,
                rf'"{kernel}_lastdim_kernel_impl" not implemented for \'Long\'',
                "int64",
            ),
            Refused(Sample(Data((2, 3)), 2), IndexError, "Dimension out of range"),
        ),
        roundings=32,
    )
    for name, reference, kernel in (
        ("softmax", _softmax, "softmax"),
        ("log_softmax", _log_softmax, "log_softmax"),
    )
)
