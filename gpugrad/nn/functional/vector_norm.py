"""The p-norm of vectors, as gradient clipping and normalization need it."""

from __future__ import annotations

import math

from ...tensor import Tensor


def vector_norm(
    input: Tensor, p: float = 2.0, dim: int | None = None, keepdim: bool = False
) -> Tensor:
    """(Σ |x|^p)^(1/p) along ``dim``, or over all elements.

    Args:
        p: also infinity, for the largest |x|, and 0, for the number of elements that are not 0.

    The gradient at a vector of zeros is zero, as in PyTorch.
    """
    result: Tensor
    if p == math.inf:
        magnitude = input.abs()
        result = magnitude.max() if dim is None else magnitude.amax(dim, keepdim)
        return result
    if p == 0:
        # Counted without a gradient, or by a function whose gradient is zero everywhere.
        terms = input.sgn().square() if input.requires_grad else (input != 0).to(input.dtype)
    elif p == 2:
        terms = input.square()
    else:
        terms = input.abs() if p == 1 else input.abs().pow(p)
    total: Tensor = terms.sum() if dim is None else terms.sum(dim, keepdim)
    if p in (0, 1):
        return total
    if not total.requires_grad:
        return _root(total, p)
    # The root's slope at zero is infinite: it is taken of ones there, and zeros are put back.
    zero = total == 0
    result = _root(total.masked_fill(zero, 1.0), p).masked_fill(zero, 0.0)
    return result


def _root(x: Tensor, p: float) -> Tensor:
    result: Tensor = x.sqrt() if p == 2 else x.pow(1.0 / p)
    return result
