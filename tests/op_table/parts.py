"""Rows of functions that cut tensors into parts and join parts to tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import Data, Op, Refused, Sample


def _split(x: Any, sizes: Any, dim: int = 0) -> Any:
    n = x.shape[dim]
    cuts = range(sizes, n, sizes) if isinstance(sizes, int) else np.cumsum(sizes)[:-1]
    return list(np.split(x, list(cuts), dim))


CUTTING = (
    Op(
        "split",
        (
            Sample(Data((5, 2)), 2),
            Sample(Data((2, 5)), 3, 1),
            Sample(Data((2, 5)), (1, 0, 4), dim=-1),
            Sample(Data((5,)), 10),
        ),
        _split,
        refused=(
            Refused(
                Sample(Data((5,)), (2, 2)),
                RuntimeError,
                r"split_with_sizes expects split_sizes to sum exactly to 5 \(input tensor's size "
                r"at dimension 0\), but got split_sizes=\[2, 2\]",
            ),
        ),
    ),
    Op(
        "chunk",
        (
            Sample(Data((5, 2)), 2),
            Sample(Data((2, 5)), 4, 1),
            Sample(Data((3,)), 5),
            Sample(Data((0, 2)), 2),
        ),
        refused=(
            Refused(
                Sample(Data((5,)), 0),
                RuntimeError,
                "chunk expects `chunks` to be greater than 0, got: 0",
            ),
        ),
    ),
    Op(
        "tensor_split",
        (
            Sample(Data((7, 2)), 3),
            Sample(Data((2, 7)), (1, 4), 1),
            Sample(Data((7,)), (-2, 9)),
            Sample(Data((2,)), 4),
        ),
        lambda x, cuts, dim=0: list(np.array_split(x, cuts, dim)),
    ),
    Op(
        "unbind",
        (Sample(Data((3, 2))), Sample(Data((3, 2)), 1), Sample(Data((2,)), -1)),
        lambda x, dim=0: list(np.moveaxis(x, dim, 0)),
    ),
)

JOINING = (
    Op(
        "cat",
        (
            Sample([Data((2, 3)), Data((1, 3))]),
            Sample((Data((2, 3)), Data((2, 1)), Data((2, 2))), 1),
            Sample([Data((2, 3))], dim=-1),
            Sample([Data((0,)), Data((2, 3))]),
            Sample([Data((0, 3)), Data((2, 3))]),
        ),
        lambda parts, dim=0: np.concatenate([p for p in parts if p.shape != (0,)], dim),
        method=None,
        refused=(
            Refused(Sample([]), ValueError, "expected a non-empty list of Tensors"),
            Refused(
                Sample([Data((2, 3)), Data((2, 2))]),
                RuntimeError,
                "Sizes of tensors must match except in dimension 0. Expected size 3 but got size "
                "2 for tensor number 1 in the list",
            ),
            Refused(
                Sample([Data(()), Data(())]),
                RuntimeError,
                r"zero-dimensional tensor \(at position 0\) cannot be concatenated",
            ),
        ),
    ),
    Op(
        "stack",
        (
            Sample([Data((2, 3)), Data((2, 3))]),
            Sample([Data((2, 3)), Data((2, 3))], 1),
            Sample((Data((2,)), Data((2,)), Data((2,))), dim=-1),
            Sample([Data(()), Data(())]),
            Sample([Data((0, 2)), Data((0, 2))]),
        ),
        lambda parts, dim=0: np.stack(parts, dim),
        method=None,
        refused=(
            Refused(Sample([]), RuntimeError, "stack expects a non-empty TensorList"),
            Refused(
                Sample([Data((2, 3)), Data((3,))]),
                RuntimeError,
                r"stack expects each tensor to be equal size, but got \[2, 3\] at entry 0 and "
                r"\[3\] at entry 1",
            ),
        ),
    ),
    Op(
        "hstack",
        (
            Sample([Data((2, 3)), Data((2, 1))]),
            Sample([Data((2,)), Data((3,))]),
            Sample([Data(()), Data(())]),
        ),
        np.hstack,
        method=None,
    ),
    Op(
        "vstack",
        (
            Sample([Data((2, 3)), Data((1, 3))]),
            Sample([Data((2,)), Data((2,))]),
            Sample([Data(()), Data(())]),
        ),
        np.vstack,
        method=None,
    ),
)

OPS = (*CUTTING, *JOINING)
