"""Random numbers of NumPy's Mersenne Twister in C: ``kernels/native_random.c``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import Family

Array = Any

LARGE = 64
"""From so many numbers on, NumPy's several calls take longer."""

_functions = Family("native_random", {"uniform": "aan", "bernoulli": "aand"})


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
