"""NumPy's functions on tensors: ``np.sqrt(tensor)`` is a tensor, ``array + tensor`` too."""

from __future__ import annotations

from typing import Any

import numpy as np

from .autograd.engine import TensorBase
from .creation.from_data import from_numpy

REFLECTED = {
    np.add: "__radd__",
    np.subtract: "__rsub__",
    np.multiply: "__rmul__",
    np.true_divide: "__rtruediv__",
    np.floor_divide: "__rfloordiv__",
    np.remainder: "__rmod__",
    np.power: "__rpow__",
    np.matmul: "__rmatmul__",
    np.bitwise_and: "__rand__",
    np.bitwise_or: "__ror__",
    np.bitwise_xor: "__rxor__",
    np.equal: "__eq__",
    np.not_equal: "__ne__",
    np.less: "__gt__",
    np.less_equal: "__ge__",
    np.greater: "__lt__",
    np.greater_equal: "__le__",
}
"""What a tensor on the right does for an operator that NumPy was asked for."""


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Let a tensor do an operator with an array or a NumPy number on its left; anything else is
    NumPy's, with the values of the tensors, and the result a tensor without gradient.

    Raises:
        RuntimeError: a tensor requires gradients and NumPy would lose them.
    """
    if method == "__call__" and len(inputs) == 2 and not kwargs:
        left, right = inputs
        if ufunc in REFLECTED and not isinstance(left, TensorBase):
            found = getattr(right, REFLECTED[ufunc])(left)
            if found is not NotImplemented:
                return found
    arrays = [np.asarray(x) if isinstance(x, TensorBase) else x for x in inputs]
    result = getattr(ufunc, method)(*arrays, **kwargs)
    if "out" in kwargs or method == "at":
        return result
    return tuple(map(_tensor, result)) if isinstance(result, tuple) else _tensor(result)


def _tensor(result: Any) -> Any:
    array = np.asarray(result)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)  # as PyTorch gives NumPy's bools back
    return from_numpy(array)


def array_wrap(self: Any, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """What NumPy's other functions, such as ``np.clip``, give back: a tensor."""
    return _tensor(array)


class ForNumPy:
    """``__array_ufunc__`` of tensors, which is there for NumPy and None for CuPy.

    NumPy asks the class. CuPy asks the tensor, and leaves an operator to it only if it finds None.
    """

    def __get__(self, instance: Any, owner: Any) -> Any:
        return array_ufunc if instance is None else None
