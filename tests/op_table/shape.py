"""Rows of functions that arrange the same elements otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .model import Data, Op, Refused, Sample


def _method(name: str) -> Callable[..., Any]:
    """Call what exists only as a method."""
    return lambda lib, x, *args, **kwargs: getattr(x, name)(*args, **kwargs)


def _flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    if x.ndim == 0:
        return x.reshape(1)
    start, end = start_dim % x.ndim, end_dim % x.ndim
    return (
        x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])
        if x.size
        else x.reshape(
            *x.shape[:start], int(np.prod(x.shape[start : end + 1])), *x.shape[end + 1 :]
        )
    )


def _squeeze(x: Any, dim: Any = None) -> Any:
    dims = range(x.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    axes = tuple(d % max(x.ndim, 1) for d in dims)
    return np.squeeze(x, tuple(a for a in axes if a < x.ndim and x.shape[a] == 1))


INVALID_SHAPE = r"shape '\[4\]' is invalid for input of size 6"

RESHAPING = (
    Op(
        "reshape",
        (
            Sample(Data((2, 3)), (3, 2)),
            Sample(Data((2, 3)), (-1,)),
            Sample(Data((2, 3)), (1, -1, 2)),
            Sample(Data((2, 3, 4)), (6, 4)),
            Sample(Data(()), (1, 1)),
            Sample(Data((1,)), ()),
            Sample(Data((0, 3)), (3, 0)),
        ),
        np.reshape,
        refused=(
            Refused(Sample(Data((2, 3)), (4,)), RuntimeError, INVALID_SHAPE),
            Refused(
                Sample(Data((2, 3)), (-1, -1)), RuntimeError, "only one dimension can be inferred"
            ),
        ),
    ),
    Op(
        "view",
        (
            Sample(Data((2, 3)), 3, 2),
            Sample(Data((2, 3)), (6,)),
            Sample(Data((2, 3)), -1),
            Sample(Data(()), 1),
            Sample(Data((0, 3)), 3, 0),
        ),
        lambda x, *size: x.reshape(*size),
        call=_method("view"),
        needs_contiguous=True,
        refused=(Refused(Sample(Data((2, 3)), 4), RuntimeError, INVALID_SHAPE),),
    ),
    Op(
        "flatten",
        (
            Sample(Data((2, 3, 4))),
            Sample(Data((2, 3, 4)), 1),
            Sample(Data((2, 3, 4)), 0, 1),
            Sample(Data((2, 3)), start_dim=-1),
            Sample(Data(())),
            Sample(Data((2, 0))),
        ),
        _flatten,
        refused=(
            Refused(
                Sample(Data((2, 3)), 1, 0),
                RuntimeError,
                r"flatten\(\) has invalid args: start_dim cannot come after end_dim",
            ),
        ),
    ),
    Op(
        "unflatten",
        (
            Sample(Data((6,)), 0, (2, 3)),
            Sample(Data((2, 6)), 1, (3, -1)),
            Sample(Data((2, 6)), -1, (2, 1, 3)),
        ),
    ),
    Op(
        "squeeze",
        (
            Sample(Data((1, 2, 1))),
            Sample(Data((1, 2, 1)), 0),
            Sample(Data((1, 2, 1)), 1),
            Sample(Data((1, 2, 1)), (0, 2)),
            Sample(Data((1, 2, 1)), -1),
            Sample(Data(())),
            Sample(Data((1, 0))),
        ),
        _squeeze,
        inplace="squeeze_",
        reshapes=True,
    ),
    Op(
        "unsqueeze",
        (
            Sample(Data((2, 3)), 0),
            Sample(Data((2, 3)), 1),
            Sample(Data((2, 3)), -1),
            Sample(Data(()), 0),
            Sample(Data((0,)), -2),
        ),
        np.expand_dims,
        inplace="unsqueeze_",
        reshapes=True,
        refused=(
            Refused(
                Sample(Data((2, 3)), 3),
                IndexError,
                r"Dimension out of range \(expected to be in range of \[-3, 2\], but got 3\)",
            ),
        ),
    ),
)

ORDERING = (
    Op(
        "permute",
        (
            Sample(Data((2, 3, 4)), (2, 0, 1)),
            Sample(Data((2, 3, 4)), (-1, 0, -2)),
            Sample(Data((2, 3)), (0, 1)),
            Sample(Data(()), ()),
            Sample(Data((0, 2)), (1, 0)),
        ),
        np.transpose,
        refused=(
            Refused(
                Sample(Data((2, 3)), (0, 0)),
                RuntimeError,
                r"permute\(\): duplicate dims are not allowed",
            ),
        ),
    ),
    Op(
        "transpose",
        (
            Sample(Data((2, 3)), 0, 1),
            Sample(Data((2, 3, 4)), -1, 0),
            Sample(Data((2, 3)), 1, 1),
            Sample(Data((3,)), 0, 0),
            Sample(Data((0, 2)), 0, 1),
        ),
        np.swapaxes,
        inplace="transpose_",
        reshapes=True,
        refused=(Refused(Sample(Data((2, 3)), 0, 2), IndexError, "Dimension out of range"),),
    ),
    Op(
        "t",
        (Sample(Data((2, 3))), Sample(Data((3,))), Sample(Data(()))),
        np.transpose,
        inplace="t_",
        reshapes=True,
        refused=(
            Refused(
                Sample(Data((2, 3, 4))),
                RuntimeError,
                r"t\(\) expects a tensor with <= 2 dimensions, but self is 3D",
            ),
        ),
    ),
    Op(
        "movedim",
        (
            Sample(Data((2, 3, 4)), 0, 2),
            Sample(Data((2, 3, 4)), -1, 0),
            Sample(Data((2, 3, 4)), (0, 1), (2, 0)),
            Sample(Data((2,)), 0, 0),
        ),
        np.moveaxis,
    ),
    Op(
        "flip",
        (
            Sample(Data((2, 3)), (0,)),
            Sample(Data((2, 3)), (0, -1)),
            Sample(Data((2, 3)), ()),
            Sample(Data((0, 2)), (0,)),
        ),
        lambda x, dims: np.flip(x, dims),
    ),
)

EXPANDING = (
    Op(
        "expand",
        (
            Sample(Data((3, 1)), 3, 4),
            Sample(Data((3, 1)), -1, 4),
            Sample(Data((3,)), (2, 3)),
            Sample(Data(()), 2, 2),
            Sample(Data((1,)), 0),
        ),
        None,
        call=_method("expand"),
        refused=(
            Refused(
                Sample(Data((3,)), 4),
                RuntimeError,
                r"The expanded size of the tensor \(4\) must match the existing size \(3\) at "
                r"non-singleton dimension 0.  Target sizes: \[4\].  Tensor sizes: \[3\]",
            ),
        ),
    ),
    Op(
        "broadcast_to",
        (
            Sample(Data((3,)), (2, 3)),
            Sample(Data((3, 1)), (3, 4)),
            Sample(Data(()), (2,)),
            Sample(Data((90, 1)), (90, 80)),
        ),
        np.broadcast_to,
    ),
    Op(
        "repeat",
        (
            Sample(Data((2, 3)), 2, 2),
            Sample(Data((3,)), (2, 1)),
            Sample(Data((2,)), 0),
            Sample(Data(()), 3),
            Sample(Data((2,)), 1),
        ),
        lambda x, *times: np.tile(x, times if len(times) > 1 else times[0]),
        call=_method("repeat"),
    ),
    Op(
        "tile",
        (Sample(Data((2, 3)), (2,)), Sample(Data((2,)), (2, 2)), Sample(Data(()), (3,))),
        np.tile,
    ),
    Op(
        "broadcast_tensors",
        (
            Sample(Data((2, 1)), Data((3,))),
            Sample(Data(()), Data((2,)), Data((1, 1))),
        ),
        lambda *tensors: list(np.broadcast_arrays(*tensors)),
        method=None,
    ),
)

OPS = (*RESHAPING, *ORDERING, *EXPANDING)
