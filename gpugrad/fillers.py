"""Filling arrays with random numbers: the in-place methods of tensors, and what checks them.

Every function draws on the device that holds the array, overwrites the array, and raises what
PyTorch raises for arguments that are out of range or dtypes that it cannot fill.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .backend import device_of
from .backend.stream import DIGITS
from .dtypes import from_numpy
from .generator import Generator, stream_of

Array = Any

LARGEST = {
    "float16": 65504.0,
    "bfloat16": 2.0**128 - 2.0**120,
    "float32": 2.0**128 - 2.0**104,
    "float64": float(np.finfo(np.float64).max),
}

CPP_NAMES = {
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
    "bool": "bool",
}
"""What PyTorch's messages about ranges call the dtypes."""


def scalar_name(array: Array) -> str:
    """PyTorch's name of the element type: ``Float``, ``Long``, ..."""
    return from_numpy(array.dtype).tensor_type.removesuffix("Tensor")


def _refuse(kernel: str, array: Array) -> NotImplementedError:
    return NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(array)}'")


def fill_uniform(
    array: Array, low: float = 0.0, high: float = 1.0, generator: Generator | None = None
) -> None:
    """Uniform numbers in [low, high)."""
    name = array.dtype.name
    if name not in DIGITS:
        raise _refuse("check_uniform_bounds", array)
    largest = LARGEST[name]
    for which, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"{which} is out of bounds for {CPP_NAMES[name]}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > largest:
        raise RuntimeError(
            "uniform_ expects to-from <= std::numeric_limits"
            f"<{scalar_name(array)}>::max(), but found to={high:g} and from={low:g} which result "
            "in to-from to exceed the limit"
        )
    stream = stream_of(device_of(array), generator)
    with stream.on_device():
        array[...] = stream.uniform(array.shape, array.dtype, float(low), float(high))


def fill_normal(
    array: Array, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> None:
    """Normal numbers with this mean and standard deviation."""
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    if array.size == 0:
        return
    if array.dtype.name not in DIGITS:
        raise _refuse("normal_kernel_cpu", array)
    stream = stream_of(device_of(array), generator)
    with stream.on_device():
        array[...] = stream.normal(array.shape, array.dtype, float(mean), float(std))


def fill_exponential(array: Array, rate: float = 1.0, generator: Generator | None = None) -> None:
    """Exponential numbers with the mean ``1 / rate``."""
    if array.dtype.name not in DIGITS:
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {scalar_name(array)}"
        )
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    stream = stream_of(device_of(array), generator)
    with stream.on_device():
        array[...] = stream.exponential(array.shape, array.dtype, float(rate))


def fill_bernoulli(
    array: Array, p: float | Array = 0.5, generator: Generator | None = None
) -> None:
    """1 with probability ``p``, else 0; ``p`` is a number or an array of the same shape.

    Numbers and float64 arrays take more words from the stream than other arrays.
    """
    if not isinstance(p, (int, float, np.generic)):
        if p.dtype.name not in DIGITS:
            raise _refuse("bernoulli_tensor_cpu_p_", p)
        if p.size and not (bool((p >= 0).all()) and bool((p <= 1).all())):
            raise RuntimeError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error "
                "message be improved?  If so, please report an enhancement request to PyTorch.)"
            )
    else:
        p = float(p)
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    stream = stream_of(device_of(array), generator)
    with stream.on_device():
        array[...] = stream.bernoulli(p, array.shape, array.dtype)


