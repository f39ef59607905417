"""Attention by several heads with the projections around it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

from ...ops.joining import cat
from ...tensor import Tensor
from .attention import added_mask, scaled_dot_product_attention
from .dropout import dropout
from .linear import linear
from .padding import pad
from .softmax import softmax


@dataclass(slots=True)
class Heads:
    """The parameters of an attention by several heads, and how it works.

    Attributes:
        in_proj_weight: the weights of queries, keys and values in one, or None for three of them.
        bias_k, bias_v: a key and a value that are added to those given.
        add_zero_attn: add a key and a value of zeros.
        dropout: the probability with which a weight is dropped.
        batch_first: whether tensors are (N, L, E) instead of (L, N, E).
    """

    embed_dim: int
    num_heads: int
    in_proj_weight: Tensor | None
    in_proj_bias: Tensor | None
    out_proj_weight: Tensor
    out_proj_bias: Tensor | None
    bias_k: Tensor | None = None
    bias_v: Tensor | None = None
    add_zero_attn: bool = False
    dropout: float = 0.0
    q_proj_weight: Tensor | None = None
    k_proj_weight: Tensor | None = None
    v_proj_weight: Tensor | None = None
    batch_first: bool = False
    static_k: Tensor | None = None
    static_v: Tensor | None = None


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What :class:`gpugrad.nn.MultiheadAttention` computes, with its parameters given.

    Args:
        query, key, value: (L, N, E), (S, N, kdim) and (S, N, vdim), or without N.
        embed_dim_to_check: E.
        in_proj_weight: (3 E, E): the weights of queries, keys and values; unused with
            ``use_separate_proj_weight``, where ``q_proj_weight`` and the like are used instead.
        in_proj_bias: (3 E,).
        bias_k, bias_v: (1, 1, E): a key and a value that are added to those given.
        add_zero_attn: add a key and a value of zeros.
        dropout_p: the probability with which a weight is dropped in ``training``.
        key_padding_mask: (N, S); True, or a number that is added, hides a key from all.
        need_weights: whether to return the weights.
        attn_mask: (L, S) or (N · num_heads, L, S); True hides a key from a query, and numbers
            are added to the scores.
        static_k, static_v: (N · num_heads, S, E / num_heads): keys and values that replace the
            projected ones.
        average_attn_weights: return the mean of the heads' weights instead of each.
        is_causal: a promise that ``attn_mask`` hides just the keys after the query.

    Returns:
        The result, of the query's shape, and (N, L, S) or (N, num_heads, L, S) or None.

    Raises:
        AssertionError: sizes that do not fit.
        RuntimeError: a mask of the wrong shape.

    >>> import gpugrad
    >>> x, eye = gpugrad.eye(2).unsqueeze(1), gpugrad.eye(2)
    >>> result, _ = gpugrad.nn.functional.multi_head_attention_forward(
    ...     x, x, x, 2, 1, eye.repeat(3, 1), None, None, None, False, 0.0, eye, None
    ... )
    >>> result.squeeze(1)
    tensor([[0.6698, 0.3302],
            [0.3302, 0.6698]])
    """
    separate = use_separate_proj_weight
    heads = Heads(
        embed_dim=embed_dim_to_check,
        num_heads=num_heads,
        in_proj_weight=None if separate else in_proj_weight,
        in_proj_bias=in_proj_bias,
        out_proj_weight=out_proj_weight,
        out_proj_bias=out_proj_bias,
        bias_k=bias_k,
        bias_v=bias_v,
        add_zero_attn=add_zero_attn,
        dropout=dropout_p if training else 0.0,
        q_proj_weight=q_proj_weight,
        k_proj_weight=k_proj_weight,
        v_proj_weight=v_proj_weight,
        static_k=static_k,
        static_v=static_v,
    )
    masks = key_padding_mask, attn_mask
    return attend(heads, query, key, value, *masks, need_weights, average_attn_weights, is_causal)


