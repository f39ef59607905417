"""Dropout whose random numbers are a function of their place, so that no mask is stored."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import CONSTANT, Node


class NativeDropout(Node):
    """``x / (1 - p)`` where the next draw of a stream keeps it, else 0.

    The draw is kept in a tuple: hooks that store what backward needs in another form, perhaps
    rounded, must leave it as it is.
    """

    __slots__ = ("draw", "p")
    saves = {"draw": CONSTANT}

    def forward(self, xp: Any, x: Any, state: Any, p: float) -> Any:
        out, draw = xp.draw_dropout(x, state, p)
        self.draw, self.p = (draw,), p
        return out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.dropout(grad, *self.draw, self.p),)


class DropoutAgain(NativeDropout):
    """Another array dropped by a draw that was taken before."""

    __slots__ = ()
    torch_name = "Mul"

    def forward(self, xp: Any, x: Any, draw: Any, p: float) -> Any:
        self.draw, self.p = (draw,), p
        return xp.dropout(x, draw, p)
