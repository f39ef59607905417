"""The layers of transformers: ``TransformerEncoderLayer`` and ``TransformerDecoderLayer``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

from ..tensor import Tensor
from . import functional as F
from .attention import MultiheadAttention
from .dropout import Dropout
from .functional.attention import added_mask
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

Activation: TypeAlias = Callable[[Tensor], Tensor]


def _activation(given: str | Activation) -> Activation:
    if not isinstance(given, str):
        return given
    known: dict[str, Any] = {"relu": F.relu, "gelu": F.gelu}
    if given not in known:
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    found: Activation = known[given]
    return found


class _Layer(Module):
    """What the layers of encoders and decoders share: the feed-forward part."""

    def _feed_forward(
        self,
        d_model: int,
        dim_feedforward: int,
        dropout: float,
        layer_norm_eps: float,
        bias: bool,
        norm_first: bool,
        device: Any,
        dtype: Any,
        norms: int,
    ) -> None:
        like: dict[str, Any] = {"device": device, "dtype": dtype}
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **like)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **like)
        self.norm_first = norm_first
        for n in range(1, norms + 1):
            setattr(self, f"norm{n}", LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **like))
        for n in range(1, norms + 1):
            setattr(self, f"dropout{n}", Dropout(dropout))

    def _fed_forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.linear2(self.dropout(self.activation(self.linear1(x))))
        return result

    def _residual(self, x: Tensor, norm: Module, part: Activation) -> Tensor:
        """``x`` and what a part makes of it, normalized before the part or after the sum."""
        if self.norm_first:
            x = x + part(norm(x))
            return x
        result: Tensor = norm(x + part(x))
        return result


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself and then a feed-forward network, both as residuals.

    Vaswani et al., "Attention Is All You Need", 2017.

    Args:
        d_model: the size of inputs and outputs.
        nhead: the number of heads.
        dim_feedforward: the size inside the feed-forward network.
        activation: ``"relu"``, ``"gelu"`` or a function.
        batch_first: whether tensors are (N, L, E) instead of (L, N, E).
        norm_first: normalize before attention and network instead of after them.

    >>> import gpugrad
    >>> layer = gpugrad.nn.TransformerEncoderLayer(8, 2, 16)
    >>> layer(gpugrad.zeros(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        like: dict[str, Any] = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **like
        )
        self._feed_forward(
            d_model,
            dim_feedforward,
            dropout,
            layer_norm_eps,
            bias,
            norm_first,
            device,
            dtype,
            2,
        )
        self.activation = _activation(activation)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The sequence after this layer; the masks are those of ``MultiheadAttention``."""
        mask, padding = added_masks(src, src_mask, "src_mask", src_key_padding_mask)

        def attended(x: Tensor) -> Tensor:
            found = self.self_attn(
                x,
                x,
                x,
                attn_mask=mask,
                key_padding_mask=padding,
                need_weights=False,
                is_causal=is_causal,
            )
            result: Tensor = self.dropout1(found[0])
            return result

        x = self._residual(src, self.norm1, attended)
        return self._residual(x, self.norm2, lambda x: self.dropout2(self._fed_forward(x)))


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, then to an encoder's output, then a feed-forward network.

    Arguments as for ``TransformerEncoderLayer``.

    >>> import gpugrad
    >>> layer = gpugrad.nn.TransformerDecoderLayer(8, 2, 16)
    >>> layer(gpugrad.zeros(5, 3, 8), gpugrad.zeros(7, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        like: dict[str, Any] = {"device": device, "dtype": dtype}
        for name in ("self_attn", "multihead_attn"):
            attention = MultiheadAttention(
                d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **like
            )
            setattr(self, name, attention)
        self._feed_forward(
            d_model,
            dim_feedforward,
            dropout,
            layer_norm_eps,
            bias,
            norm_first,
            device,
            dtype,
            3,
        )
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The sequence ``tgt`` after this layer, which also attends to ``memory``."""

        def attended(
            attention: Module, x: Tensor, to: Tensor, mask: Any, padding: Any, causal: bool
        ) -> Tensor:
            result: Tensor = attention(
                x,
                to,
                to,
                attn_mask=mask,
                key_padding_mask=padding,
                is_causal=causal,
                need_weights=False,
            )[0]
            return result

        def to_itself(x: Tensor) -> Tensor:
            masks = tgt_mask, tgt_key_padding_mask, tgt_is_causal
            result: Tensor = self.dropout1(attended(self.self_attn, x, x, *masks))
            return result

        def to_memory(x: Tensor) -> Tensor:
            masks = memory_mask, memory_key_padding_mask, memory_is_causal
            result: Tensor = self.dropout2(attended(self.multihead_attn, x, memory, *masks))
            return result

        x = self._residual(tgt, self.norm1, to_itself)
        x = self._residual(x, self.norm2, to_memory)
        return self._residual(x, self.norm3, lambda x: self.dropout3(self._fed_forward(x)))


def added_masks(
    x: Tensor, mask: Tensor | None, name: str, padding: Tensor | None
) -> tuple[Tensor | None, Tensor | None]:
    """Both masks as numbers that are added to the scores."""
    if mask is not None and padding is not None and mask.dtype is not padding.dtype:
        warnings.warn(
            f"Support for mismatched src_key_padding_mask and {name} is deprecated. Use same type "
            "for both instead.",
            stacklevel=4,
        )
    if padding is not None:
        padding = added_mask(padding, "src_key_padding_mask", x.dtype)
    if mask is not None:
        mask = added_mask(mask, name, x.dtype)
    return mask, padding
