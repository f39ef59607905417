"""Rows of matrix products."""

from __future__ import annotations

import numpy as np

from .model import ALL, Data, Op, Refused, Sample

NUMBERS = tuple(t for t in ALL if t != "bool")

ONE_TYPE = "expected m1 and m2 to have the same dtype, but got: double != float"
MISFIT = r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x2\)"

OPS = (
    Op(
        "matmul",
        (
            Sample(Data((2, 3)), Data((3, 4))),
            Sample(Data((3,)), Data((3,))),
            Sample(Data((2, 3)), Data((3,))),
            Sample(Data((3,)), Data((3, 2))),
            Sample(Data((4, 2, 3)), Data((4, 3, 2))),
            Sample(Data((4, 2, 3)), Data((3, 2))),
            Sample(Data((2, 3)), Data((4, 3, 2))),
            Sample(Data((4, 2, 3)), Data((3,))),
            Sample(Data((3,)), Data((4, 3, 2))),
            Sample(Data((4, 1, 2, 3)), Data((2, 3, 2))),
            Sample(Data((1, 1)), Data((1, 1))),
            Sample(Data((2, 0)), Data((0, 3))),
            Sample(Data((0, 2)), Data((2, 3))),
            Sample(Data((0,)), Data((0,))),
            Sample(Data((3, 0, 2)), Data((2, 2))),
        ),
        np.matmul,
        NUMBERS,
        refused=(
            Refused(Sample(Data((2, 3)), Data((4, 2))), RuntimeError, MISFIT),
            Refused(Sample(Data((2, 3)), Data((3, 2), dtype="float32")), RuntimeError, ONE_TYPE),
            Refused(
                Sample(Data(()), Data((2,))),
                RuntimeError,
                "both arguments to matmul need to be at least 1D, but they are 0D and 1D",
            ),
            Refused(
                Sample(Data((2,)), Data((3,))),
                RuntimeError,
                r"inconsistent tensor size, expected tensor \[2\] and src \[3\] to have the same "
                "number of elements, but got 2 and 3 elements respectively",
            ),
        ),
    ),
    Op(
        "mm",
        (
            Sample(Data((2, 3)), Data((3, 4))),
            Sample(Data((1, 2)), Data((2, 1))),
            Sample(Data((2, 0)), Data((0, 3))),
        ),
        np.matmul,
        NUMBERS,
        refused=(
            Refused(Sample(Data((2, 3)), Data((4, 2))), RuntimeError, MISFIT),
            Refused(Sample(Data((3,)), Data((3, 2))), RuntimeError, "self must be a matrix"),
            Refused(Sample(Data((2, 3)), Data((3,))), RuntimeError, "mat2 must be a matrix"),
        ),
    ),
    Op(
        "bmm",
        (Sample(Data((4, 2, 3)), Data((4, 3, 2))), Sample(Data((0, 2, 3)), Data((0, 3, 2)))),
        np.matmul,
        NUMBERS,
        refused=(
            Refused(
                Sample(Data((2, 3)), Data((4, 3, 2))), RuntimeError, "batch1 must be a 3D tensor"
            ),
            Refused(
                Sample(Data((4, 2, 3)), Data((2, 3, 2))),
                RuntimeError,
                r"Expected size for first two dimensions of batch2 tensor to be: \[4, 3\] but got: "
                r"\[2, 3\]",
            ),
        ),
    ),
    Op(
        "mv",
        (Sample(Data((2, 3)), Data((3,))), Sample(Data((0, 3)), Data((3,)))),
        np.matmul,
        NUMBERS,
    ),
    Op(
        "dot",
        (Sample(Data((3,)), Data((3,))), Sample(Data((0,)), Data((0,)))),
        np.dot,
        NUMBERS,
        refused=(
            Refused(
                Sample(Data((2, 3)), Data((3,))),
                RuntimeError,
                "1D tensors expected, but got 2D and 1D tensors",
            ),
        ),
    ),
    Op("outer", (Sample(Data((2,)), Data((3,))), Sample(Data((0,)), Data((3,)))), np.outer, ALL),
    Op(
        "addmm",
        (
            Sample(Data((2, 4)), Data((2, 3)), Data((3, 4))),
            Sample(Data((4,)), Data((2, 3)), Data((3, 4))),
            Sample(Data((2, 4)), Data((2, 3)), Data((3, 4)), beta=2, alpha=3),
        ),
        lambda x, a, b, beta=1, alpha=1: beta * x + alpha * (a @ b),
        NUMBERS,
        inplace="addmm_",
        roundings=32,
    ),
)
