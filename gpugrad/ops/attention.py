"""Attention as one node."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import OUTPUT, SHORTCUT, Node


class ScaledDotProductAttention(Node):
    """``softmax(scale * query keyᵀ) value``, causal or not."""

    __slots__ = ("causal", "key", "query", "result", "scale", "value", "weights")
    saves = {"query": 0, "key": 1, "value": 2, "result": OUTPUT, "weights": SHORTCUT}
    torch_name = "ScaledDotProductFlashAttentionForCpu"

    def forward(self, xp: Any, query: Any, key: Any, value: Any, causal: bool, scale: float) -> Any:
        self.query, self.key, self.value = query, key, value
        self.causal, self.scale = causal, scale
        self.result, self.weights = xp.attention(query, key, value, causal, scale)
        return self.result

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        operands = self.query, self.key, self.value
        weights = self.weights
        if weights is None:
            weights = xp.attention(*operands, self.causal, self.scale)[1]
        wanted = tuple(edge is not None for edge in self.edges)
        found: tuple[Any, ...] = xp.attention_grad(
            weights, *operands, self.result, grad, self.scale, wanted
        )
        return found


class AttentionOfOneHead(ScaledDotProductAttention):
    """The same of a stack of matrices, for which PyTorch has no kernel."""

    __slots__ = ()
    torch_name = "UnsafeView"


# --- functions -----------------------------------------------------------------------------------


def attention(query: Any, key: Any, value: Any, causal: bool, scale: float) -> Any:
    """``softmax(scale * query keyᵀ) value`` in every matrix of a stack.

    Args:
        query, key, value: shapes (..., L, E), (..., S, E) and (..., S, V) with the same leading
            dimensions, at least one, and of one floating-point type.
        causal: whether query i counts the keys up to i only.
        scale: of the scores.

    Returns:
        Shape (..., L, V).

    >>> import gpugrad
    >>> from gpugrad.ops.attention import attention
    >>> x = gpugrad.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    >>> attention(x, x, x, True, 2**-0.5)
    tensor([[[1.0000, 0.0000],
             [0.3302, 0.6698]]])
    """
    kind = ScaledDotProductAttention if query.array.ndim == 4 else AttentionOfOneHead
    return kind.apply(query, key, value, causal, scale)
