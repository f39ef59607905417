"""PyTorch's errors for operands that have no matrix product."""

from __future__ import annotations

import math
from typing import Any

from .arguments import meta_name, note_op, word
from .broadcasting import broadcast_shapes
from .operands import misfit


def two_types(a: Any, b: Any) -> RuntimeError:
    """PyTorch's error for the product of arrays of two types."""
    if a.ndim == 1 and b.ndim == 1:
        return RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {word(a)} and {word(b)}"
        )
    if a.ndim > 2 and b.ndim > 2:
        return RuntimeError(f"expected scalar type {word(a)} but found {word(b)}")
    return RuntimeError(
        f"expected m1 and m2 to have the same dtype, but got: {meta_name(a)} != {meta_name(b)}"
    )


def explain_products(a: Any, b: Any) -> Exception:
    """PyTorch's error for two arrays of which there is no product, with a note on both."""
    return note_op(_misfit_of_products(a, b), "a product", a, b)


def _misfit_of_products(a: Any, b: Any) -> RuntimeError:
    if a.ndim == 0 or b.ndim == 0:
        return RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"
        )
    if a.ndim == 1 and b.ndim == 1:
        return RuntimeError(
            "inconsistent tensor size, expected tensor "
            f"[{a.shape[0]}] and src [{b.shape[0]}] to have the same number of elements, but got "
            f"{a.shape[0]} and {b.shape[0]} elements respectively"
        )
    if b.ndim == 1:
        rows = math.prod(a.shape[:-1])
        return RuntimeError(
            f"size mismatch, got input ({rows}), mat ({rows}x{a.shape[-1]}), vec ({b.shape[0]})"
        )
    if a.ndim <= 2 and b.ndim <= 2:
        rows = a.shape[0] if a.ndim == 2 else 1
        return RuntimeError(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({rows}x{a.shape[-1]} and {b.shape[0]}x{b.shape[1]})"
        )
    error = misfit(a.shape[:-2], b.shape[:-2])
    if error is not None:
        return error
    batch = math.prod(broadcast_shapes(a.shape[:-2], b.shape[:-2]))
    return RuntimeError(
        "Expected size for first two dimensions of batch2 tensor to be: "
        f"[{batch}, {a.shape[-1]}] but got: [{batch}, {b.shape[-2]}]."
    )