def attend(
    heads: Heads,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    padding: Tensor | None,
    mask: Tensor | None,
    need_weights: bool,
    average_weights: bool,
    is_causal: bool,
) -> tuple[Tensor, Tensor | None]:
    """The result and, if they are wanted, the weights."""
    batched = _is_batched(query, key, value, padding, mask)
    if not batched:
        query, key, value = (t.unsqueeze(0) for t in (query, key, value))
        if padding is not None:
            padding = padding.unsqueeze(0)
    elif not heads.batch_first:
        same = key is query, value is key
        query = query.transpose(0, 1)
        key = query if same[0] else key.transpose(0, 1)
        value = key if same[1] else value.transpose(0, 1)
    merged = _merged_mask(heads, query, key, padding, mask, is_causal, need_weights)
    q, k, v, merged = _projected(heads, query, key, value, merged)
    weights: Tensor | None = None
    if need_weights:
        scores = (q * (1 / math.sqrt(q.size(-1)))) @ k.transpose(-2, -1)
        weights = softmax(scores if merged is None else scores + merged, -1)
        if heads.dropout:
            weights = dropout(weights, heads.dropout)
        parts = weights @ v
        if average_weights:
            weights = weights.mean(1)
    else:
        hint = is_causal and merged is None
        parts = scaled_dot_product_attention(q, k, v, merged, heads.dropout, is_causal=hint)
    # (N, heads, L, E / heads) -> (L, N, E), the layout in which PyTorch leaves the result: what
    # a dropout draws for it depends on that.
    joined = parts.permute(2, 0, 1, 3)
    joined = joined.reshape((*joined.shape[:2], heads.embed_dim))
    result = linear(joined, heads.out_proj_weight, heads.out_proj_bias)
    if heads.batch_first or not batched:
        result = result.transpose(0, 1)
    if not batched:
        return result.squeeze(0), None if weights is None else weights.squeeze(0)
    return result, weights


