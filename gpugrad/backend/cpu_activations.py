"""Activation functions over NumPy with few temporaries: composed forms rewritten in place.

Large arrays are done by C code where there is a compiler, else in blocks that stay in the
processor's cache; the 16-bit types are computed in float32, and rounded once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..native import maps, pointwise
from . import special
from .primitives import Primitives

Array = Any

BLOCK = 16384
"""How many elements are done at once: a few blocks of float32 fit into the second-level cache."""

FEW = 16
"""So many elements are worth a call of C where NumPy needs a dozen."""

_SIGN = np.asarray(-(2**31), np.int32)
_AS_THEY_ARE = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


class HostActivations(Primitives):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def clamp(self, x: Array, low: Any, high: Any, out: Array | None = None) -> Array:
        bounds = pointwise.bounds_of(low, high) if x.size >= maps.LARGE else None
        if bounds is not None:
            found = maps.apply("clamp", out, (x,), *bounds)
            if found is not None:
                return found
        return super().clamp(x, low, high, out)

    def hardtanh_grad(
        self, x: Array, grad: Array, low: float, high: float, out: Array | None = None
    ) -> Array:
        return _computed("hardtanh_grad", _hardtanh_grad, out, (x, grad), low, high)

    def leaky_relu(self, x: Array, slope: float, out: Array | None = None) -> Array:
        return _computed("leaky_relu", _leaky_relu, out, (x,), slope)

    def leaky_relu_grad(
        self, x: Array, grad: Array, slope: float, out: Array | None = None
    ) -> Array:
        return _computed("leaky_relu_grad", _leaky_relu_grad, out, (x, grad), slope)

    def elu(self, x: Array, alpha: float, out: Array | None = None) -> Array:
        return _computed("elu", _elu, out, (x,), alpha)

    def softplus(self, x: Array, beta: float, threshold: float, out: Array | None = None) -> Array:
        return _computed("softplus", _softplus, out, (x,), beta, threshold)

    def softplus_grad(
        self, x: Array, grad: Array, beta: float, threshold: float, out: Array | None = None
    ) -> Array:
        return _computed("softplus_grad", _softplus_grad, out, (x, grad), beta, threshold)

    def silu(self, x: Array, out: Array | None = None) -> Array:
        return _computed("silu", _silu, out, (x,))

    def silu_grad(self, x: Array, grad: Array, out: Array | None = None) -> Array:
        return _computed("silu_grad", _silu_grad, out, (x, grad))

    def gelu(self, x: Array, approximate: str, out: Array | None = None) -> Array:
        if approximate == "tanh":
            return _computed("gelu_tanh", _gelu_tanh, out, (x,), least=FEW)
        return _computed("gelu", _gelu, out, (x,), least=FEW)

    def gelu_grad(self, x: Array, grad: Array, approximate: str, out: Array | None = None) -> Array:
        if approximate == "tanh":
            return _computed("gelu_tanh_grad", _gelu_tanh_grad, out, (x, grad), least=FEW)
        return _computed("gelu_grad", _gelu_grad, out, (x, grad), least=FEW)


def _computed(
    name: str,
    function: Callable[..., Array],
    out: Array | None,
    arrays: tuple[Array, ...],
    *numbers: float,
    least: int = maps.LARGE,
) -> Array:
    """``function(*arrays, *numbers)``, or the C function ``name`` of so many elements."""
    if arrays[0].size >= least:
        found = maps.apply(name, out, arrays, *numbers)
        if found is not None:
            return found
    return in_blocks(function, out, arrays, *numbers)


def in_blocks(
    function: Callable[..., Array], out: Array | None, arrays: tuple[Array, ...], *numbers: float
) -> Array:
    """``function(*arrays, *numbers)`` of arrays of one shape and type, element by element.

    Args:
        function: gives a new array.
        out: where to store the result, if not in a new array.
    """
    first = arrays[0]
    dtype = first.dtype
    if dtype in _AS_THEY_ARE and first.ndim and first.size <= BLOCK:
        result = function(*arrays, *numbers)
        if out is None:
            return result
        out[...] = result
        return out
    # In the order of the first array's memory, which the result gets too.
    turned = first.flags.f_contiguous and not first.flags.c_contiguous
    flat = [np.ascontiguousarray(a.transpose() if turned else a).reshape(-1) for a in arrays]
    result = _flat(function, flat, numbers)
    result = (
        result.reshape(first.shape[::-1]).transpose() if turned else result.reshape(first.shape)
    )
    if out is None:
        return result
    out[...] = result
    return out


def _flat(function: Callable[..., Array], arrays: list[Array], numbers: tuple[float, ...]) -> Array:
    first = arrays[0]
    result = np.empty(first.size, first.dtype)
    narrow = first.dtype not in _AS_THEY_ARE
    for start in range(0, first.size, BLOCK):
        part = slice(start, start + BLOCK)
        blocks = [a[part] for a in arrays]
        if narrow:
            blocks = [a.astype(np.float32) for a in blocks]
        result[part] = function(*blocks, *numbers)
    return result


@functools.cache
def _number(value: float, dtype: Any) -> Array:
    """A 0-d array, which NumPy takes twice as fast as a Python number."""
    return np.full((), value, dtype)


def _hardtanh_grad(x: Array, grad: Array, low: float, high: float) -> Array:
    inside = np.greater(x, _number(low, x.dtype))
    np.logical_and(inside, np.less(x, _number(high, x.dtype)), inside)
    work = np.zeros_like(grad)
    np.copyto(work, grad, where=inside)
    return work


def _leaky_relu(x: Array, slope: float) -> Array:
    work = np.multiply(x, _number(slope, x.dtype))
    if 0 < slope <= 1:  # with 0, infinity would become nan
        return np.maximum(x, work, out=work)
    np.putmask(work, np.greater(x, _number(0, x.dtype)), x)
    return work


def _leaky_relu_grad(x: Array, grad: Array, slope: float) -> Array:
    positive = np.greater(x, _number(0, x.dtype))
    if 0 <= slope <= 1:
        work = np.maximum(positive, _number(slope, x.dtype))  # 1 and the slope
        return np.multiply(grad, work, work)
    work = np.multiply(grad, _number(slope, x.dtype))
    np.putmask(work, positive, grad)
    return work


def _elu(x: Array, alpha: float) -> Array:
    zero = _number(0, x.dtype)
    work = np.minimum(x, zero)
    np.expm1(work, work)
    np.multiply(work, _number(alpha, x.dtype), work)
    np.putmask(work, np.greater(x, zero), x)
    return work


def _softplus(x: Array, beta: float, threshold: float) -> Array:
    dtype = x.dtype
    scaled = x if beta == 1 else np.multiply(x, _number(beta, dtype))
    limit = _number(threshold, dtype)
    work = np.minimum(scaled, limit)
    np.log1p(np.exp(work, work), work)
    if beta != 1:
        np.true_divide(work, _number(beta, dtype), work)
    np.putmask(work, np.greater(scaled, limit), x)
    return work


def _softplus_grad(x: Array, grad: Array, beta: float, threshold: float) -> Array:
    dtype = x.dtype
    scaled = x if beta == 1 else np.multiply(x, _number(beta, dtype))
    work = _sigmoid(scaled)
    np.multiply(grad, work, work)
    np.putmask(work, np.greater(scaled, _number(threshold, dtype)), grad)
    return work


def _sigmoid(x: Array) -> Array:
    work = np.negative(x)
    np.exp(work, work)
    np.add(work, _number(1, x.dtype), work)
    return np.reciprocal(work, work)


def _silu(x: Array) -> Array:
    work = _sigmoid(x)
    return np.multiply(x, work, work)


def _silu_grad(x: Array, grad: Array) -> Array:
    one = _number(1, x.dtype)
    s = _sigmoid(x)
    work = np.subtract(one, s)
    np.multiply(work, x, work)
    np.add(work, one, work)
    np.multiply(work, s, work)
    return np.multiply(grad, work, work)


_MILLS = (
    0.1362239155409623,
    0.1278116039854332,
    0.1641110315595374,
    -0.04593358843117931,
    0.280930349082822,
    -0.21027183301906474,
    0.04712856241744558,
)
_MILLS_SCALE = 0.34
"""``Phi(-z) = t (c0 + c1 t + ...) exp(-z * z / 2)`` with ``t = 1 / (1 + 0.34 z)``.

