"""Some functions of the package, at PyTorch's other place for them; and ``F``.

>>> from gpugrad.functional import F, einsum
>>> F.__name__
'gpugrad.nn.functional'
"""

from __future__ import annotations

from typing import Any

from .nn import functional as _functional
from .tensor import Tensor as Tensor

F = _functional
"""The name by which programs import it."""

__all__ = [
    *("atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes"),
    *("broadcast_tensors", "cartesian_prod", "cdist", "chain_matmul", "einsum", "meshgrid"),
    *("norm", "split", "tensordot", "unique", "unique_consecutive", "unravel_index", "F"),
]


def __getattr__(name: str) -> Any:
    import gpugrad

    if name in __all__ and hasattr(gpugrad, name):
        return getattr(gpugrad, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
