"""Philox4x32-10, the random numbers of CUDA devices, over NumPy or CuPy.

Philox has no state to step through: a 64-bit seed is the key, and a 128-bit counter says which
four 32-bit words are wanted. Word ``w`` of draw number ``offset`` is word ``w % 4`` of the block
with this counter, low half first::

    counter = (w // 4) + 2**64 * offset,     key = seed

so a number depends on the seed, the number of draws before and its place in the array, and on
nothing else: not on the GPU's model, nor on how threads share the work. A kernel that computes
its own words gives the same numbers as these functions.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
"""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np

from .stream import DIGITS, Array, Shape, Stream

ROUNDS = 10
MULTIPLIER = (0xD2511F53, 0xCD9E8D57)
KEY_STEP = (0x9E3779B9, 0xBB67AE85)
LOW_WORD = 0xFFFFFFFF


def philox4x32(counter: tuple[Array, ...], key: tuple[Any, Any], xp: Any = np) -> tuple[Array, ...]:
    """Ten rounds: four words from a counter of four and a key of two.

    Args:
        counter: four arrays of uint64 that hold 32-bit words, lowest first; they broadcast
            against each other.
        key: two 32-bit words, lowest first: ints, or arrays of one uint64.
        xp: ``numpy`` or ``cupy``.
    """
    m0, m1 = (np.uint64(m) for m in MULTIPLIER)
    low, half = np.uint64(LOW_WORD), np.uint64(32)
    c0, c1, c2, c3 = counter
    schedule = (_round_keys(word, step, xp) for word, step in zip(key, KEY_STEP, strict=True))
    for k0, k1 in zip(*schedule, strict=True):
        product0, product1 = c0 * m0, c2 * m1
        c0, c1, c2, c3 = (
            (product1 >> half) ^ c1 ^ k0,
            product1 & low,
            (product0 >> half) ^ c3 ^ k1,
            product0 & low,
        )
    return c0, c1, c2, c3


def _round_keys(word: Any, step: int, xp: Any) -> list[Any]:
    """A word of the key in every round."""
    if isinstance(word, int):
        return [np.uint64((word + i * step) & LOW_WORD) for i in range(ROUNDS)]
    steps = xp.arange(ROUNDS, dtype=np.uint64) * np.uint64(step)
    keys = (word + steps) & np.uint64(LOW_WORD)
    return [keys[i : i + 1] for i in range(ROUNDS)]


