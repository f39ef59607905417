"""The CPU's random numbers: PyTorch's own, from the same seed.

:class:`CPUStream` reads the Mersenne Twister the way PyTorch does, so that after
``manual_seed(s)`` every draw gives PyTorch's values and leaves the stream where PyTorch leaves it.

PyTorch with MKL on Intel processors takes ``bernoulli_(p)``, ``dropout`` and ``exponential_`` from
a generator of MKL's; these then differ, as they do between PyTorch's own builds.

Source: Matsumoto and Nishimura, "Mersenne Twister" (1998). How PyTorch maps words to numbers was
found by comparing with PyTorch 2.13; the tests under ``tests/oracle`` repeat the comparison.
"""

from __future__ import annotations

import ctypes
import functools
import math
from typing import Any

import numpy as np

from ..native import twister as native
from .box_muller import BLOCK, float32_normals, float64_normals
from .fused import scale_shift32, scale_shift64
from .rejection import RejectionDraws
from .stream import DEFAULT_SEED, WIDE_RANGE, Array, Shape, Stream, cast

CHUNK = 2**15
"""Words in work at a time: the intermediate results stay in the cache."""

FEW = 8
"""Up to this many numbers are drawn one by one in less time than all together."""

SHORT = 256
"""Up to this many numbers are swapped one by one in less time than all together."""

# The state of PyTorch's CPU generator, so that states can be exchanged with it. ``left`` and
# ``next`` both count the words used of the current 624; ``normal_y`` is the kept normal number.
STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("key", "<u8", 624),
        ("normal_x", "<f8"),
        ("normal_y", "<f8"),
        ("normal_rho", "<f8"),
        ("normal_is_valid", "<i4"),
        ("padding", "<i4"),
        ("float_normal", "<f4"),
        ("float_normal_is_valid", "<i4"),
    ]
)

TWISTER_BYTES = 4 * 624 + 4
"""NumPy's state of a Mersenne Twister: 624 words, and how many of them are used."""


