"""Convolutions in C: ``kernels/native_convolution.c``, ``native_convolution_weight.c`` and, where
each channel of an image has a kernel of its own, ``native_depthwise.c``.

The C code knows convolutions over three dimensions without gaps in the result. Here those of other
forms are described as such: ``kernels/native_windows.h`` says how.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from .families import Family
from .threads import THREADS

if TYPE_CHECKING:
    from ..backend.windows import Geometry, Sizes

Array = Any

_convolutions = Family("native_convolution", {"convolution": "aaaaai"})
_weights = Family("native_convolution_weight", {"convolution_weight": "aaaai"})
_depthwise = Family("native_depthwise", {"depthwise": "aaaaai", "depthwise_weight": "aaaai"})


def convolution(
    x: Array, weight: Array, bias: Array | None, g: Geometry, groups: int, result: Array
) -> bool:
    """Put the convolution into ``result``; whether it was done."""
    jobs = _forward(g, x.shape[2:], groups)
    return _convolve(x, weight, bias, result, jobs)


def transpose(x: Array, weight: Array, g: Geometry, groups: int, result: Array) -> bool:
    """Put the gradient of a convolution in its input into ``result``; whether it was done."""
    jobs = _backward(g, x.shape[2:], result.shape[2:], groups)
    return _convolve(x, weight, None, result, jobs)


def weight_gradient(x: Array, grad: Array, g: Geometry, groups: int, result: Array) -> bool:
    """Put the gradient of a convolution in its kernels into ``result``; whether it was done."""
    jobs = _forward(g, x.shape[2:], groups)
    if jobs is None:
        return False
    x, grad = np.ascontiguousarray(x), np.ascontiguousarray(grad)
    arrays = id(x), id(grad), id(result), id(jobs)
    if _is_depthwise(result, groups):
        function = _depthwise.of("depthwise_weight", result)
        if function is not None and function(*arrays, THREADS.number):
            return True
    function = _weights.of("convolution_weight", result)
    return function is not None and bool(function(*arrays, THREADS.number))


def _convolve(
    x: Array, weight: Array, bias: Array | None, result: Array, jobs: Array | None
) -> bool:
    if jobs is None:
        return False
    x, weight = np.ascontiguousarray(x), np.ascontiguousarray(weight)
    if bias is not None:
        bias = np.ascontiguousarray(bias)
    arrays = id(x), id(weight), 0 if bias is None else id(bias), id(result), id(jobs)
    if _is_depthwise(weight, int(jobs[1])):
        function = _depthwise.of("depthwise", result)
        if function is not None and function(*arrays, THREADS.number):
            return True
    function = _convolutions.of("convolution", result)
    return function is not None and bool(function(*arrays, THREADS.number))


def _is_depthwise(weight: Array, groups: int) -> bool:
    """Whether images have as many groups as channels, before and after."""
    return weight.ndim == 4 and len(weight) == groups > 1 and weight.shape[1] == 1


# --- descriptions ---------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def _forward(g: Geometry, size: Sizes, groups: int) -> Array | None:
    """A convolution as one job."""
    if len(size) > 3:
        return None
    count = g.windows(size)
    starts = [
        [k * d - low for k in range(n)]
        for n, d, (low, _) in zip(g.kernel, g.dilation, g.padding, strict=True)
    ]
    taps = [list(range(n)) for n in g.kernel]
    ones, zeros = (1,) * len(size), (0,) * len(size)
    job = _job(g, size, count, count, g.stride, ones, zeros, starts, taps)
    return np.array([1, groups, 0, *job], np.int64)


@functools.lru_cache(maxsize=256)
def _backward(g: Geometry, count: Sizes, size: Sizes, groups: int) -> Array | None:
    """A transposed convolution: a job for every place between the steps."""
    if len(size) > 3:
        return None
    jobs: list[int] = []
    number = 0
    for first in itertools.product(
        *(range(min(s, n)) for s, n in zip(g.stride, size, strict=True))
    ):
        made = tuple(-(-(n - f) // s) for n, f, s in zip(size, first, g.stride, strict=True))
        taps, starts = [], []
        for d, f in enumerate(first):
            shifts = [f + g.padding[d][0] - k * g.dilation[d] for k in range(g.kernel[d])]
            met = [k for k, shift in enumerate(shifts) if shift % g.stride[d] == 0]
            taps.append(met)
            starts.append([shifts[k] // g.stride[d] for k in met])
        ones = (1,) * len(size)
        jobs += _job(g, count, size, made, ones, g.stride, first, starts, taps)
        number += 1
    return np.array([number, groups, 1, *jobs], np.int64)


def _job(
    g: Geometry,
    size: Sizes,
    result: Sizes,
    count: Sizes,
    step: Sizes,
    spread: Sizes,
    first: Sizes,
    starts: list[list[int]],
    taps: list[list[int]],
) -> list[int]:
    """One job in three dimensions, as C reads it.

    An image's lines are the first dimension, and so are the elements of a sequence, unless its
    windows are more than one element apart: then they are the last.
    """
    ndim = len(size)
    if ndim == 1:
        where: tuple[int, ...] = (0,) if step[0] == 1 else (2,)
    else:
        where = (0, 2) if ndim == 2 else (0, 1, 2)
    found: list[int] = []
    for values, missing in (
        (size, 1),
        (result, 1),
        (count, 1),
        (step, 1),
        (spread, 1),
        (first, 0),
        ([len(t) for t in taps], 1),
    ):
        full = [missing] * 3
        for d, value in zip(where, values, strict=True):
            full[d] = value
        found += full
    for d in range(3):
        if d not in where:
            found += [0, 0]
            continue
        mine = where.index(d)
        apart = 1
        for n in g.kernel[mine + 1 :]:
            apart *= n
        found += starts[mine]
        found += [k * apart for k in taps[mine]]
    return found
