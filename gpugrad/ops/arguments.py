"""Checks of arguments that several ops share, with PyTorch's errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine import TensorBase
from ..dtypes import from_numpy


def word(array: Any) -> str:
    """An array's type as PyTorch names it in errors: ``Float``, ``Long``."""
    return from_numpy(array.dtype).word


def c_name(array: Any) -> str:
    """An array's type as PyTorch names it in other errors: ``float``, ``int64_t``."""
    name = from_numpy(array.dtype).name
    known = {"float32": "float", "float64": "double", "float16": "c10::Half", "int32": "int"}
    if name in known:
        return known[name]
    return "c10::BFloat16" if name == "bfloat16" else name + ("_t" if "int" in name else "")


def scalar_name(array: Any) -> str:
    """An array's type as PyTorch's promotion errors name it: ``float``, ``long``."""
    name = from_numpy(array.dtype).name
    known = {
        "float32": "float",
        "float64": "double",
        "float16": "c10::Half",
        "bfloat16": "c10::BFloat16",
        "int64": "long",
        "int32": "int",
        "int16": "short",
        "int8": "signed char",
        "uint8": "unsigned char",
    }
    return known.get(name, name)


def meta_name(array: Any) -> str:
    """An array's type as PyTorch names it where it compares the types of operands: ``long int``."""
    name = scalar_name(array)
    return "long int" if name == "long" else name


def note_op(error: Exception, name: str, *arrays: Any) -> Exception:
    """Say in a note which op raised ``error``, on operands of which shapes and types."""
    operands = [
        f"{list(a.shape)} {from_numpy(a.dtype).name}" if hasattr(a, "dtype") else repr(a)
        for a in arrays
    ]
    error.add_note(f"Raised by {name} of {' and '.join(operands)}")
    return error


def needs_tensor(function: str, *values: Any) -> TypeError:
    """The error for operands of which at least one should be a tensor."""
    kinds = ", ".join(type(v).__name__ for v in values)
    return TypeError(f"{function}() received an invalid combination of arguments - got ({kinds})")


def require_tensor(function: str, name: str, position: int, value: Any) -> None:
    """Raise TypeError if ``value`` is no tensor."""
    if not isinstance(value, TensorBase):
        raise TypeError(
            f"{function}(): argument '{name}' (position {position}) must be Tensor, not "
            f"{type(value).__name__}"
        )


def check_not_empty(function: str, shape: tuple[int, ...], axis: int) -> None:
    """Raise IndexError where a dimension must have at least one element and has none."""
    if shape and shape[axis] == 0:
        raise IndexError(f"{function}(): Expected reduction dim {axis} to have non-zero size.")


def out_of_range(index: Any, size: int, lowest: int = 0) -> int | None:
    """The first index outside ``lowest .. size - 1``, or None.

    On a GPU looking would mean waiting for it, so there nothing is looked at.
    """
    if type(index) is not np.ndarray or index.size == 0:
        return None
    if index.min() >= lowest and index.max() < size:
        return None
    return int(index[(index < lowest) | (index >= size)][0])
