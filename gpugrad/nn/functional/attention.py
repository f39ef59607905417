"""Attention: each query's mean of the values, weighted by how well their keys match it."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes
from ...casting.calls import THREADS, casting
from ...creation import full, ones, zeros
from ...ops.arguments import meta_name
from ...ops.attention import attention
from ...tensor import Tensor
from .dropout import dropout
from .softmax import softmax


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query keyᵀ · scale + mask) value.

    Vaswani et al., "Attention Is All You Need", 2017.

    Args:
        attn_mask: broadcast to (..., L, S): of bools, False where a key is not to be seen; or
            numbers that are added to the scores.
        dropout_p: the probability with which a weight is dropped; never 0 by itself in evaluation.
        is_causal: let query i see the keys up to i only.
        scale: 1/sqrt(E) by default.
        enable_gqa: repeat the heads (dimension -3) of keys and values for those of the queries.

    Shape:
        query (..., L, E), key (..., S, E), value (..., S, V), output (..., L, V).

    Raises:
        RuntimeError: shapes or types do not fit, or both a mask and ``is_causal`` are given.

    >>> import gpugrad
    >>> x = gpugrad.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    >>> gpugrad.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
    tensor([[[1.0000, 0.0000],
             [0.3302, 0.6698]]])
    """
    if THREADS and (run := casting("scaled_dot_product_attention")):
        return run(
            scaled_dot_product_attention,
            query,
            key,
            value,
            attn_mask,
            dropout_p,
            is_causal,
            scale,
            enable_gqa,
        )
    _check(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        repeats = query.size(-3) // key.size(-3)
        key = key.repeat_interleave(repeats, -3)
        value = value.repeat_interleave(repeats, -3)
    if scale is None:
        scale = 1 / math.sqrt(query.size(-1))
    if attn_mask is None and dropout_p == 0.0 and _stacked_alike(query, key, value):
        result: Tensor = attention(query, key, value, is_causal, scale)
        return result
    # Scaling the queries is cheaper than scaling all scores.
    scores: Tensor = (query * scale) @ key.transpose(-2, -1)
    if is_causal:
        shape = scores.shape[-2:]
        attn_mask = ones(shape, dtype=dtypes.bool_, device=query.device).tril()
    hidden = None
    if attn_mask is not None:
        if attn_mask.dtype is dtypes.bool_:
            hidden = ~attn_mask
            scores = scores.masked_fill(hidden, -math.inf)
        else:
            hidden = attn_mask == -math.inf
            scores = scores + attn_mask
    weights = softmax(scores, -1)
    if hidden is not None and not is_causal:
        # Queries that may see nothing: the softmax of minus infinities is nan.
        weights = weights.masked_fill(hidden.all(-1, True), 0.0)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p)
    attended: Tensor = weights @ value
    return attended


def _check(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, is_causal: bool) -> None:
    if min(query.dim(), key.dim(), value.dim()) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.dim()} key.dim: {key.dim()} and value.dim: {value.dim()} instead."
        )
    if not query.dtype is key.dtype is value.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{meta_name(query.array)} key.dtype: {meta_name(key.array)} and value.dtype: "
            f"{meta_name(value.array)} instead."
        )
    if mask is None:
        return
    if is_causal:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
            "is_causal=True"
        )
    if mask.dtype not in (dtypes.bool_, dtypes.float32, query.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
            f"attn_mask.dtype: {meta_name(mask.array)} and  query.dtype: {meta_name(query.array)} "
            "instead."
        )


def _stacked_alike(query: Tensor, key: Tensor, value: Tensor) -> bool:
    """Whether all are floating-point stacks of the same number of fitting matrices."""
    return (
        query.dim() > 2
        and query.is_floating_point()
        # NumPy makes float32 of bfloat16 and a number.
        and not (query.is_cpu and query.dtype is dtypes.bfloat16)
        and query.shape[:-2] == key.shape[:-2] == value.shape[:-2]
        and query.size(-1) == key.size(-1)
        and key.size(-2) == value.size(-2)
    )


def causal_mask(size: int, device: Any = None, dtype: Any = None) -> Tensor:
    """Minus infinity above the diagonal of a square, zeros elsewhere."""
    result: Tensor = full((size, size), -math.inf, device=device, dtype=dtype).triu(1)
    return result


def added_mask(mask: Tensor, name: str, dtype: dtypes.dtype) -> Tensor:
    """A mask as numbers to be added to the scores; True in a mask of bools hides a key.

    Raises:
        AssertionError: the mask is neither of bools nor of floating-point numbers.
    """
    if mask.dtype is not dtypes.bool_:
        if not mask.is_floating_point():
            raise AssertionError(f"only bool and floating types of {name} are supported")
        return mask
    result: Tensor = zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(mask, -math.inf)
    return result
