"""Attention's weights and their gradients in C: ``kernels/native_attention.c``.

The C code works in place on a stack of matrices that lie one after the other.
"""

from __future__ import annotations

from typing import Any

from .families import Family
from .threads import THREADS

Array = Any

_functions = Family("native_attention", {"attention_weights": "aii", "attention_spread": "aai"})


def weigh(scores: Array, causal: bool) -> bool:
    """Turn scores into weights, each row's softmax; False where there is no C code."""
    function = _functions.of("attention_weights", scores)
    return function is not None and bool(function(id(scores), causal, THREADS.number))


def spread(gradient: Array, weights: Array) -> bool:
    """Turn the weights' gradient into the scores'; False where there is no C code."""
    function = _functions.of("attention_spread", gradient)
    return function is not None and bool(function(id(gradient), id(weights), THREADS.number))
