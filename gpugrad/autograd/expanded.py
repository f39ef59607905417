"""Writing into parts of expanded tensors, where PyTorch allows it.

NumPy marks whatever comes from an expanded array as read-only, also a part of it of which every
element has memory of its own. PyTorch refuses only what would write several elements to one place,
and allows to fill even that with a number.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..backend.primitives import Array

ZERO_STRIDE_WRITE = (
    "unsupported operation: more than one element of the written-to tensor refers to a single "
    "memory location. Please clone() the tensor before performing the operation."
)


def places(array: Array) -> Array:
    """A view to write through, with one element for each place in memory.

    Raises RuntimeError if the memory itself is read-only.
    """
    view = array[tuple(slice(0, 1) if step == 0 else slice(None) for step in array.strides)]
    return _unlocked(view)


def target_of(array: Array) -> Array:
    """``array`` as a view to write through. Raises RuntimeError if its elements share memory."""
    if any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape, strict=True)):
        raise RuntimeError(ZERO_STRIDE_WRITE)
    return _unlocked(array[...])


def shared(array: Array, function: str, example: str) -> Array:
    """``array`` as a view to write through even if its elements share memory, with a warning.

    For the few functions that PyTorch still allows this. Raises RuntimeError if the memory itself
    is read-only.
    """
    view = _unlocked(array[...])
    warnings.warn(
        f"Use of {function} on expanded tensors is deprecated. Please clone() the tensor before "
        "performing this operation. This also applies to advanced indexing e.g. " + example,
        UserWarning,
        stacklevel=4,
    )
    return view


def _unlocked(view: Any) -> Any:
    if type(view) is np.ndarray:
        try:
            view.flags.writeable = True
        except ValueError:
            raise RuntimeError("the tensor's memory is read-only") from None
    return view
