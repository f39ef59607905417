"""Rows of choices: ``where`` and ``clamp``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .model import ALL, Data, Op, Refused, Sample

SIGNED = tuple(t for t in ALL if t not in ("bool", "uint8"))
NUMBERS = tuple(t for t in ALL if t != "bool")


def _clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


def mask(*shape: int) -> Data:
    return Data(shape, dtype="bool")


OPS = (
    Op(
        "where",
        (
            Sample(mask(2, 3), Data((2, 3)), Data((2, 3))),
            Sample(mask(2, 1), Data((3,)), Data((2, 3))),
            Sample(mask(3), Data((2, 1)), Data(())),
            Sample(mask(), Data((2,)), Data((1, 2))),
            Sample(mask(0), Data((0,)), Data((1,))),
            Sample(mask(2, 3), Data((2, 3)), 0.5),
            Sample(mask(2, 3), 1, Data((2, 3))),
        ),
        np.where,
        method=None,
        refused=(
            Refused(
                Sample(Data((2,)), Data((2,)), Data((2,))),
                RuntimeError,
                "where expected condition to be a boolean tensor, but got a tensor with dtype "
                "Double",
            ),
            Refused(
                Sample(mask(3), Data((2,)), Data((2,))),
                RuntimeError,
                r"The size of tensor a \(\d\) must match the size of tensor b \(\d\) at "
                "non-singleton dimension 0",
            ),
        ),
    ),
    Op(
        "clamp",
        (
            Sample(Data((2, 3)), -1, 1, only=SIGNED),
            Sample(Data((2, 3)), -0.5, 0.5),
            Sample(Data((2, 3)), min=0),
            Sample(Data((2, 3)), max=0.25),
            Sample(Data(()), 0, 1),
            Sample(Data((0, 2)), 0, 1),
            Sample(Data((2, 3)), 1, -1, only=SIGNED),
            Sample(Data((2, 3)), Data((3,), -2.0, -1.0), Data((2, 1), 0.0, 1.0)),
            Sample(Data((2, 3)), min=Data((2, 3))),
            Sample(Data((2, 3)), max=Data((3,))),
            Sample(
                Data(values=[-1.0, 1.0, math.nan, math.inf, 0.0]), -1, 1, smooth=False, only=SIGNED
            ),
        ),
        _clamp,
        NUMBERS,
        inplace="clamp_",
        refused=(
            Refused(
                Sample(Data((2,))),
                RuntimeError,
                "torch.clamp: At least one of 'min' or 'max' must not be None",
            ),
        ),
    ),
)
