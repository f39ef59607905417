"""Large arrays of float32 as float16 and back, in C: ``kernels/native_casts.c``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .families import FLOAT32, Family
from .threads import THREADS

Array = Any

LARGE = 2048
"""From so many elements on, C code is quicker."""

_FLOAT16 = np.dtype(np.float16)

_functions = Family("native_casts", {"to_half": "aai", "from_half": "aai"})


def cast(x: Array, dtype: Any) -> Array | None:
    """The array in the other type; None for other types, or without C code."""
    wanted = np.dtype(dtype)
    if x.dtype is FLOAT32 and wanted is _FLOAT16:
        function = _functions["to_half", False]
    elif x.dtype is _FLOAT16 and wanted is FLOAT32:
        function = _functions["from_half", False]
    else:
        return None
    if function is None:
        return None
    result = np.empty(x.shape, wanted)
    return result if function(id(x), id(result), THREADS.number) else None