def philox_words(seed: int | Array, offset: int | Array, n: int, xp: Any = np) -> Array:
    """The first ``n`` words of draw number ``offset``, as uint64.

    Args:
        seed, offset: 0 ... 2**64 - 1, or arrays of one uint64, which then need not leave their
            device.
        xp: ``numpy`` or ``cupy``.
    """
    low, half = np.uint64(LOW_WORD), np.uint64(32)
    block = xp.arange((n + 3) // 4, dtype=np.uint64)
    draw = xp.asarray(offset, dtype=np.uint64).reshape(1)
    counter = (block & low, block >> half, draw & low, draw >> half)
    key = (seed & LOW_WORD, seed >> 32) if isinstance(seed, int) else (seed & low, seed >> half)
    words = philox4x32(counter, key, xp)
    return xp.stack(words, axis=-1).reshape(-1)[:n]


def philox_uniform(
    seed: int | Array, offset: int | Array, n: int, dtype: Any, xp: Any = np
) -> Array:
    """``n`` uniform numbers in [0, 1): as many upper bits as the type's significand holds.

    Element i takes word i; of float64, words 2 i and 2 i + 1, the upper 53 bits of
    ``word(2 i) << 32 | word(2 i + 1)``.
    """
    dtype = np.dtype(dtype)
    digits = DIGITS[dtype.name]
    if dtype.itemsize == 8:
        bits = _pairs(philox_words(seed, offset, 2 * n, xp)) >> np.uint64(64 - digits)
    else:
        bits = philox_words(seed, offset, n, xp) >> np.uint64(32 - digits)
    compute = np.float64 if dtype.itemsize == 8 else np.float32
    # Signed: the conversion to floating point is quicker, and the numbers are small enough.
    return (bits.astype(np.int64).astype(compute) * compute(2.0**-digits)).astype(dtype, copy=False)


def philox_normal(
    seed: int | Array, offset: int | Array, n: int, dtype: Any, xp: Any = np
) -> Array:
    """``n`` standard normal numbers, in float64 for that dtype and else in float32.

    Box and Muller's transform: elements 2 i and 2 i + 1 are ``r cos t`` and ``r sin t`` with
    ``r = sqrt(-2 ln u)`` and ``t = 2 pi v``. u and v are (word + 1/2) / 2**32 of words 2 i and
    2 i + 1; in float64, the upper 53 bits plus 1/2 of the words 4 i, 4 i + 1 and 4 i + 2,
    4 i + 3. The half keeps u above 0.
    """
    even = n + n % 2
    if np.dtype(dtype) == np.float64:
        bits = _pairs(philox_words(seed, offset, 2 * even, xp)) >> np.uint64(11)
        u = (bits.astype(np.int64).astype(np.float64) + 0.5) * 2.0**-53
        two_pi: Any = np.float64(2 * math.pi)
    else:
        words = philox_words(seed, offset, even, xp).astype(np.int64).astype(np.float32)
        u = words * np.float32(2.0**-32) + np.float32(2.0**-33)
        two_pi = np.float32(2 * math.pi)
    radius = xp.sqrt(xp.log(u[0::2]) * -2)
    angle = u[1::2] * two_pi
    z = xp.empty(even, u.dtype)
    z[0::2] = radius * xp.cos(angle)
    z[1::2] = radius * xp.sin(angle)
    return z[:n]


def _pairs(words: Array) -> Array:
    """64-bit words: the earlier 32 bits are the upper ones."""
    return (words[0::2] << np.uint64(32)) | words[1::2]


def words_below(p: float) -> int:
    """How many of the 2**32 words count as 1 in a draw of ones with probability ``p``."""
    return round(p * 2**32)


def words_kept(p: float) -> int:
    """How many of the words keep an element that is dropped with probability ``p``, 0 < p < 1.

    At most the largest word, so that 32 bits hold the number.
    """
    return min(words_below(1 - p), LOW_WORD)


def next_draw(state: Array) -> Array:
    """Seed and number of the next draw, as an array of two int64; ``state`` goes on by one."""
    draw = state.copy()
    state[1:] += 1
    return draw


def split_draw(draw: Array) -> tuple[Array, Array]:
    """Seed and offset for the functions above, of the two int64 that hold their bits."""
    bits = draw.view(np.uint64)
    return bits[:1], bits[1:]


STATE = np.dtype([("seed", "<u8"), ("offset", "<u8")])


def current_index(xp: Any) -> int:
    """The index of the CUDA device that is in use."""
    return int(xp.cuda.runtime.getDevice())


class PhiloxStream(Stream):
    """The generator of one CUDA device: every draw takes one ``offset``.

    The offset is kept in the device's memory, where a draw takes it and adds 1: nobody waits for
    the device, and a recorded draw gives other numbers each time it is replayed. Draws must be
    ordered among each other: on one CUDA stream, or on streams that wait for each other.

    Args:
        xp: the array module.
        index: the device that arrays are made on; None over NumPy, in tests.
    """

    device_type = "cuda"

    def __init__(self, xp: Any, index: int | None = None) -> None:
        super().__init__()
        self.xp = xp
        self.index = index
        self._state: Array | None = None  # made by the first draw
        self._place = object()  # another one after each draw, to tell without waiting

    def on_device(self) -> contextlib.AbstractContextManager[Any]:
        if self.index is None:
            return contextlib.nullcontext()
        device: contextlib.AbstractContextManager[Any] = self.xp.cuda.Device(self.index)
        return device

    def state_to_draw_from(self) -> Array:
        """The state, for a draw that raises the offset itself; to be called holding ``lock``.

        An array of two int64 that hold the bits of seed and offset.
        """
        self._place = object()
        return self._in_memory()

    def _in_memory(self) -> Array:
        if self._state is None:
            with self.on_device():
                self._state = self.xp.zeros(2, np.int64)
                self._write(self.seed, 0)
        return self._state

    def _write(self, seed: int, offset: int) -> None:
        # In place: recorded draws know the address. A number goes with the launch, without a copy.
        self.seed = seed
        if self._state is None and offset == 0:
            return
        state = self._in_memory()
        with self.on_device():
            for place, value in enumerate((seed, offset)):
                state[place : place + 1].fill(np.uint64(value).view(np.int64))

    def manual_seed(self, seed: int) -> None:
        with self.lock:
            self._place = object()
            self._write(seed, 0)

    @property
    def offset(self) -> int:
        """The number of the next draw. Waits for the device."""
        with self.lock:
            if self._state is None:
                return 0
            with self.on_device():
                return int(self._state[1]) % 2**64

    def get_state(self) -> Array:
        with self.lock:
            state = np.array((self.seed, self.offset), STATE)
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, state: Array) -> None:
        if state.size != STATE.itemsize:
            raise RuntimeError("RNG state is wrong size")
        fields = np.frombuffer(np.ascontiguousarray(state).tobytes(), STATE)[0]
        with self.lock:
            self._place = object()
            self._write(int(fields["seed"]), int(fields["offset"]))

    def mark(self) -> Any:
        with self.lock, self.on_device():
            kept = None if self._state is None else self._state.copy()
            return self.seed, kept, self._place

    def mark_again(self, former: Any) -> Any:
        with self.lock, self.on_device():
            state = self._in_memory()
            if former is None:
                return self.mark()
            former[1][...] = state
            return self.seed, former[1], self._place

    def go_back(self, mark: Any) -> None:
        with self.lock, self.on_device():
            self.seed, kept, self._place = mark
            if kept is None:
                self._write(self.seed, 0)
            else:
                self._in_memory()[...] = kept

    def is_at(self, mark: Any) -> bool:
        return self._place is mark[2]

    def _next(self) -> tuple[Array, Array]:
        """Seed and offset of the next draw."""
        with self.lock:
            return split_draw(next_draw(self.state_to_draw_from()))

    def words(self, n: int) -> Array:
        return philox_words(*self._next(), n, self.xp)

    def bernoulli(self, p: float | Array, shape: Shape, dtype: Any) -> Array:
        """A number ``p`` is compared with whole words, one for each element, as in dropout."""
        if not isinstance(p, float):
            return super().bernoulli(p, shape, dtype)
        words = self.words(math.prod(shape))
        return (words < np.uint64(words_below(p))).astype(dtype).reshape(shape)

    def uniform(self, shape: Shape, dtype: Any, low: float = 0.0, high: float = 1.0) -> Array:
        dtype = np.dtype(dtype)
        if (low, high) == (0.0, 1.0):
            u = philox_uniform(*self._next(), math.prod(shape), dtype, self.xp)
            return u.reshape(shape)
        compute = np.float32 if dtype.itemsize == 2 else dtype.type
        u = philox_uniform(*self._next(), math.prod(shape), compute, self.xp)
        values = (u * compute(high - low) + compute(low)).astype(dtype, copy=False)
        # Rounding can reach the excluded end; give the other one, as the CPU does.
        bottom, top = (self.xp.asarray(compute(v)).astype(dtype) for v in (low, high))
        return self.xp.where(values == top, bottom, values).reshape(shape)

    def normal(self, shape: Shape, dtype: Any, mean: float = 0.0, std: float = 1.0) -> Array:
        z = philox_normal(*self._next(), math.prod(shape), dtype, self.xp)
        if std != 1:
            z *= z.dtype.type(std)
        if mean != 0:
            z += z.dtype.type(mean)
        return z.astype(dtype, copy=False).reshape(shape)

    def permutation(self, n: int, dtype: Any) -> Array:
        """The order of ``n`` random 64-bit keys; a stable sort decides between equal ones."""
        keys = self.words64(n)
        return self.xp.argsort(keys, kind="stable").astype(dtype, copy=False)
