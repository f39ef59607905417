"""How alike vectors are: ``cosine_similarity`` and ``pairwise_distance``."""

from __future__ import annotations

from ...ops.operands import misfit
from ...ops.shape import broadcast_shapes
from ...tensor import Tensor
from .vector_norm import vector_norm


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x₁ · x₂ / (max(‖x₁‖, eps) · max(‖x₂‖, eps)) along ``dim``; the inputs broadcast.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[1.0, 0.0]]), gpugrad.tensor([[3.0, 4.0]])
    >>> gpugrad.nn.functional.cosine_similarity(x, y)
    tensor([0.6000])
    """
    error = misfit(tuple(x1.shape), tuple(x2.shape))
    if error is not None:
        raise error
    shape = broadcast_shapes(x1.shape, x2.shape)
    wide = x1.expand(shape), x2.expand(shape)
    x, y = (t / vector_norm(t, 2.0, dim, True).clamp(min=eps) for t in wide)
    result: Tensor = (x * y).sum(dim)
    return result


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """‖x₁ - x₂ + eps‖_p along the last dimension; the inputs broadcast.

    >>> import gpugrad
    >>> gpugrad.nn.functional.pairwise_distance(gpugrad.zeros(1, 2), gpugrad.ones(1, 2), p=1)
    tensor([2.0000])
    """
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)