The form of Hastings, "Approximations for digital computers" (1955), 26.2.17. These coefficients
have the smallest relative error for 0 <= z <= 5.5 that seven of them can have, 8.3e-8.
"""


def _cdf(x: Array) -> tuple[Array, Array]:
    """``Phi(x)`` and ``exp(-x * x / 2)``."""
    dtype = x.dtype
    half = _number(0.5, dtype)
    bell = np.square(x)
    np.multiply(bell, _number(-0.5, dtype), bell)
    np.exp(bell, bell)
    if dtype != np.float32:
        cdf = np.multiply(x, _number(math.sqrt(0.5), dtype))
        special.erf(np, cdf, cdf)
        np.multiply(cdf, half, cdf)
        return np.add(cdf, half, cdf), bell
    t = np.abs(x)
    np.multiply(t, _number(_MILLS_SCALE, dtype), t)
    np.add(t, _number(1, dtype), t)
    np.reciprocal(t, t)
    cdf = np.multiply(t, _number(_MILLS[-1], dtype))
    for coefficient in _MILLS[-2::-1]:
        np.add(cdf, _number(coefficient, dtype), cdf)
        np.multiply(cdf, t, cdf)
    np.multiply(cdf, bell, cdf)
    np.subtract(half, cdf, cdf)
    # With the sign of x, by the bits: np.copysign takes six times as long.
    bits = cdf.view(np.int32)
    np.bitwise_or(bits, np.bitwise_and(x.view(np.int32), _SIGN), bits)
    return np.add(cdf, half, cdf), bell


def _gelu(x: Array) -> Array:
    cdf, _ = _cdf(x)
    return np.multiply(cdf, x, cdf)


def _gelu_grad(x: Array, grad: Array) -> Array:
    cdf, work = _cdf(x)
    np.multiply(work, _number(1 / math.sqrt(2 * math.pi), x.dtype), work)
    np.multiply(work, x, work)
    np.add(work, cdf, work)
    return np.multiply(grad, work, work)


def _tanh_of_cubic(x: Array, square: Array) -> Array:
    dtype = x.dtype
    work = np.multiply(square, _number(0.044715, dtype))
    np.add(work, _number(1, dtype), work)
    np.multiply(work, x, work)
    np.multiply(work, _number(math.sqrt(2 / math.pi), dtype), work)
    return np.tanh(work, work)


def _gelu_tanh(x: Array) -> Array:
    work = _tanh_of_cubic(x, np.square(x))
    np.add(work, _number(1, x.dtype), work)
    np.multiply(work, x, work)
    return np.multiply(work, _number(0.5, x.dtype), work)


def _gelu_tanh_grad(x: Array, grad: Array) -> Array:
    dtype = x.dtype
    one, k = _number(1, dtype), math.sqrt(2 / math.pi)
    square = np.square(x)
    t = _tanh_of_cubic(x, square)
    slope = np.multiply(square, _number(3 * 0.044715 * k, dtype), square)
    np.add(slope, _number(k, dtype), slope)
    np.multiply(slope, x, slope)
    work = np.square(t)
    np.subtract(one, work, work)
    np.multiply(work, slope, work)
    np.add(t, one, t)  # first: nothing is lost where t is close to -1
    np.add(work, t, work)
    np.multiply(work, _number(0.5, dtype), work)
    return np.multiply(grad, work, work)
