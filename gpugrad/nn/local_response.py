"""Normalization by the squares of neighbouring channels."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class _LocalNorm(Module):
    """The arguments of both layers."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class LocalResponseNorm(_LocalNorm):
    """x / (k + alpha · mean of x² over ``size`` neighbouring channels)^beta.

    Shape:
        input (N, C, *).

    >>> import gpugrad
    >>> gpugrad.nn.LocalResponseNorm(1, alpha=3.0, beta=0.5)(gpugrad.ones(1, 1, 1))
    tensor([[[0.5000]]])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__(size, alpha, beta, k)

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)


class CrossMapLRN2d(_LocalNorm):
    """x / (k + alpha / size · sum of x² over the neighbouring channels)^beta, with as many
    neighbours on each side, ``(size - 1) // 2``.

    Shape:
        input (N, C, H, W).

    Raises:
        ValueError: another number of dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.CrossMapLRN2d(1, alpha=3.0, beta=0.5)(gpugrad.ones(1, 1, 1, 1))
    tensor([[[[0.5000]]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        side = (self.size - 1) // 2
        width = 2 * side + 1
        columns = input.square().reshape(input.size(0), 1, input.size(1), -1)
        padded = F.pad(columns, (0, 0, side, side))
        total = F.avg_pool2d(padded, (width, 1), 1).reshape(input.shape) * width
        result: Tensor = input * (total * (self.alpha / self.size) + self.k).pow(-self.beta)
        return result
