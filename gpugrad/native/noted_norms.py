"""Norms of channels in notes: large ones are left to the functions that are in C already.

These go over a channel while it is in the cache, and share the channels among threads.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend.primitives import Primitives
from .values import UnsupportedError, Value

WHOLE = 8192
"""From so many elements on, a norm is a call."""


class NotedNorms(Primitives):
    """Every method's composed form in ``ComposedNorms`` says what it computes."""

    def batch_norm(self, x: Value, *args: Any, **kwargs: Any) -> Any:
        _leave_large(x)
        return super().batch_norm(x, *args, **kwargs)

    def batch_norm_grad(self, grad: Value, *args: Any, **kwargs: Any) -> Any:
        _leave_large(grad)
        return super().batch_norm_grad(grad, *args, **kwargs)

    def group_norm(self, x: Value, *args: Any, **kwargs: Any) -> Any:
        _leave_large(x)
        return super().group_norm(x, *args, **kwargs)

    def group_norm_grad(self, grad: Value, *args: Any, **kwargs: Any) -> Any:
        _leave_large(grad)
        return super().group_norm_grad(grad, *args, **kwargs)


def _leave_large(x: Value) -> None:
    if math.prod(x.shape) >= WHOLE:
        raise UnsupportedError("a large norm")
