"""``MultiheadAttention``."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..creation import empty
from ..ops.joining import cat
from ..tensor import Tensor
from . import functional as F
from . import init
from .functional.attention import added_mask
from .linear import Linear
from .module import Module
from .parameter import Parameter


class NonDynamicallyQuantizableLinear(Linear):
    """A ``Linear``, under the name that PyTorch gives to the last layer of attention."""


class MultiheadAttention(Module):
    """Attention by several heads: each projects queries, keys and values to its own part of the
    dimensions and attends there; the parts are joined and projected once more.

    Vaswani et al., "Attention Is All You Need", 2017.

    Args:
        embed_dim: the size of queries and results, divided among ``num_heads`` heads.
        dropout: the probability with which a weight is dropped in training.
        bias: whether the projections have biases.
        add_bias_kv: add a learned key and value to those given.
        add_zero_attn: add a key and a value of zeros.
        kdim, vdim: the sizes of keys and values, ``embed_dim`` by default.
        batch_first: whether tensors are (N, L, E) instead of (L, N, E).

    Raises:
        AssertionError: the heads do not divide ``embed_dim``, or inputs do not fit.

    >>> import gpugrad
    >>> attention = gpugrad.nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = gpugrad.zeros(3, 5, 8)
    >>> result, weights = attention(x, x, x)
    >>> result.shape, weights.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 5, 5]))
    """

    in_proj_weight: Tensor | None
    in_proj_bias: Tensor | None
    bias_k: Tensor | None
    bias_v: Tensor | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.add_zero_attn = add_zero_attn
        self.head_dim = embed_dim // num_heads
        if embed_dim % num_heads:
            raise AssertionError("embed_dim must be divisible by num_heads")
        packed = self.kdim == self.vdim == embed_dim
        shapes: dict[str, tuple[int, ...] | None] = {
            "q_proj_weight": None if packed else (embed_dim, embed_dim),
            "k_proj_weight": None if packed else (embed_dim, self.kdim),
            "v_proj_weight": None if packed else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if packed else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
            "bias_k": (1, 1, embed_dim) if add_bias_kv else None,
            "bias_v": (1, 1, embed_dim) if add_bias_kv else None,
        }
        for name, shape in shapes.items():
            parameter = None if shape is None else Parameter(empty(shape, dtype=dtype))
            self.register_parameter(name, parameter)
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, dtype=dtype
        )
        self._reset_parameters()
        if device is not None:
            # Drawn from the CPU's stream, so that a seed gives one model on every device.
            self.to(device)

    def _reset_parameters(self) -> None:
        names = ("q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_weight")
        for name in names:
            if getattr(self, name) is not None:
                init.xavier_uniform_(getattr(self, name))
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        if self.bias_k is not None and self.bias_v is not None:
            init.xavier_normal_(self.bias_k)
            init.xavier_normal_(self.bias_v)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The result, and the weights if they are wanted.

        Args:
            query, key, value: (L, N, E), (S, N, kdim) and (S, N, vdim), or without N; see
                ``batch_first``.
            key_padding_mask: (N, S); True, or a number that is added, hides a key from all.
            need_weights: whether to return the weights.
            attn_mask: (L, S) or (N · num_heads, L, S); True hides a key from a query, and numbers
                are added to the scores.
            average_attn_weights: return the mean of the heads' weights instead of each.
            is_causal: a promise that ``attn_mask`` hides just the keys after the query.

        Returns:
            The result, of the query's shape, and (N, L, S) or (N, num_heads, L, S) or None.
        """
        batched = _is_batched(query, key, value, key_padding_mask, attn_mask, self.num_heads)
        if not batched:
            query, key, value = (t.unsqueeze(0) for t in (query, key, value))
            if key_padding_mask is not None:
                key_padding_mask = key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            same = key is query, value is key
            query = query.transpose(0, 1)
            key = query if same[0] else key.transpose(0, 1)
            value = key if same[1] else value.transpose(0, 1)
        mask = self._merged_mask(query, key, key_padding_mask, attn_mask, is_causal, need_weights)
        q, k, v, mask = self._projected(query, key, value, mask)
        drop = self.dropout if self.training else 0.0
        weights: Tensor | None = None
        if need_weights:
            scores = (q * (1 / math.sqrt(self.head_dim))) @ k.transpose(-2, -1)
            weights = F.softmax(scores if mask is None else scores + mask, -1)
            if drop:
                weights = F.dropout(weights, drop)
            parts = weights @ v
            if average_attn_weights:
                weights = weights.mean(1)
        else:
            hint = is_causal and mask is None
            parts = F.scaled_dot_product_attention(q, k, v, mask, drop, is_causal=hint)
        # (N, heads, L, E / heads) -> (L, N, E), the layout in which PyTorch leaves the result: what
        # a dropout draws for it depends on that.
        joined = parts.permute(2, 0, 1, 3)
        result = self.out_proj(joined.reshape((*joined.shape[:2], self.embed_dim)))
        if self.batch_first or not batched:
            result = result.transpose(0, 1)
        if not batched:
            return result.squeeze(0), None if weights is None else weights.squeeze(0)
        return result, weights

    def _projected(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Queries, keys and values of each head, (N, heads, length, E / heads), and the mask."""
        if query.size(-1) != self.embed_dim:
            raise AssertionError(
                f"was expecting embedding dimension of {self.embed_dim}, but got {query.size(-1)}"
            )
        size, weight, bias = self.embed_dim, self.in_proj_weight, self.in_proj_bias
        if key.shape[: 2 if weight is None else 3] != value.shape[: 2 if weight is None else 3]:
            shown = (t if self.batch_first else t.transpose(0, 1) for t in (key, value))
            given = [t.shape for t in shown]
            if weight is not None:
                raise AssertionError(f"key shape {given[0]} does not match value shape {given[1]}")
            raise AssertionError(
                f"key's sequence and batch dims {given[0][:2]} do not match value's {given[1][:2]}"
            )
        if weight is not None and query is key is value:
            q, k, v = F.linear(query, weight, bias).chunk(3, -1)
        else:
            weights = (
                (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
                if weight is None
                else (weight[:size], weight[size : 2 * size], weight[2 * size :])
            )
            biases = (None,) * 3 if bias is None else bias.chunk(3)
            q, k, v = (
                F.linear(x, w, b)
                for x, w, b in zip((query, key, value), weights, biases, strict=True)
            )
        if self.bias_k is not None and self.bias_v is not None:
            k = cat([k, self.bias_k.expand(k.size(0), 1, size)], 1)
            v = cat([v, self.bias_v.expand(v.size(0), 1, size)], 1)
        if self.add_zero_attn:
            nothing = k.new_zeros((k.size(0), 1, size))
            k, v = cat([k, nothing], 1), cat([v, nothing], 1)
        if mask is not None and k.size(1) > mask.size(-1):
            mask = F.pad(mask, (0, k.size(1) - mask.size(-1)))
        q, k, v = (
            t.reshape((t.size(0), t.size(1), self.num_heads, self.head_dim)).transpose(1, 2)
            for t in (q, k, v)
        )
        return q, k, v, mask

    def _merged_mask(
        self,
        query: Tensor,
        key: Tensor,
        padding: Tensor | None,
        mask: Tensor | None,
        is_causal: bool,
        need_weights: bool,
    ) -> Tensor | None:
        """Both masks as one that is added to the scores, (N or 1, heads or 1, L or 1, S)."""
        batch, length, places = query.size(0), query.size(1), key.size(1)
        merged: Tensor | None = None
        if padding is not None:
            merged = added_mask(padding, "key_padding_mask", query.dtype)
            if mask is not None and mask.dtype is not padding.dtype:
                warnings.warn(
                    "Support for mismatched key_padding_mask and attn_mask is deprecated. Use same "
                    "type for both instead.",
                    stacklevel=4,
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
            self._check_sizes(query, key, padding)
            return None if merged is None else merged.reshape((batch, 1, 1, places))
        expected = (length, places) if mask.dim() == 2 else (batch * self.num_heads, length, places)
        if mask.dim() not in (2, 3):
            raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")
        if tuple(mask.shape) != expected:
            raise RuntimeError(
                f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be "
                f"{expected}."
            )
        self._check_sizes(query, key, padding)
        heads = (1, 1) if mask.dim() == 2 else (batch, self.num_heads)
        mask = mask.reshape((*heads, length, places))
        return mask if merged is None else mask + merged.reshape((batch, 1, 1, places))

    def _check_sizes(self, query: Tensor, key: Tensor, padding: Tensor | None) -> None:
        if padding is None:
            return
        for dim, n in enumerate((query.size(0), key.size(1))):
            if padding.size(dim) != n:
                raise AssertionError(
                    f"Expected key_padded_mask.shape[{dim}] to be {n}, but got {padding.size(dim)}"
                )


def _is_batched(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    padding: Tensor | None,
    mask: Tensor | None,
    heads: int,
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
