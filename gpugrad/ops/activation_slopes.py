"""Gradients of activation functions as ops of their own, for passes that are recorded.

Composed of products and sums, one would put three nodes into the graph of the second derivatives.
"""

from __future__ import annotations

from typing import Any

from .binary import ALWAYS, FOR_X, Binary


class TanhSlope(Binary):
    """``grad * (1 - y * y)`` for ``y = tanh(x)``; its operands are ``y`` and ``grad``."""

    torch_name = "TanhBackwardBackward0"
    primitive = "tanh_grad"
    keeps_x, keeps_y = ALWAYS, FOR_X

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(xp.mul(grad, self.y), xp.mul(self.x, -2.0))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.tanh_grad(self.x, grad)


class SigmoidSlope(Binary):
    """``grad * y * (1 - y)`` for ``y = sigmoid(x)``; its operands are ``y`` and ``grad``."""

    torch_name = "SigmoidBackwardBackward0"
    primitive = "sigmoid_grad"
    keeps_x, keeps_y = ALWAYS, FOR_X

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(xp.mul(grad, self.y), xp.add(xp.mul(self.x, -2.0), 1.0))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.sigmoid_grad(self.x, grad)
