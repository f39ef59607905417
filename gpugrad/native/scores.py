"""Attention's weights and their gradients in C: ``kernels/native_attention.c``.

The C code works in place on a stack of matrices that lie one after the other.
"""

from __future__ import annotations

from typing import Any

from .library import FLOAT32, FLOAT64, Family
from .threads import THREADS

Array = Any

_functions = Family(
    "native_attention",
    {"attention_weights": "v:annnii", "attention_spread": "v:aanni"},
)


def weigh(scores: Array, causal: bool) -> bool:
    """Turn scores into weights, each row's softmax; False where there is no C code."""
    function = _functions["attention_weights", scores.dtype is FLOAT64] if _takes(scores) else None
    if function is None:
        return False
    length, cols = scores.shape[-2:]
    function(id(scores), scores.size // cols, cols, length, causal, THREADS.number)
    return True


def spread(gradient: Array, weights: Array) -> bool:
    """Turn the weights' gradient into the scores'; False where there is no C code."""
    if not _takes(gradient, weights):
        return False
    function = _functions["attention_spread", gradient.dtype is FLOAT64]
    if function is None:
        return False
    cols = weights.shape[-1]
    function(id(gradient), id(weights), weights.size // cols, cols, THREADS.number)
    return True


def _takes(*arrays: Array) -> bool:
    dtype = arrays[0].dtype
    return (dtype is FLOAT32 or dtype is FLOAT64) and all(
        a.dtype is dtype and a.flags.c_contiguous for a in arrays
    )
