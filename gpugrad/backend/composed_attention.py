"""Attention in composed form: softmax of scores, times the values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

Array = Any


class ComposedAttention:
    """The part of :class:`~gpugrad.backend.composed.ComposedForms` for attention."""

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def attention(
        self,
        query: Array,
        key: Array,
        value: Array,
        causal: bool,
        scale: float,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        """``softmax(scale * query keyᵀ) value`` in every matrix of a stack, and that softmax.

        Shapes (..., L, E), (..., S, E) and (..., S, V), of which the leading dimensions are the
        same. If ``causal``, row i of the scores counts up to column i only.
        """
        scores = self.matmul(self.mul(query, scale), self._turned(key))
        if causal:
            # The places of rows and columns are counted, which needs no device to be named.
            ones = self.cast(self.ones_like(scores), "int64")
            seen = self.ge(self.cumsum(ones, scores.ndim - 2), self.cumsum(ones, scores.ndim - 1))
            scores = self.where(seen, scores, -math.inf)
        weights = self.softmax(scores, scores.ndim - 1)
        result = self.matmul(weights, value)
        if out is None:
            return result, weights
        return self.into(result, out[0]), self.into(weights, out[1])

    def attention_grad(
        self,
        weights: Array,
        query: Array,
        key: Array,
        value: Array,
        result: Array,
        grad: Array,
        scale: float,
        wanted: tuple[bool, bool, bool],
        out: tuple[Array | None, ...] | None = None,
    ) -> tuple[Array | None, ...]:
        """The gradients of :meth:`attention` in query, key and value; None for those not wanted.

        With ``g = grad valueᵀ`` the scores' gradient is ``weights (g - sum(grad * result))``, where
        the sum is each row's: it equals that of ``g * weights``. Dao et al., "FlashAttention",
        2022, appendix B.
        """
        found: list[Array | None] = [None, None, None]
        if wanted[0] or wanted[1]:
            along = self.sum(self.mul(grad, result), grad.ndim - 1, True)
            spread = self.sub(self.matmul(grad, self._turned(value)), along)
            spread = self.mul(self.mul(weights, spread), scale)
            if wanted[0]:
                found[0] = self.matmul(spread, key)
            if wanted[1]:
                found[1] = self.matmul(self._turned(spread), query)
        if wanted[2]:
            found[2] = self.matmul(self._turned(weights), grad)
        into = out or (None, None, None)
        return tuple(a if a is None else self.into(a, b) for a, b in zip(found, into, strict=True))

    def _turned(self, x: Array) -> Array:
        """The last two dimensions exchanged."""
        return self.permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))
