"""Steps that take float16 and bfloat16 through float32 and round their results once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def through_single(compute: Callable[..., Any], *args: Any, out: Any = None) -> Any:
    """``compute(*args)`` in float32, its results in the type of the first argument, an array."""
    dtype = args[0].dtype
    wide = (a.astype(np.float32) if isinstance(a, np.ndarray) else a for a in args)
    found = compute(*wide)
    if isinstance(found, tuple):
        places = out or (None,) * len(found)
        return tuple(_rounded(f, dtype, to) for f, to in zip(found, places, strict=True))
    return _rounded(found, dtype, out)


def _rounded(found: Array | None, dtype: Any, out: Array | None) -> Array | None:
    if found is None:
        return None
    if out is None:
        return found.astype(dtype)
    np.copyto(out, found, casting="unsafe")
    return out
