"""``MultiheadAttention``, and the choice of an implementation of attention."""

from __future__ import annotations

from typing import Any

from ..creation import empty
from ..tensor import Tensor
from . import init
from .functional.multi_head_attention import Heads, attend
from .linear import Linear
from .module import Module
from .parameter import Parameter
from .sdpa_backend import SDPBackend as SDPBackend
from .sdpa_backend import sdpa_kernel as sdpa_kernel


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
        heads = Heads(
            embed_dim=self.embed_dim,
            num_heads=self.num_heads,
            in_proj_weight=self.in_proj_weight,
            in_proj_bias=self.in_proj_bias,
            out_proj_weight=self.out_proj.weight,
            out_proj_bias=self.out_proj.bias,
            bias_k=self.bias_k,
            bias_v=self.bias_v,
            add_zero_attn=self.add_zero_attn,
            dropout=self.dropout if self.training else 0.0,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            batch_first=self.batch_first,
        )
        masks = key_padding_mask, attn_mask
        return attend(
            heads, query, key, value, *masks, need_weights, average_attn_weights, is_causal
        )
