"""The softmax functions: values along one dimension become shares of 1."""

from __future__ import annotations

import warnings
from typing import Any

from ...tensor import Tensor


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """exp(x) / sum(exp(x)) along ``dim``, converted to ``dtype`` first if that is given.

    >>> import gpugrad
    >>> gpugrad.nn.functional.softmax(gpugrad.zeros(4), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    if dim is None:
        dim = _implicit_dim("softmax", input.dim(), _stacklevel)
    result: Tensor = input.softmax(dim, dtype=dtype)
    return result


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """softmax(-x) along ``dim``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.softmin(gpugrad.tensor([0.0, 1.0]), dim=0)
    tensor([0.7311, 0.2689])
    """
    if dim is None:
        dim = _implicit_dim("softmin", input.dim(), _stacklevel)
    result: Tensor = (-input).softmax(dim, dtype=dtype)
    return result


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """log(softmax(x)) along ``dim``, without overflow.

    >>> import gpugrad
    >>> gpugrad.nn.functional.log_softmax(gpugrad.zeros(4), dim=0)
    tensor([-1.3863, -1.3863, -1.3863, -1.3863])
    """
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim(), _stacklevel)
    result: Tensor = input.log_softmax(dim, dtype=dtype)
    return result


def _implicit_dim(name: str, ndim: int, stacklevel: int) -> int:
    """The dimension that the softmax functions take if none is given: an old, odd rule."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1
