"""The types of operands, as the losses check and convert them."""

from __future__ import annotations

from ... import dtypes
from ...tensor import Tensor


def same_type(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both operands in the type to which they promote."""
    if input.dtype is target.dtype:
        return input, target
    common = dtypes.promote_types(input.dtype, target.dtype)
    return input.to(common), target.to(common)


def require_floating(tensor: Tensor, kernel: str, halves: bool = True) -> None:
    """Refuse integers, in the words of PyTorch's kernel; without ``halves`` half types too."""
    kind = tensor.array.dtype.kind
    if kind not in "fV" or (not halves and tensor.array.dtype.itemsize == 2):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{tensor.dtype.word}'")


def refuse_bools(tensor: Tensor, kernel: str) -> None:
    """Refuse bools, in the words that PyTorch's kernel has for it."""
    if tensor.array.dtype.kind == "b":
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")
