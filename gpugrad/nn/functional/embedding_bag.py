"""Sums, means and largest entries of the vectors of several indices."""

from __future__ import annotations

from ... import dtypes
from ...autograd.composed import shown_as
from ...creation import arange
from ...tensor import Tensor
from .linear import embedding


@shown_as("EmbeddingBag")
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Look bags of indices up and sum the vectors of each, or take their mean or largest entries.

    Args:
        input: indices: one bag in each row (B, L), or all bags one after the other (L).
        offsets: where each bag begins in a vector of indices; not with a matrix.
        mode: ``"sum"``, ``"mean"`` or ``"max"``; an empty bag gives zeros.
        per_sample_weights: factors of the input's shape, with ``"sum"`` only.
        include_last_offset: the last offset is the end of the last bag.
        padding_idx: this index counts for nothing.

    Shape:
        result (B, embedding_dim).

    Raises:
        ValueError: arguments that exclude each other or do not fit.

    >>> import gpugrad
    >>> table = gpugrad.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> indices, offsets = gpugrad.tensor([0, 1, 2]), gpugrad.tensor([0, 2])
    >>> gpugrad.nn.functional.embedding_bag(indices, table, offsets)
    tensor([[2., 3.],
            [5., 6.]])
    """
    _check(input, offsets, per_sample_weights, mode)
    indices = input.reshape(-1)
    if input.dim() == 2:
        bags, length = input.shape
        offsets = arange(0, bags, device=input.device) * length
    assert offsets is not None  # checked
    if include_last_offset:
        offsets = offsets[:-1]
    bags = offsets.numel()
    vectors = embedding(indices, weight, None, max_norm, norm_type, scale_grad_by_freq, sparse)
    counts = vectors.new_ones((indices.numel(), 1))
    if padding_idx is not None:
        counts = counts.masked_fill((indices == padding_idx % weight.size(0)).unsqueeze(1), 0)
    # Every element lies in the bag whose number is how many later bags have begun by then.
    begun = indices.new_zeros(indices.numel() + 1).index_add(
        0, offsets.long(), indices.new_ones(bags)
    )
    numbers = (begun[:-1].cumsum(0) - 1).long()
    if mode == "max":
        return _largest(vectors, numbers, counts, bags)
    factors = counts
    if per_sample_weights is not None:
        factors = factors * per_sample_weights.reshape(-1, 1)
    total: Tensor = vectors.new_zeros((bags, weight.size(1))).index_add(
        0, numbers, vectors * factors
    )
    if mode == "sum":
        return total
    sizes = counts.new_zeros((bags, 1)).index_add(0, numbers, counts)
    result: Tensor = total / sizes.clamp(min=1)
    return result


def _largest(vectors: Tensor, numbers: Tensor, counts: Tensor, bags: int) -> Tensor:
    places = numbers.unsqueeze(1).expand(vectors.shape)
    lowest = vectors.masked_fill(counts == 0, float("-inf"))
    filled = vectors.new_full((bags, vectors.size(1)), float("-inf")).scatter_reduce(
        0, places, lowest, "amax"
    )
    result: Tensor = filled.masked_fill(filled == float("-inf"), 0)
    return result


def _check(
    input: Tensor, offsets: Tensor | None, per_sample_weights: Tensor | None, mode: str
) -> None:
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(
            "embedding_bag: If per_sample_weights "
            f"({list(per_sample_weights.shape)}) is not None, then it must have the same shape as "
            f"the input ({list(input.shape)})"
        )
    if dtypes.promote_types(input.dtype, dtypes.int64) is not dtypes.int64:
        raise ValueError(f"embedding_bag: indices must be integers, got {input.dtype}")
    if input.dim() == 2 and offsets is not None:
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of "
            f"fixed length sequences. However, found offsets of type {type(offsets)}"
        )
    if input.dim() == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.dim() != 1:
            raise ValueError("offsets has to be a 1D Tensor")
    elif input.dim() != 2:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}"
        )
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )
