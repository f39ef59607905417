"""Sparse tensors as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import dtypes
from ..memory_layout import sparse_coo
from ..printing import append_suffixes, contents

if TYPE_CHECKING:
    from .tensor import SparseTensor

INDENT = len("tensor(")


def sparse_repr(tensor: SparseTensor) -> str:
    """``tensor(indices=…, values=…, size=…, nnz=…, layout=…)``, as PyTorch prints it."""
    coordinates = tensor.layout is sparse_coo
    parts = {"indices": tensor._at}
    if not coordinates:
        parts = {"crow_indices": tensor.crow_indices(), "col_indices": tensor.col_indices()}
    shown = []
    for name, part in {**parts, "values": tensor._held.detach()}.items():
        prefix = f"{name}=tensor("
        text = prefix + contents(part, INDENT + len(prefix))
        if 0 in part.shape:
            text += f", size={tuple(part.shape)}"
        shown.append(text + ")")
    text = "tensor(" + (",\n" + " " * INDENT).join(shown)
    suffixes = [f"size={tuple(tensor.shape)}", f"nnz={tensor._nnz()}"]
    if tensor.device.type != "cpu":
        suffixes.insert(0, f"device='{tensor.device}'")
    evident = (dtypes.int64, dtypes.bool_) if tensor._nnz() else ()
    if tensor.dtype is not dtypes.get_default_dtype() and tensor.dtype not in evident:
        suffixes.append(f"dtype={tensor.dtype}")
    suffixes.append(f"layout={tensor.layout}")
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn=<{tensor.grad_fn.name().rpartition(':')[2]}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    if coordinates:
        text += ",\n" + " " * INDENT + suffixes.pop(0)
    return append_suffixes(text, suffixes, INDENT)
