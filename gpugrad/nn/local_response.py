"""Normalization by the squares of neighbouring channels."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class LocalResponseNorm(Module):
    """x / (k + alpha · mean of x² over ``size`` neighbouring channels)^beta.

    Shape:
        input (N, C, *).

    >>> import gpugrad
    >>> gpugrad.nn.LocalResponseNorm(1, alpha=3.0, beta=0.5)(gpugrad.ones(1, 1, 1))
    tensor([[[0.5000]]])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
