"""In-place ops on large tensors of which nobody wants gradients: no copy, no second pass."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import TensorBase
from ..autograd.grad_mode import mode
from ..backend import BACKENDS
from ..native.pointwise import LARGE_BYTES


def overwritten(x: Any, primitive: str, *operands: Any) -> bool:
    """Whether ``x`` has been overwritten by ``primitive(x, *operands)``; else nothing was done.

    Args:
        x: the tensor.
        operands: tensors, which must be of the type of ``x`` and of its shape or 0-d, and numbers.
    """
    a = x.array
    if a.nbytes < LARGE_BYTES or a.dtype.kind != "f":
        return False
    given = []
    wanted = x.needs_grad or x.view_of is not None
    for operand in operands:
        if isinstance(operand, TensorBase):
            array = operand.array
            if array.dtype is not a.dtype or type(array) is not type(a):
                return False
            if array.shape != a.shape and array.shape:
                return False
            wanted = wanted or operand.needs_grad
            given.append(array)
        else:
            given.append(operand)
    xp = BACKENDS[type(a)]
    if (wanted and mode.enabled) or not xp.writable(a):
        return False
    getattr(xp.large, primitive)(a, *given, out=a)
    x.version[0] += 1
    return True
