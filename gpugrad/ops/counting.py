"""Finding and counting: ``nonzero``, ``bincount``, ``histc``, ``isin``."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS
from .arguments import word


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero.

    Returns:
        int64, shape (count, ndim); with ``as_tuple`` one vector for each dimension, which can
        index the tensor.

    >>> import gpugrad
    >>> gpugrad.nonzero(gpugrad.tensor([0, 5, 7]))
    tensor([[1],
            [2]])
    """
    a = input.array
    xp = BACKENDS[type(a)]
    places = xp.nonzero(a if a.ndim else a.reshape(1))
    if as_tuple:
        return tuple(wrap(p) for p in places)
    if not a.ndim:
        return wrap(xp.empty((places[0].size, 0), "int64"))
    return wrap(xp.module.stack(places, 1))


def argwhere(input: Any) -> Any:
    """The indices of the elements that are not zero, one row each.

    >>> import gpugrad
    >>> gpugrad.argwhere(gpugrad.tensor([0, 5, 6]))
    tensor([[1],
            [2]])
    """
    return nonzero(input)


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2 ... occurs, or the sum of its weights.

    Args:
        input: a vector of non-negative integers.
        weights: what each of them counts, of the same length.
        minlength: the least length of the result.

    Raises:
        RuntimeError: negative or non-integer elements, or another shape.

    >>> import gpugrad
    >>> gpugrad.bincount(gpugrad.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    a = input.array
    xp = BACKENDS[type(a)]
    if a.dtype.kind not in "iu":
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{word(a)}'")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if a.ndim != 1 or (a.size and a.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return wrap(xp.module.bincount(a, minlength=minlength).astype("int64", copy=False))
    w = weights.array
    if w.shape != a.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    kind = w.dtype if w.dtype == "float32" else "float64"
    return wrap(xp.cast(xp.module.bincount(a, w, minlength), kind))


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """A histogram of ``bins`` equal intervals between ``min`` and ``max``; the last is closed.

    If both are equal, the extremes of the data are taken. Elements outside are not counted.

    >>> import gpugrad
    >>> gpugrad.tensor([1.0, 2.0, 1.0]).histc(bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    a = input.array
    xp = BACKENDS[type(a)]
    if a.dtype.kind not in "fV":
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{word(a)}'")
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    if max < min:
        raise RuntimeError("torch.histc: max must be larger than min")
    low, high = float(min), float(max)
    if low == high and a.size:
        low, high = float(a.min()), float(a.max())
    if low == high:
        low, high = low - 1, high + 1
    flat = a.reshape(-1)
    inside = flat[xp.logical_and(flat >= low, flat <= high)]
    place = xp.minimum(xp.cast((inside - low) * (bins / (high - low)), "int64"), bins - 1)
    return wrap(xp.cast(xp.module.bincount(place, minlength=bins), a.dtype))


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Any:
    """Whether each element is among ``test_elements``; either may be a number.

    >>> import gpugrad
    >>> gpugrad.isin(gpugrad.tensor([1, 2, 3]), gpugrad.tensor([1, 3]))
    tensor([ True, False,  True])
    """
    sample = elements if isinstance(elements, TensorBase) else test_elements
    xp = BACKENDS[type(sample.array)]
    a, b = (
        v.array if isinstance(v, TensorBase) else xp.full((), v, dtypes.scalar_dtype(v).numpy)
        for v in (elements, test_elements)
    )
    for array in (a, b):
        if array.dtype.kind == "b" and array.ndim:
            raise RuntimeError("Unsupported input type encountered for isin(): Bool")
    found = xp.module.isin(a, b, assume_unique=assume_unique, invert=invert)
    return wrap(xp.asarray(found))
