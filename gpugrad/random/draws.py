"""Arrays of random numbers: what the creation functions and the in-place methods share.

Each function takes shape, NumPy dtype and device first, then what PyTorch's in-place method of
that name takes, and raises what that method raises for arguments out of range and for dtypes that
cannot hold the numbers.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from ..backend.stream import DIGITS
from ..device import device
from ..dtypes import from_numpy
from .generator import Generator, stream_of

Array = Any
Shape = tuple[int, ...]

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


@functools.cache
def name_of(dtype: Any) -> str:
    """NumPy's name of a type, which NumPy composes anew each time it is asked."""
    name: str = dtype.name
    return name


def _refusal(kernel: str, dtype: Any) -> NotImplementedError:
    return NotImplementedError(f"\"{kernel}\" not implemented for '{from_numpy(dtype).word}'")


def uniform(
    shape: Shape,
    dtype: Any,
    where: device,
    low: float = 0.0,
    high: float = 1.0,
    *,
    generator: Generator | None = None,
) -> Array:
    """Uniform numbers in [low, high)."""
    name = name_of(dtype)
    if name not in DIGITS:
        raise _refusal("check_uniform_bounds", dtype)
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
            f"uniform_ expects to-from <= std::numeric_limits<{from_numpy(dtype).word}>::max(), "
            f"but found to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )
    stream = stream_of(where, generator)
    with stream.on_device():
        return stream.uniform(shape, dtype, float(low), float(high))


def normal(
    shape: Shape,
    dtype: Any,
    where: device,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    generator: Generator | None = None,
) -> Array:
    """Normal numbers with this mean and standard deviation."""
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    if name_of(dtype) not in DIGITS and 0 not in shape:
        raise _refusal("normal_kernel_cpu", dtype)
    stream = stream_of(where, generator)
    with stream.on_device():
        return stream.normal(shape, dtype, float(mean), float(std))


def exponential(
    shape: Shape,
    dtype: Any,
    where: device,
    rate: float = 1.0,
    *,
    generator: Generator | None = None,
) -> Array:
    """Exponential numbers with the mean ``1 / rate``."""
    if dtype.name not in DIGITS:
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {from_numpy(dtype).word}"
        )
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    stream = stream_of(where, generator)
    with stream.on_device():
        return stream.exponential(shape, dtype, float(rate))


def bernoulli(
    shape: Shape,
    dtype: Any,
    where: device,
    p: float | Array = 0.5,
    *,
    generator: Generator | None = None,
) -> Array:
    """1 with probability ``p``, else 0; ``p`` is a number or an array of this shape.

    Numbers and float64 arrays take two words for each element from the CPU's stream, other
    arrays one.
    """
    if isinstance(p, (int, float, np.generic)):
        p = float(p)
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    else:
        if p.dtype.name not in DIGITS and p.size:
            raise _refusal("bernoulli_tensor_cpu_p_", p.dtype)
        if p.size and not (bool((p >= 0).all()) and bool((p <= 1).all())):
            raise RuntimeError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error "
                "message be improved?  If so, please report an enhancement request to PyTorch.)"
            )
    stream = stream_of(where, generator)
    with stream.on_device():
        return stream.bernoulli(p, shape, dtype)


def random(
    shape: Shape,
    dtype: Any,
    where: device,
    *bounds: int | None,
    generator: Generator | None = None,
) -> Array:
    """Whole numbers, as ``Tensor.random_`` gives them.

    Without ``bounds``, from 0 to the largest of an integer type or to 2**digits of a float;
    ``(to,)``: in [0, to); ``(from, to)``: in [from, to); ``(from, None)``: from ``from`` upwards.
    """
    if any(b is not None and not -(2**63) <= b < 2**63 for b in bounds):
        raise ValueError("Overflow when unpacking long long")
    stream = stream_of(where, generator)
    with stream.on_device():
        if not bounds:
            return stream.whole_range(shape, dtype)
        low, high = (0, bounds[0]) if len(bounds) == 1 else bounds
        return stream.integers(*_integer_range(dtype, low or 0, high), shape, dtype)


def permutation(n: int, dtype: Any, where: device, *, generator: Generator | None = None) -> Array:
    """The numbers 0 ... n - 1 in random order."""
    name = dtype.name
    if dtype.kind == "b":
        raise _refusal("randperm", dtype)
    if name in DIGITS:
        most = 2 ** DIGITS[name] + 1
        if n > most:
            word = from_numpy(dtype).word
            raise RuntimeError(f"n cannot be greater than {most} for {word} type.")
    elif n - 1 > np.iinfo(dtype).max:
        raise RuntimeError(f"value cannot be converted to type {name}_t without overflow")
    stream = stream_of(where, generator)
    with stream.on_device():
        return stream.permutation(n, dtype)


def _integer_range(dtype: Any, low: int, high: int | None) -> tuple[int, int]:
    """The bounds, checked against what the dtype holds, and moved inwards where rounding to the
    dtype would leave them."""
    of_type = name_of(dtype)
    floating = of_type in DIGITS
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
        (-LARGEST[of_type], LARGEST[of_type]) if floating else _integer_limits(dtype)
    )
    name = CPP_NAMES[of_type]
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


@functools.cache
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
