"""Tensors of given strides, and of a single number."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..autograd.engine import TensorBase
from ..ops.shape import permute
from ..ops.strided import as_strided
from .filled import empty, full


def empty_strided(size: Any, stride: Any, **options: Any) -> Any:
    """A tensor of given shape and strides with whatever the memory held; see :func:`empty`.

    >>> import gpugrad
    >>> gpugrad.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    wanted, steps = tuple(size), tuple(stride)
    if len(wanted) != len(steps):
        raise RuntimeError(
            f"mismatch in length of strides and shape: {len(steps)} and {len(wanted)}"
        )
    needs = options.pop("requires_grad", False)
    reach = 1 + sum((n - 1) * s for n, s in zip(wanted, steps, strict=True))
    memory = empty(reach if math.prod(wanted) else 0, **options)
    return as_strided(memory, wanted, steps).detach().requires_grad_(needs)


def new_empty_strided(self: Any, size: Any, stride: Any, **options: Any) -> Any:
    """:func:`empty_strided` of this tensor's type, on its device, unless said otherwise."""
    options = {key: value for key, value in options.items() if value is not None}
    return empty_strided(size, stride, **{"dtype": self.dtype, "device": self.device, **options})


def empty_permuted(size: Any, physical_layout: Any, **options: Any) -> Any:
    """A tensor whose dimensions lie in memory in the given order, outermost first.

    >>> import gpugrad
    >>> gpugrad.empty_permuted((2, 3), (1, 0)).stride()
    (1, 2)
    """
    order, wanted = tuple(physical_layout), tuple(size)
    if sorted(order) != list(range(len(wanted))):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(wanted)} is not equal to len(physical_layout) = {len(order)}"
            if len(order) != len(wanted)
            else "Duplicate dim not allowed in physical_layout"
        )
    needs = options.pop("requires_grad", False)
    made = empty(tuple(wanted[d] for d in order), **options)
    back = [order.index(d) for d in range(len(order))]
    return permute(made, tuple(back)).detach().requires_grad_(needs)


def scalar_tensor(s: Any, **options: Any) -> Any:
    """A tensor without dimensions, of the default type unless ``dtype`` is given.

    >>> import gpugrad
    >>> gpugrad.scalar_tensor(3)
    tensor(3.)
    """
    value = s.item() if isinstance(s, TensorBase) else s
    kind = options.pop("dtype", None) or dtypes.get_default_dtype()
    return full((), value, dtype=kind, **options)