def fill_random(array: Array, *bounds: int | None, generator: Generator | None = None) -> None:
    """Whole numbers, as ``Tensor.random_`` gives them.

    Without ``bounds``, from 0 to the largest of an integer type or to 2**digits of a float;
    ``(to,)``: in [0, to); ``(from, to)``: in [from, to); ``(from, None)``: from ``from`` upwards.
    """
    if any(b is not None and not -(2**63) <= b < 2**63 for b in bounds):
        raise ValueError("Overflow when unpacking long long")
    stream = stream_of(device_of(array), generator)
    with stream.on_device():
        if not bounds:
            array[...] = stream.whole_range(array.shape, array.dtype)
            return
        low, high = (0, bounds[0]) if len(bounds) == 1 else bounds
        start, stop = _integer_range(array, low or 0, high)
        array[...] = stream.integers(start, stop, array.shape, array.dtype)


def fill_permutation(array: Array, generator: Generator | None = None) -> None:
    """The numbers 0 ... n - 1 in random order; ``array`` is 1-d."""
    n, name = array.size, array.dtype.name
    if array.dtype.kind == "b":
        raise _refuse("randperm", array)
    if name in DIGITS:
        most = 2 ** DIGITS[name] + 1
        if n > most:
            raise RuntimeError(f"n cannot be greater than {most} for {scalar_name(array)} type.")
    elif n - 1 > np.iinfo(array.dtype).max:
        raise RuntimeError(f"value cannot be converted to type {name}_t without overflow")
    stream = stream_of(device_of(array), generator)
    with stream.on_device():
        array[...] = stream.permutation(n, array.dtype)


def _integer_range(array: Array, low: int, high: int | None) -> tuple[int, int]:
    """The bounds, checked against what the dtype holds, and moved inwards where rounding to the
    dtype would leave them."""
    dtype = array.dtype
    floating = dtype.name in DIGITS
    if high is None:
        if low == -(2**63):
            if not floating and dtype.name != "int64":
                raise RuntimeError(
                    "random_full_64_bits_range_kernel_cpu handles only int64, double, float and "
                    "bfloat16"
                )
            return low, 2**63
        if floating:
            low, high = _raised(low, dtype), 2 ** DIGITS[dtype.name] + 1
        else:
            high = _integer_limits(dtype)[1] + 1
    else:
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        if floating:
            low, high = _raised(low, dtype), _lowered(high, dtype)
            if low >= high:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than 'to' casted to "
                    f"dtype, but got from={low} >= to={high}"
                )
    smallest, largest = (
        (-LARGEST[dtype.name], LARGEST[dtype.name]) if floating else _integer_limits(dtype)
    )
    name = CPP_NAMES[dtype.name]
    for which, bound in (("from", low), ("to - 1", high - 1)):
        if not smallest <= bound <= largest:
            raise RuntimeError(f"{which} is out of bounds for {name}")
        if floating and abs(bound) > 2 ** DIGITS[dtype.name]:
            digits = DIGITS[dtype.name]
            warnings.warn(
                f"{which} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision "
                f"limitations {name} can support discrete uniform distribution only within this "
                "range. This warning will become an error in version 1.7 release, please fix the "
                "code in advance",
                stacklevel=4,
            )
    return low, high


def _integer_limits(dtype: Any) -> tuple[int, int]:
    if dtype.kind == "b":
        return 0, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def _as_float(value: int, dtype: Any) -> int | None:
    """What is left of a whole number in a floating-point type, if that is a 64-bit integer."""
    with np.errstate(over="ignore"):
        narrow = np.array(value, np.float32 if dtype.itemsize == 2 else dtype)
        kept = float(narrow.astype(dtype))
    return int(kept) if -(2.0**63) <= kept < 2.0**63 else None


def _raised(low: int, dtype: Any) -> int:
    """The bound, or the next number of the type if the type has none between the two."""
    kept = _as_float(low + 1, dtype)
    if kept is None or kept >= low:
        return low
    return kept + (1 << (abs(low + 1).bit_length() - DIGITS[dtype.name]))


def _lowered(high: int, dtype: Any) -> int:
    kept = _as_float(high - 1, dtype)
    if kept is None or kept < high:
        return high
    return kept - (1 << (abs(high - 1).bit_length() - DIGITS[dtype.name]))
