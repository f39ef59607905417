"""How alike vectors are: ``CosineSimilarity`` and ``PairwiseDistance``."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class CosineSimilarity(Module):
    """x₁ · x₂ / (max(‖x₁‖, eps) · max(‖x₂‖, eps)) along ``dim``.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[1.0, 0.0]]), gpugrad.tensor([[3.0, 4.0]])
    >>> gpugrad.nn.CosineSimilarity()(x, y)
    tensor([0.6000])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """‖x₁ - x₂ + eps‖_p along the last dimension.

    >>> import gpugrad
    >>> gpugrad.nn.PairwiseDistance()(gpugrad.zeros(1, 2), gpugrad.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