class CPUStream(RejectionDraws, Stream):
    """PyTorch's CPU generator: MT19937, and one normal number kept back from small draws."""

    xp = np
    device_type = "cpu"

    def __init__(self) -> None:
        super().__init__()
        self.manual_seed(DEFAULT_SEED)

    def manual_seed(self, seed: int) -> None:
        with self.lock:
            self.seed = seed
            self.__dict__.pop("_twister", None)
            self._kept: float | None = None

    @functools.cached_property
    def _twister(self) -> np.random.MT19937:
        """Made when the first number is wanted: NumPy takes its time to import its generators."""
        twister = np.random.MT19937()
        # Seeds by Knuth's recurrence, as PyTorch does; MT19937 itself seeds differently.
        np.random.RandomState(twister).seed(self.seed & 0xFFFFFFFF)
        return twister

    def get_state(self) -> Array:
        state = np.zeros((), STATE)
        with self.lock:
            twister = self._twister.state["state"]
            used = twister["pos"]
            state["seed"], state["seeded"], state["key"] = self.seed, 1, twister["key"]
            state["left"], state["next"] = (1, 0) if used == 624 else (625 - used, used)
            if self._kept is not None:
                state["normal_y"], state["normal_is_valid"] = self._kept, 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, state: Array) -> None:
        if state.size != STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE.itemsize} but found the input "
                f"RNG state size to be {state.size}"
            )
        fields = np.frombuffer(np.ascontiguousarray(state).tobytes(), STATE)[0]
        left, used = int(fields["left"]), int(fields["next"])
        if fields["seeded"] != 1 or not 0 < left <= 624 or used > 624:
            raise RuntimeError("Invalid mt19937 state")
        position = 624 if left == 1 else used
        with self.lock:
            self.seed = int(fields["seed"])
            self._twister.state = {
                "bit_generator": "MT19937",
                "state": {"key": fields["key"].astype(np.uint32), "pos": position},
            }
            self._kept = float(fields["normal_y"]) if fields["normal_is_valid"] else None

    def mark(self) -> Any:
        # What `get_state` asks NumPy for takes it a hundred times as long.
        with self.lock:
            return self.seed, ctypes.string_at(self._address(), TWISTER_BYTES), self._kept

    def go_back(self, mark: Any) -> None:
        with self.lock:
            self.seed, twister, self._kept = mark
            ctypes.memmove(self._address(), twister, TWISTER_BYTES)

    def is_at(self, mark: Any) -> bool:
        return bool(self.mark() == mark)

    def _address(self) -> int:
        address: int = self._twister.ctypes.state_address
        return address

    def words(self, n: int) -> Array:
        with self.lock:
            return self._twister.random_raw(n)

    def _unit32(self, n: int) -> Array:
        """Uniform float32 numbers: the low 24 bits of a word."""
        if n >= native.LARGE:
            with self.lock:
                found = native.uniform(self._address(), n, np.float32)
            if found is not None:
                return found
        if n <= FEW:
            with self.lock:
                word = self._twister.random_raw
                return np.array([(word() & 0xFFFFFF) * 2.0**-24 for _ in range(n)], np.float32)
        u = np.empty(n, np.float32)
        with self.lock:
            for start in range(0, n, CHUNK):
                part = u[start : start + CHUNK]
                bits = self.words(part.size).astype(np.int32)
                bits &= 0xFFFFFF
                part[:] = bits
                part *= np.float32(2.0**-24)
        return u

    def _unit64(self, n: int) -> Array:
        """Uniform float64 numbers: the low 53 bits of a 64-bit word."""
        if n >= native.LARGE:
            with self.lock:
                found = native.uniform(self._address(), n, np.float64)
            if found is not None:
                return found
        if n <= FEW:
            return np.array(self._few_units(n), np.float64)
        u = np.empty(n, np.float64)
        with self.lock:
            for start in range(0, n, CHUNK):
                part = u[start : start + CHUNK]
                bits = self.words64(part.size).view(np.int64)
                bits &= 2**53 - 1
                part[:] = bits
                part *= 2.0**-53
        return u

    def _few_units(self, n: int) -> list[float]:
        """What :meth:`_unit64` gives, as Python's numbers."""
        with self.lock:
            word = self._twister.random_raw
            return [((word() << 32 | word()) & (2**53 - 1)) * 2.0**-53 for _ in range(n)]

    def integers(self, low: int, high: int, shape: Shape, dtype: Any) -> Array:
        n, span = math.prod(shape), high - low
        if n >= native.LARGE and span < WIDE_RANGE:
            with self.lock:
                found = native.integers(self._address(), n, low, span)
            if found is not None:
                return cast(found, dtype).reshape(shape)
        if n > FEW or span >= WIDE_RANGE:
            return super().integers(low, high, shape, dtype)
        with self.lock:
            word = self._twister.random_raw
            values = [low + word() % span for _ in range(n)]
        return cast(np.array(values, np.int64), dtype).reshape(shape)

    def uniform(self, shape: Shape, dtype: Any, low: float = 0.0, high: float = 1.0) -> Array:
        n = math.prod(shape)
        dtype = np.dtype(dtype)
        code = dtype.char
        if code == "f" and low == 0 and high == 1:
            return self._unit32(n).reshape(shape)
        if code == "d":
            u = self._unit64(n)
            if (low, high) == (0.0, 1.0):
                return u.reshape(shape)
            u = scale_shift64(u, high - low, low)
            top, bottom = high, low
        else:
            u = self._unit32(n)
            if (low, high) != (0.0, 1.0):
                u = scale_shift32(u, np.float32(high) - np.float32(low), low)
            u = u.astype(dtype, copy=False)
            top, bottom = (np.float32(v).astype(dtype) for v in (high, low))
        # Rounding can reach the excluded end; PyTorch then gives the other one.
        reached = u == top
        if reached.any():
            u[reached] = bottom
        return u.reshape(shape)

    def bernoulli(self, p: float | Array, shape: Shape, dtype: Any) -> Array:
        n = math.prod(shape)
        if isinstance(p, float) and 0 <= p <= 1 and n >= native.LARGE:
            with self.lock:
                found = native.bernoulli(self._address(), n, p, dtype)
            if found is not None:
                return found.reshape(shape)
        return super().bernoulli(p, shape, dtype)

    def normal(self, shape: Shape, dtype: Any, mean: float = 0.0, std: float = 1.0) -> Array:
        n = math.prod(shape)
        dtype = np.dtype(dtype)
        if n < BLOCK:
            few = np.array(self._few_normals(n), np.float64)
            return cast(scale_shift64(few, std, mean), dtype).reshape(shape)
        # Sixteen at a time; if some are left over, the last sixteen are drawn anew. The 16-bit
        # types skip the first draw of the left-over ones.
        whole = n - n % BLOCK
        again = BLOCK if n % BLOCK else 0
        drawn = (whole if dtype.itemsize == 2 else n) + again
        unit, transform = (
            (self._unit64, float64_normals)
            if dtype == np.float64
            else (self._unit32, float32_normals)
        )
        u = unit(drawn)
        if again:
            u[whole : whole + BLOCK] = u[-BLOCK:]
        transform(u[: whole + again], mean, std)
        values = u[:n]
        if again:
            values[-BLOCK:] = u[whole : whole + BLOCK]
        return values.astype(dtype, copy=False).reshape(shape)

    def _few_normals(self, n: int) -> list[float]:
        """Normal numbers in pairs, of which one may be left over: it is kept for the next draw."""
        with self.lock:
            z = [] if self._kept is None or n == 0 else [self._kept]
            pairs = (n - len(z) + 1) // 2
            u = self._few_units(2 * pairs)
            for u1, u2 in zip(u[0::2], u[1::2], strict=True):
                radius, angle = math.sqrt(-2.0 * math.log1p(-u2)), 2.0 * math.pi * u1
                z += radius * math.cos(angle), radius * math.sin(angle)
            if n:
                self._kept = z[n] if len(z) > n else None
        return z[:n]

    def permutation(self, n: int, dtype: Any) -> Array:
        """PyTorch's shuffle: for i = 0 ... n - 2, swap places i and i + word % (n - i)."""
        if n < 2:
            return np.arange(n).astype(dtype)
        if native.LARGE <= n < 2**32:
            with self.lock:
                found = native.permutation(self._address(), n)
            if found is not None:
                return found.astype(dtype, copy=False)
        left = np.arange(n, 1, -1, dtype=np.uint32)
        partner = (self.words(n - 1).astype(np.uint32) % left).astype(np.int64)
        partner += np.arange(n - 1)
        if n <= SHORT:
            order = list(range(n))
            for i, j in enumerate(partner.tolist()):
                order[i], order[j] = order[j], order[i]
            return np.array(order).astype(dtype, copy=False)
        return _swapped(np.append(partner, n - 1)).astype(dtype, copy=False)


def _swapped(partner: Array) -> Array:
    """The numbers 0 ... n - 1 after swapping places i and ``partner[i] >= i``, for rising i.

    Swap i fixes what ends in place i: it takes what lies in ``partner[i]`` and leaves there what
    it found in place i. What it takes was left there by the last earlier swap with that partner,
    or was there from the start. So every result is found by following such earlier swaps back,
    which takes a sort and then steps that double in length, and no loop over the numbers.
    """
    n = partner.size
    places = np.arange(n)
    # Swaps by partner, earlier ones first: one integer sort of (partner, i) pairs.
    order = np.sort((partner << 32) | places)
    by_partner, swap = order >> 32, order & 0xFFFFFFFF
    earlier = np.full(n, -1)
    same = by_partner[1:] == by_partner[:-1]
    earlier[swap[1:][same]] = swap[:-1][same]
    # What swap i finds in its own place: what the last swap k < i with partner i left there.
    source = places.copy()
    comes_after = partner > places
    source[partner[comes_after]] = places[comes_after]
    while True:
        further = source[source]
        if np.array_equal(further, source):
            break
        source = further
    return np.where(earlier < 0, partner, source[earlier])
