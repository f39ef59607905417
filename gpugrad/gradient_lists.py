"""Gradients sorted into lists of one device and one dtype, which a backend takes in one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .backend import backend_of
from .backend.primitives import Array
from .device import device
from .ops.operands import ZERO_STRIDE_WRITE
from .tensor import Tensor


def by_kind(tensors: Iterable[Tensor]) -> dict[device, list[list[Tensor]]]:
    """The tensors of each device, in one list for each dtype, in the order of appearance."""
    found: dict[device, dict[Any, list[Tensor]]] = {}
    for tensor in tensors:
        # The array's own dtype: there are quicker questions than for the tensor's.
        found.setdefault(tensor.device, {}).setdefault(tensor.array.dtype, []).append(tensor)
    return {where: list(of_dtype.values()) for where, of_dtype in found.items()}


def arrays_to_write(tensors: list[Tensor]) -> list[Array]:
    """The arrays of tensors of one device that are about to be changed in place.

    The change is counted, so that a later backward notices it.

    Raises:
        RuntimeError: several elements of a tensor share their memory.
    """
    backend = backend_of(tensors[0].array)
    arrays = []
    for tensor in tensors:
        array = backend.asarray(tensor.array)  # NumPy's scalars cannot be written to
        if not backend.writable(array):
            raise RuntimeError(ZERO_STRIDE_WRITE)
        tensor.array = array
        tensor.version[0] += 1
        arrays.append(array)
    return arrays
