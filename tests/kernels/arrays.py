"""Arrays for kernels at addresses of every alignment, and how close results must come."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import numpy as np

from gpugrad import dtypes
from tests.kernels.emulation import SANITIZED

Array = Any

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
TINY = {
    "float64": 2.0**-1021,
    "float32": 2.0**-125,
    "float16": 2.0**-24,
    "bfloat16": 2.0**-125,
}
"""What may be lost absolutely: twice the smallest normal number, below which intermediate results
are rounded coarsely; the smallest number of float16, which is computed in float32."""

MARGIN = 0 if SANITIZED else 16
"""Elements after each array that must not change; none where a sanitizer watches the end."""


def numpy_dtype(suffix: str) -> Any:
    return dtypes.bfloat16.numpy if suffix == "bfloat16" else np.dtype(suffix)


def compute(suffix: str) -> str:
    return "float64" if suffix == "float64" else "float32"


_AROUND = itertools.count()

PLACED: weakref.WeakSet[Placed] = weakref.WeakSet()
"""All that there are: a kernel may be given the address of one as a number."""


class Placed:
    """A contiguous array that starts ``offset`` elements after a multiple of 16 bytes."""

    def __init__(self, values: Array, dtype: Any, offset: int = 0) -> None:
        values = np.asarray(values)
        n = values.size
        # Different around each array, so that what is copied out of bounds shows.
        self.whole = np.full(offset + n + MARGIN, 100 + next(_AROUND) % 50, dtype)
        assert self.whole.ctypes.data % 16 == 0
        self.array = self.whole[offset : offset + n].reshape(values.shape)
        with np.errstate(over="ignore"):
            self.array[...] = values
        PLACED.add(self)
        self._bytes = self.whole.tobytes()
        self._data = (offset * self.whole.itemsize, (offset + n) * self.whole.itemsize)

    def unchanged(self, outside_only: bool = False) -> bool:
        """Whether the memory is as it was at first; or that around the array only."""
        now = self.whole.tobytes()
        if not outside_only:
            return now == self._bytes
        first, last = self._data
        return now[:first] == self._bytes[:first] and now[last:] == self._bytes[last:]


def special_values(suffix: str) -> Array:
    """Numbers at which functions tend to go wrong, exact in the type; as float64."""
    most = float(np.finfo(np.float32 if suffix == "bfloat16" else suffix).max)
    if suffix == "bfloat16":
        most = 2.0**127
    least = {"float64": 5e-324, "float32": 1e-45, "float16": 6e-8, "bfloat16": 1e-40}[suffix]
    sizes = [0.0, least, 3 * least, 1e-4, 0.5, 1.0, 2.0, 5.0, 9.0, 17.0, 19.9, 21.0, 89.0, 105.0]
    sizes += [720.0, 1e4, most**0.5, most / 2, most, np.inf]
    values = np.array([s * v for v in sizes for s in (1, -1)] + [np.nan])
    with np.errstate(over="ignore"):
        return values.astype(numpy_dtype(suffix)).astype(np.float64)


def sample(suffix: str, n: int, seed: int) -> Array:
    """``n`` numbers of the type, as float64: about half of them special."""
    random = np.random.default_rng(seed)
    values = random.normal(size=n) * 3
    special = special_values(suffix)
    places = random.permutation(n)[: n // 2]
    values[places] = random.choice(special, places.size)
    return values.astype(numpy_dtype(suffix)).astype(np.float64)


def ordinary(suffix: str, shape: Any, seed: int, scale: float = 1.0) -> Array:
    """Normally distributed numbers of the type, as float64."""
    values = np.random.default_rng(seed).normal(size=shape) * scale
    return values.astype(numpy_dtype(suffix)).astype(np.float64)


def assert_near(
    actual: Array,
    expected: Array,
    suffix: str,
    size: Any = 0.0,
    roundings: float = 8.0,
    lost: Any = 1.0,
    where: str = "",
) -> None:
    """``actual``, of the type, is ``expected``, of float64, up to rounding.

    One rounding to the type, and ``roundings`` of the arithmetic's type, of the result and of
    ``size``: the size of the terms that make it up, where they may cancel. Besides, ``lost`` times
    what may be lost below the smallest normal number.
    """
    with np.errstate(over="ignore"):
        rounded = np.asarray(expected).astype(actual.dtype).astype(np.float64)
    found = actual.astype(np.float64)
    size, lost = (np.broadcast_to(np.asarray(v, np.float64), found.shape) for v in (size, lost))
    special = ~np.isfinite(rounded) | ~np.isfinite(found)
    np.testing.assert_array_equal(found[special], rounded[special], err_msg=where)
    f, e, s = found[~special], np.asarray(expected, np.float64)[~special], size[~special]
    s, lost = np.nan_to_num(s, posinf=0.0), np.nan_to_num(lost[~special])
    with np.errstate(over="ignore"):
        slack = EPS[suffix] * np.abs(e) + TINY[suffix] * lost
        slack += EPS[compute(suffix)] * roundings * (np.abs(e) + s)
        bad = np.abs(f - e) > slack
    assert not bad.any(), (
        f"{where}: {bad.sum()} of {bad.size} wrong, the first {f[bad][0]!r}, not {e[bad][0]!r}"
    )
