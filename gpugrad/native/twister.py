"""Random numbers of NumPy's Mersenne Twister in C: ``kernels/native_random.c``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import Family

Array = Any

LARGE = 64
"""From so many numbers on, NumPy's several calls take longer."""

BLOCK = 16
"""Normal numbers are made of so many uniform ones together."""

_INT64 = np.dtype(np.int64)

_functions = Family(
    "native_random",
    {
        "uniform": "aan",
        "bernoulli": "aand",
        "normal": "andd",
        "integers": "aannn",
        "permutation": "aan",
    },
)


def uniform(state: int, n: int, dtype: Any) -> Array | None:
    """Uniform float32 or float64 numbers from the twister at this address, in [0, 1)."""
    out = np.empty(n, dtype)
    function = _functions.of("uniform", out)
    return out if function is not None and function(state, id(out), n) else None


def bernoulli(state: int, n: int, p: float, dtype: Any) -> Array | None:
    """1 with probability p, which must be in [0, 1], else 0, by float64 numbers."""
    out = np.empty(n, dtype)
    function = _functions.of("bernoulli", out)
    return out if function is not None and function(state, id(out), n, p) else None


def normal(uniform: Array, mean: float, std: float) -> bool:
    """Turn uniform numbers, a multiple of 16, into normal ones in place; whether it was done."""
    function = _functions.of("normal", uniform)
    return function is not None and bool(
        function(id(uniform), uniform.size, float(mean), float(std))
    )


def integers(state: int, n: int, low: int, span: int) -> Array | None:
    """Whole numbers from ``low`` on, ``span`` of them, as int64."""
    function = _functions["integers", False]
    out = np.empty(n, _INT64)
    return out if function is not None and function(state, id(out), n, low, span) else None


def permutation(state: int, n: int) -> Array | None:
    """The numbers 0 ... n - 1 in random order, as int64."""
    function = _functions["permutation", False]
    out = np.empty(n, _INT64)
    return out if function is not None and function(state, id(out), n) else None
