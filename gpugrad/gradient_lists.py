"""Gradients sorted into lists of one device and one dtype, which a backend takes in one call."""

from __future__ import annotations

from collections.abc import Iterable

from .backend import backend_of
from .backend.primitives import Array
from .device import device
from .dtypes import dtype
from .ops.operands import ZERO_STRIDE_WRITE
from .tensor import Tensor

Kind = tuple[device, dtype]


def by_kind(tensors: Iterable[Tensor]) -> dict[Kind, list[Tensor]]:
    """The tensors of each device and dtype, in the order in which these appear."""
    found: dict[Kind, list[Tensor]] = {}
    for tensor in tensors:
        found.setdefault((tensor.device, tensor.dtype), []).append(tensor)
    return found


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
