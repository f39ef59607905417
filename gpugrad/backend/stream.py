"""Streams of random numbers over arrays: what every device's generator can draw."""

from __future__ import annotations

import contextlib
import math
import threading
from typing import Any

import numpy as np

Array = Any
Shape = tuple[int, ...]

DEFAULT_SEED = 67280421310721
"""PyTorch's seed of a new generator."""

WIDE_RANGE = 2**28
"""Integers from a range this long or longer take 64-bit words."""

DIGITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
"""Bits in the significand of the floating-point types."""


_NOWHERE_ELSE = contextlib.nullcontext()


class Stream:
    """Random arrays of one device.

    Subclasses supply words, uniform and normal numbers and permutations; what is built from
    those is the same on every device. Shapes are tuples and dtypes are the array module's.
    """

    xp: Any
    device_type: str

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.seed = DEFAULT_SEED

    def on_device(self) -> contextlib.AbstractContextManager[Any]:
        """Everything below is to be called inside this context."""
        return _NOWHERE_ELSE

    # --- supplied by the device -----------------------------------------------------------------

    def manual_seed(self, seed: int) -> None:
        """Start again from ``seed``, in 0 ... 2**64 - 1."""
        raise NotImplementedError

    def get_state(self) -> Array:
        """A NumPy array of uint8 from which :meth:`set_state` continues the stream."""
        raise NotImplementedError

    def set_state(self, state: Array) -> None:
        raise NotImplementedError

    def mark(self) -> Any:
        """The state in whatever form costs least, for :meth:`go_back` and :meth:`is_at`."""
        return self.get_state()

    def go_back(self, mark: Any) -> None:
        """Continue from a :meth:`mark`."""
        self.set_state(mark)

    def mark_again(self, former: Any) -> Any:
        """A new :meth:`mark`, in the memory of a former one that this gave; None if there is none.

        On a device, where it may become a part of a graph of launches.
        """
        return self.mark()

    def is_at(self, mark: Any) -> bool:
        """Whether nothing was drawn since a :meth:`mark`."""
        return bool((self.get_state() == mark).all())

    def words(self, n: int) -> Array:
        """``n`` words of 32 bits, as uint64."""
        raise NotImplementedError

    def uniform(self, shape: Shape, dtype: Any, low: float = 0.0, high: float = 1.0) -> Array:
        """``low + (high - low) * u`` with u uniform in [0, 1)."""
        raise NotImplementedError

    def normal(self, shape: Shape, dtype: Any, mean: float = 0.0, std: float = 1.0) -> Array:
        """``mean + std * z`` with z standard normal."""
        raise NotImplementedError

    def permutation(self, n: int, dtype: Any) -> Array:
        """The numbers 0 ... n - 1 in random order."""
        raise NotImplementedError

    # --- built from these -----------------------------------------------------------------------

    def words64(self, n: int) -> Array:
        """``n`` words of 64 bits, as uint64: the earlier 32 bits are the upper ones."""
        pairs = self.words(2 * n)
        upper = pairs[0::2] << np.uint64(32)
        upper |= pairs[1::2]
        return upper

    def integers(self, low: int, high: int, shape: Shape, dtype: Any) -> Array:
        """Whole numbers in [low, high): ``low + word % (high - low)``."""
        n = math.prod(shape)
        span = high - low
        if span >= WIDE_RANGE:
            values = self.words64(n)
            if span < 2**64:
                values %= np.uint64(span)
            values = values.view(np.int64)
        else:
            values = (self.words(n).astype(np.uint32) % np.uint32(span)).astype(np.int64)
        if low and span < 2**64:
            values += np.int64(low)
        return cast(values, dtype).reshape(shape)

    def whole_range(self, shape: Shape, dtype: Any) -> Array:
        """Whole numbers from 0 to the largest of an integer type, or to 2**digits of a float."""
        dtype = np.dtype(dtype)
        n = math.prod(shape)
        words = self.words64(n) if dtype.itemsize == 8 else self.words(n)
        digits = DIGITS.get(dtype.name)
        if digits is not None:
            words %= np.uint64(2**digits + 1)
        elif dtype.kind == "b":
            words &= np.uint64(1)
        else:
            words &= np.uint64(np.iinfo(dtype).max)
        return cast(words.view(np.int64), dtype).reshape(shape)

    def bernoulli(self, p: float | Array, shape: Shape, dtype: Any) -> Array:
        """1 with probability ``p``, else 0. ``p`` is a number or an array of this shape.

        Numbers and float64 arrays are compared with float64 uniforms, others with float32.
        """
        wide = isinstance(p, float) or p.dtype == np.float64
        u = self.uniform(shape, np.dtype(np.float64 if wide else np.float32))
        return self.xp.asarray(u < p).astype(dtype)  # NumPy makes no array of a single one

    def exponential(self, shape: Shape, dtype: Any, rate: float = 1.0) -> Array:
        """Exponential numbers: ``-log1p(-u) / rate`` with float64 uniforms."""
        u = self.uniform(shape, np.dtype(np.float64))
        xp = self.xp
        xp.negative(u, out=u)
        xp.log1p(u, out=u)
        u *= -1.0 / rate
        return cast(u, dtype)

    def multinomial(self, probs: Array, n: int, replacement: bool) -> Array:
        """``n`` indices for each row of ``probs`` (2-d, not normalised), as int64.

        Without replacement the indices of the ``n`` largest ``probs / e``, e exponential: the
        arrival order of as many Poisson processes (Efraimidis and Spirakis, "Weighted random
        sampling with a reservoir", 2006).
        """
        xp = self.xp
        if not replacement or n == 1:
            race = probs / self.exponential(probs.shape, probs.dtype)
            if n == 1:
                return xp.argmax(race, axis=-1, keepdims=True)
            return xp.argsort(-race, axis=-1, kind="stable")[:, :n]
        wide = np.float32 if probs.dtype.itemsize == 2 else probs.dtype
        cumulative = xp.cumsum(probs, axis=-1, dtype=wide)
        cumulative /= cumulative[:, -1:]
        u = self.uniform((probs.shape[0], n), np.dtype(np.float64))
        rows = [
            xp.searchsorted(c, x) for c, x in zip(cumulative.astype(np.float64), u, strict=True)
        ]
        return xp.stack(rows) if rows else xp.empty((0, n), np.int64)


def cast(values: Array, dtype: Any) -> Array:
    """int64 or float64 to ``dtype``; to the 16-bit floats through float32, as C++ converts."""
    dtype = np.dtype(dtype)
    if dtype.itemsize == 2 and dtype.name in DIGITS:
        values = values.astype(np.float32)
    return values.astype(dtype, copy=False)