def _projected(
    heads: Heads, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Queries, keys and values of each head, (N, heads, length, E / heads), and the mask."""
    size, count = heads.embed_dim, heads.num_heads
    q, k, v = _linear_parts(heads, query, key, value)
    if heads.bias_k is not None and heads.bias_v is not None:
        k = cat([k, heads.bias_k.expand(k.size(0), 1, size)], 1)
        v = cat([v, heads.bias_v.expand(v.size(0), 1, size)], 1)
        mask = _for_one_more(mask)
    q, k, v = (
        t.reshape((t.size(0), t.size(1), count, size // count)).transpose(1, 2) for t in (q, k, v)
    )
    k, v = (
        one if static is None else static.reshape((-1, count, *static.shape[1:]))
        for one, static in ((k, heads.static_k), (v, heads.static_v))
    )
    if heads.add_zero_attn:
        nothing = k.new_zeros((*k.shape[:2], 1, k.size(3)))
        k, v = cat([k, nothing], 2), cat([v, nothing], 2)
        mask = _for_one_more(mask)
    return q, k, v, mask


def _for_one_more(mask: Tensor | None) -> Tensor | None:
    """A mask with a further key, which all queries see."""
    return None if mask is None else pad(mask, (0, 1))


def _linear_parts(
    heads: Heads, query: Tensor, key: Tensor, value: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of all heads together, (N, length, E)."""
    size, weight, bias = heads.embed_dim, heads.in_proj_weight, heads.in_proj_bias
    if query.size(-1) != size:
        raise AssertionError(
            f"was expecting embedding dimension of {size}, but got {query.size(-1)}"
        )
    if size % heads.num_heads:
        raise AssertionError(f"embed_dim {size} not divisible by num_heads {heads.num_heads}")
    if key.shape[: 2 if weight is None else 3] != value.shape[: 2 if weight is None else 3]:
        shown = (t if heads.batch_first else t.transpose(0, 1) for t in (key, value))
        given = [t.shape for t in shown]
        if weight is not None:
            raise AssertionError(f"key shape {given[0]} does not match value shape {given[1]}")
        raise AssertionError(
            f"key's sequence and batch dims {given[0][:2]} do not match value's {given[1][:2]}"
        )
    if weight is not None and query is key is value:
        q, k, v = linear(query, weight, bias).chunk(3, -1)
        return q, k, v
    if weight is None:
        weights = heads.q_proj_weight, heads.k_proj_weight, heads.v_proj_weight
    else:
        weights = weight[:size], weight[size : 2 * size], weight[2 * size :]
    for letter, part in zip("qkv", weights, strict=True):
        if part is None:
            raise AssertionError(
                f"use_separate_proj_weight is True but {letter}_proj_weight is None"
            )
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    q, k, v = (
        linear(x, w, b)
        for x, w, b in zip((query, key, value), weights, biases, strict=True)
        if w is not None
    )
    return q, k, v


def _merged_mask(
    heads: Heads,
    query: Tensor,
    key: Tensor,
    padding: Tensor | None,
    mask: Tensor | None,
    is_causal: bool,
    need_weights: bool,
) -> Tensor | None:
    """Both masks as one that is added to the scores, (N or 1, heads or 1, L or 1, S)."""
    batch, length, places = query.size(0), query.size(1), key.size(1)
    if heads.static_k is not None:
        places = heads.static_k.size(1)
    merged: Tensor | None = None
    if padding is not None:
        merged = added_mask(padding, "key_padding_mask", query.dtype)
        if mask is not None and mask.dtype is not padding.dtype:
            warnings.warn(
                "Support for mismatched key_padding_mask and attn_mask is deprecated. Use same "
                "type for both instead.",
                stacklevel=5,
            )
    if is_causal and mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer "
            "module method `generate_square_subsequent_mask` to create this mask."
        )
    if mask is not None and not (is_causal and padding is None and not need_weights):
        mask = added_mask(mask, "attn_mask", query.dtype)
    elif mask is not None:
        mask = None  # the hint says it all
    if mask is None:
        _check_sizes(query, places, padding)
        return None if merged is None else merged.reshape((batch, 1, 1, places))
    expected = (length, places) if mask.dim() == 2 else (batch * heads.num_heads, length, places)
    if mask.dim() not in (2, 3):
        raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")
    if tuple(mask.shape) != expected:
        raise RuntimeError(
            f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {expected}."
        )
    _check_sizes(query, places, padding)
    leading = (1, 1) if mask.dim() == 2 else (batch, heads.num_heads)
    mask = mask.reshape((*leading, length, places))
    return mask if merged is None else mask + merged.reshape((batch, 1, 1, places))


def _check_sizes(query: Tensor, places: int, padding: Tensor | None) -> None:
    if padding is None:
        return
    for dim, n in enumerate((query.size(0), places)):
        if padding.size(dim) != n:
            raise AssertionError(
                f"Expected key_padded_mask.shape[{dim}] to be {n}, but got {padding.size(dim)}"
            )


def _is_batched(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None
) -> bool:
    """Whether there is a dimension for the batch; all inputs must agree."""
    rank = query.dim()
    if rank not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {rank}-D query tensor"
        )
    kind = "batched" if rank == 3 else "unbatched"
    if key.dim() != rank or value.dim() != rank:
        raise AssertionError(
            f"For {kind} ({rank}-D) `query`, expected `key` and `value` to be {rank}-D but found "
            f"{key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if padding is not None and padding.dim() != rank - 1:
        raise AssertionError(
            f"For {kind} ({rank}-D) `query`, expected `key_padding_mask` to be `None` or "
            f"{rank - 1}-D but found {padding.dim()}-D tensor instead"
        )
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(
            f"For {kind} ({rank}-D) `query`, expected `attn_mask` to be `None`, 2-D or 3-D but "
            f"found {mask.dim()}-D tensor instead"
        )
    return rank == 3
