"""``finfo`` and ``iinfo``: what the numeric types can hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes


def _described(info: finfo | iinfo, *fields: str) -> str:
    numbers = (f"{name}={getattr(info, name):g}" for name in fields)
    return f"{type(info).__name__}({', '.join(numbers)}, dtype={info.dtype})"


def _refuse(name: str, value: Any) -> TypeError:
    return TypeError(
        f"{name}(): argument 'type' (position 1) must be torch.dtype, not {type(value).__name__}"
    )


class finfo:  # noqa: N801  # PyTorch's name
    """Range and precision of a floating-point type, of the default one unless given.

    Attributes:
        bits: the size of a number.
        eps: the distance from 1 to the next larger number.
        max, min: the largest and the smallest (most negative) finite number.
        smallest_normal, tiny: the smallest positive number of full precision.
        resolution: ten to the minus the decimal digits that survive.
        dtype: the type's name.

    Raises:
        TypeError: for an integer type or what is no type.

    >>> import gpugrad
    >>> gpugrad.finfo(gpugrad.float16).max
    65504.0
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: dtypes.dtype | None = None) -> None:
        kind = dtypes.get_default_dtype() if type is None else type
        if not isinstance(kind, dtypes.dtype):
            raise _refuse("finfo", kind)
        if not kind.is_floating_point:
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                "'torch.finfo'"
            )
        self.bits, self.dtype = kind.itemsize * 8, kind.name
        if kind is dtypes.bfloat16:  # the upper half of a float32, with 7 bits of fraction
            self.eps, self.smallest_normal, self.resolution = 2.0**-7, 2.0**-126, 0.01
            self.max = 2.0**128 - 2.0**120
        else:
            known = np.finfo(kind.numpy)
            self.eps, self.max = float(known.eps), float(known.max)
            self.smallest_normal = float(known.smallest_normal)
            self.resolution = 10.0**-known.precision
        self.min, self.tiny = -self.max, self.smallest_normal

    def __repr__(self) -> str:
        return _described(self, "resolution", "min", "max", "eps", "smallest_normal", "tiny")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)


class iinfo:  # noqa: N801  # PyTorch's name
    """Range of an integer type.

    Attributes:
        bits: the size of a number.
        max, min: the largest and the smallest number.
        dtype: the type's name.

    Raises:
        TypeError: for a floating-point type, for bool, and for what is no type.

    >>> import gpugrad
    >>> gpugrad.iinfo(gpugrad.int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: dtypes.dtype) -> None:
        if not isinstance(type, dtypes.dtype):
            raise _refuse("iinfo", type)
        if type.is_floating_point:
            raise TypeError(
                "torch.iinfo() requires an integer input type. Use torch.finfo to handle "
                "'torch.iinfo'"
            )
        if type is dtypes.bool_:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        known = np.iinfo(type.numpy)
        self.bits, self.dtype = type.itemsize * 8, type.name
        self.max, self.min = int(known.max), int(known.min)

    def __repr__(self) -> str:
        return _described(self, "min", "max")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)
