"""How alike vectors are: ``cosine_similarity``, ``pairwise_distance`` and ``pdist``."""

from __future__ import annotations

import itertools

from ...autograd.composed import shown_as
from ...casting.calls import THREADS, casting
from ...creation import tensor
from ...dtypes import int64, promote_types
from ...ops.broadcasting import broadcast_shapes
from ...ops.operands import misfit
from ...tensor import Tensor
from .promotion import require_floating
from .vector_norm import vector_norm


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x₁ · x₂ / (max(‖x₁‖, eps) · max(‖x₂‖, eps)) along ``dim``; the inputs broadcast.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[1.0, 0.0]]), gpugrad.tensor([[3.0, 4.0]])
    >>> gpugrad.nn.functional.cosine_similarity(x, y)
    tensor([0.6000])
    """
    if THREADS and (run := casting("cosine_similarity")):
        return run(cosine_similarity, x1, x2, dim, eps)
    common = promote_types(x1.dtype, x2.dtype)
    if not common.is_floating_point:
        word = common.word
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {word}"
        )
    error = misfit(tuple(x1.shape), tuple(x2.shape))
    if error is not None:
        raise error
    shape = broadcast_shapes(x1.shape, x2.shape)
    wide = x1.expand(shape), x2.expand(shape)
    x, y = (t / vector_norm(t, 2.0, dim, True).clamp(min=eps) for t in wide)
    result: Tensor = (x * y).sum(dim)
    return result


@shown_as("NormBackward1")
def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """‖x₁ - x₂ + eps‖_p along the last dimension; the inputs broadcast.

    >>> import gpugrad
    >>> gpugrad.nn.functional.pairwise_distance(gpugrad.zeros(1, 2), gpugrad.ones(1, 2), p=1)
    tensor([2.0000])
    """
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The p-norms of the differences of all pairs of rows: (0, 1), (0, 2), ..., (1, 2), ...

    Shape:
        input (N, M), result (N · (N - 1) / 2).

    Raises:
        RuntimeError: no matrix, or a negative ``p``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.pdist(gpugrad.tensor([[0.0], [1.0], [3.0]]))
    tensor([1., 3., 2.])
    """
    if THREADS and (run := casting("pdist")):
        return run(pdist, input, p)
    if input.dim() != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.dim()}D")
    if not input.is_floating_point():
        raise RuntimeError("pdist only supports floating-point dtypes")
    require_floating(input, "pdist", halves=False)
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    return _pdist(input, p)


@shown_as("Pdist")
def _pdist(input: Tensor, p: float) -> Tensor:
    pairs = list(itertools.combinations(range(input.size(0)), 2))
    first, second = (
        tensor([pair[side] for pair in pairs], dtype=int64, device=input.device) for side in (0, 1)
    )
    return vector_norm(input.index_select(0, first) - input.index_select(0, second), p, 1, False)
