"""Tensors of evenly spaced numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.engine import TensorBase
from ..backend.recording import made_in_python
from ..out_argument import created
from .placing import DeviceLike, leaf, numpy_type, place


@created
def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``start, start + step, ...`` up to but without ``end``.

    int64 if all arguments are ints, else the default floating type.

    >>> import gpugrad
    >>> gpugrad.arange(1, 7, 2)
    tensor([1, 3, 5])
    """
    if end is None:
        start, end = None, start
    if end is None:
        raise TypeError("arange() missing 1 required positional argument: 'end'")
    start = 0 if start is None else start
    start, end, step = (v.item() if isinstance(v, TensorBase) else v for v in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (step > 0 and start > end) or (step < 0 and start < end):
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    integers = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
    kind = numpy_type(dtype, dtypes.int64 if integers else dtypes.get_default_dtype())
    if kind == np.int64:
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError("step must be nonzero")
        integers = True
    count = math.ceil((end - start) / step)
    if kind.kind in "iu":
        start, step = int(start), int(step)
    backend, where = place(device)
    if integers and kind == np.int64:
        array: Any = np.arange(start, end, step, dtype=np.int64)
    else:
        array = (start + step * np.arange(count, dtype=np.float64)).astype(kind)
    return leaf(made_in_python(backend, array, where), requires_grad)


@created
def range(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``start, start + step, ...`` up to and with ``end``, of the default floating type.

    Deprecated in PyTorch in favour of :func:`arange`, which stops before ``end``.
    """
    if end is None:
        start, end = 0, start
    count = math.floor((end - start) / step) + 1
    kind = numpy_type(dtype)
    backend, where = place(device)
    array = (start + step * np.arange(count, dtype=np.float64)).astype(kind)
    return leaf(backend.from_host(array, where), requires_grad)


@created
def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``steps`` evenly spaced values from ``start`` to ``end``, both included.

    Counted from both ends to the middle, as PyTorch does, so that both ends are exact.

    >>> import gpugrad
    >>> gpugrad.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    start, end, kind = _checked("linspace", start, end, steps, dtype)
    backend, where = place(device)
    array = _spaced(start, end, steps, kind)
    return leaf(made_in_python(backend, array, where), requires_grad)


def _checked(name: str, start: Any, end: Any, steps: int, dtype: Any) -> tuple[Any, Any, Any]:
    """The ends as numbers, and NumPy's type."""
    dims = [v.array.ndim if isinstance(v, TensorBase) else 0 for v in (start, end)]
    if any(dims):
        raise RuntimeError(
            f"{name} only supports 0-dimensional start and end tensors, but got start with "
            f"{dims[0]} dimension(s) and end with {dims[1]} dimension(s)."
        )
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    kind = numpy_type(dtype)
    start, end = (v.item() if isinstance(v, TensorBase) else v for v in (start, end))
    if kind.kind in "iu":
        start, end = int(start), int(end)
    return start, end, kind


def _spaced(start: Any, end: Any, steps: int, kind: Any) -> Any:
    work = kind if kind.kind == "f" and kind.itemsize > 2 else np.dtype(np.float64)
    first, last = work.type(start), work.type(end)
    if steps < 2:
        return np.full(steps, start).astype(kind)
    step = (last - first) / work.type(steps - 1)
    ahead = np.arange(steps, dtype=work)
    rising = first + step * ahead
    falling = last - step * ahead[::-1]
    return np.where(np.arange(steps) < steps // 2, rising, falling).astype(kind)


@created
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``base`` to the powers of :func:`linspace`.

    >>> import gpugrad
    >>> gpugrad.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    start, end, kind = _checked("logspace", start, end, steps, dtype)
    backend, where = place(device)
    array = np.power(np.float64(base), _spaced(start, end, steps, np.dtype(np.float64)))
    return leaf(made_in_python(backend, array.astype(kind), where), requires_grad)
