"""Random numbers of gamma and Dirichlet distributions as functions of their parameters.

How they move with these is in :mod:`gpugrad.backend.implicit_slopes`.
"""

from __future__ import annotations

from typing import Any

from ..autograd.engine import OUTPUT, Node


class StandardGamma(Node):
    """Numbers that were drawn from gamma distributions of the shapes ``alpha`` and the rate 1."""

    __slots__ = ("alpha", "drawn")
    saves = {"alpha": 0, "drawn": OUTPUT}

    def forward(self, xp: Any, alpha: Any, drawn: Any) -> Any:
        self.alpha, self.drawn = alpha, drawn
        return drawn

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.mul(grad, xp.gamma_slope(self.alpha, self.drawn)),)


class Dirichlet(StandardGamma):
    """Points on the simplex that were drawn from Dirichlet distributions.

    One coordinate moves with its parameter as a beta number does, and the others shrink in
    proportion.
    """

    __slots__ = ()

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        x = self.drawn
        last = x.ndim - 1
        total = xp.sum(self.alpha, axis=last, keepdims=True)
        slope = xp.dirichlet_slope(x, self.alpha, total)
        mean = xp.sum(xp.mul(x, grad), axis=last, keepdims=True)
        return (xp.mul(slope, xp.sub(grad, mean)),)


class StandardGammaGrad(Node):
    """The slope of gamma numbers as a function of tensors; PyTorch knows no derivative of it."""

    __slots__ = ()

    def forward(self, xp: Any, alpha: Any, x: Any) -> Any:
        return xp.gamma_slope(alpha, x)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        raise NotImplementedError("the derivative for '_standard_gamma_grad' is not implemented.")


class DirichletGrad(Node):
    """The slope of Dirichlet numbers as a function of tensors, as above."""

    __slots__ = ()

    def forward(self, xp: Any, x: Any, alpha: Any, total: Any) -> Any:
        return xp.dirichlet_slope(x, alpha, total)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any, Any]:
        raise NotImplementedError("the derivative for '_dirichlet_grad' is not implemented.")
