"""Layer normalization as one node."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.engine import SHORTCUT, Node


class NativeLayerNorm(Node):
    """``(x - mean) * rstd * weight + bias`` over the last dimensions, of the sizes ``shape``."""

    __slots__ = ("eps", "mean", "rstd", "shape", "weight", "x")
    saves = {"x": 0, "weight": 1, "mean": SHORTCUT, "rstd": SHORTCUT}

    def forward(self, xp: Any, x: Any, weight: Any, *rest: Any) -> Any:
        *bias, shape, eps = rest
        return self._normalize(xp, x, weight, bias[0] if bias else None, shape, eps)

    def _normalize(
        self, xp: Any, x: Any, weight: Any, bias: Any, shape: tuple[int, ...], eps: float
    ) -> Any:
        self.x, self.weight, self.shape, self.eps = x, weight, shape, eps
        flat = (_as_row(xp, weight), _as_row(xp, bias))
        y, self.mean, self.rstd = xp.layer_norm(self._as_rows(xp, x), *flat, eps)
        return y if y.shape == x.shape else xp.reshape(y, x.shape)

    def _as_rows(self, xp: Any, x: Any) -> Any:
        """A matrix with those elements in a row that are normalized together."""
        if len(self.shape) == 1 and x.ndim == 2:
            return x
        lead = x.shape[: x.ndim - len(self.shape)]
        return xp.reshape(x, (math.prod(lead), math.prod(self.shape)))

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        wanted = [edge is not None for edge in self.edges]
        wanted += [False] * (3 - len(wanted))
        rows, mean, rstd = self._as_rows(xp, self.x), self.mean, self.rstd
        if mean is None:
            _, mean, rstd = xp.layer_norm(rows, None, None, self.eps)
        factors = _as_row(xp, self.weight)
        found = xp.layer_norm_grad(
            self._as_rows(xp, grad), rows, factors, mean, rstd, tuple(wanted)
        )
        shapes = (self.x.shape, self.shape, self.shape)
        return tuple(
            a if a is None or a.shape == shape else xp.reshape(a, shape)
            for a, shape, _ in zip(found, shapes, self.edges, strict=False)
        )


class LayerNormWithoutWeight(NativeLayerNorm):
    """``(x - mean) * rstd``"""

    __slots__ = ()
    saves = {"x": 0, "mean": SHORTCUT, "rstd": SHORTCUT}
    torch_name = "NativeLayerNorm"

    def forward(self, xp: Any, x: Any, *rest: Any) -> Any:
        return self._normalize(xp, x, None, None, *rest)


def _as_row(xp: Any, x: Any) -> Any:
    return x if x is None or x.ndim == 1 else xp.reshape(x, (-1,))
