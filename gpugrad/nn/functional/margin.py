"""Losses with a margin: what is right must be better than what is wrong by so much."""

from __future__ import annotations

from ...autograd.composed import show_as
from ...backend.recording import unnoted
from ...casting.calls import THREADS, casting
from ...tensor import Tensor
from .promotion import require_floating
from .reduction import reduce_loss, resolve
from .similarity import pairwise_distance


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x where y is 1, max(0, margin - x) where y is -1.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([0.5, 0.25]), gpugrad.tensor([1, -1])
    >>> gpugrad.nn.functional.hinge_embedding_loss(x, y)
    tensor(0.6250)
    """
    if THREADS and (run := casting("hinge_embedding_loss")):
        return run(hinge_embedding_loss, input, target, margin, size_average, reduce, reduction)
    reduction = resolve(size_average, reduce, reduction)
    zeros = input.new_zeros(input.shape)
    if not input.is_floating_point():
        margin = int(margin)  # as in PyTorch, whose margin takes the type of the input
    near = (margin - input).clamp(min=0).where(target != 1, zeros)
    far = input.where(target != -1, zeros)
    return reduce_loss(near + far, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -y · (x₁ - x₂) + margin): with y = 1, x₁ should rank above x₂.

    Raises:
        RuntimeError: inputs of different numbers of dimensions.

    >>> import gpugrad
    >>> x1, x2, y = gpugrad.tensor([1.0]), gpugrad.tensor([3.0]), gpugrad.tensor([1])
    >>> gpugrad.nn.functional.margin_ranking_loss(x1, x2, y)
    tensor(2.)
    """
    if THREADS and (run := casting("margin_ranking_loss")):
        return run(
            margin_ranking_loss, input1, input2, target, margin, size_average, reduce, reduction
        )
    reduction = resolve(size_average, reduce, reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return reduce_loss((-target * (input1 - input2) + float(margin)).clamp_min(0), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, ‖a - p‖ - ‖a - n‖ + margin), the norms being p-norms along the last dimension.

    Args:
        swap: use ‖p - n‖ where that is less than ‖a - n‖.

    Raises:
        RuntimeError: inputs of different numbers of dimensions.
        ValueError: ``margin`` is not positive.

    >>> import gpugrad
    >>> a, p, n = gpugrad.zeros(1, 2), gpugrad.ones(1, 2), gpugrad.ones(1, 2)
    >>> gpugrad.nn.functional.triplet_margin_loss(a, p, n)
    tensor(1.)
    """
    if THREADS and (run := casting("triplet_margin_loss")):
        return run(
            triplet_margin_loss,
            anchor,
            positive,
            negative,
            margin,
            p,
            eps,
            swap,
            size_average,
            reduce,
            reduction,
        )
    reduction = resolve(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    ranks = anchor.dim(), positive.dim(), negative.dim()
    if len(set(ranks)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {ranks[0]}D, positive {ranks[1]}D, and negative "
            f"{ranks[2]}D inputs"
        )
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return reduce_loss((near - far + margin).clamp_min(0), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(x₁, x₂) where y is 1, max(0, cos(x₁, x₂) - margin) where y is -1.

    Shape:
        inputs (N, D) and target (N), or inputs (D) and target ().

    Raises:
        RuntimeError: other shapes.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[1.0, 0.0]]), gpugrad.tensor([[3.0, 4.0]])
    >>> gpugrad.nn.functional.cosine_embedding_loss(x, y, gpugrad.tensor([1]))
    tensor(0.4000)
    """
    if THREADS and (run := casting("cosine_embedding_loss")):
        return run(
            cosine_embedding_loss, input1, input2, target, margin, size_average, reduce, reduction
        )
    reduction = resolve(size_average, reduce, reduction)
    if target.dim() > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    wanted = target.dim() + 1
    if input1.dim() != wanted or input2.dim() != wanted:
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {wanted}D input tensors, but found inputs with "
            f"sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    # PyTorch keeps the square roots off zero by this much.
    product = (input1 * input2).sum(-1)
    squares = ((input1 * input1).sum(-1) + 1e-12) * ((input2 * input2).sum(-1) + 1e-12)
    cosine = product / squares.sqrt()
    zeros = (cosine * 0).detach()
    loss = (1 - cosine).where(target == 1, zeros)
    loss = loss + (cosine - margin).clamp(min=0).where(target == -1, zeros)
    return reduce_loss(loss, reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ_{i ≠ y} max(0, margin - x[y] + x[i])^p / C, times ``weight[y]``.

    Shape:
        input (N, C) or (C), target (N) or () of class indices.

    Raises:
        ValueError: ``p`` is neither 1 nor 2.
        RuntimeError: shapes that do not fit, or a target out of range.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[0.1, 0.2, 0.4, 0.8]]), gpugrad.tensor([3])
    >>> gpugrad.nn.functional.multi_margin_loss(x, y)
    tensor(0.3250)
    """
    if THREADS and (run := casting("multi_margin_loss")):
        return run(
            multi_margin_loss, input, target, p, margin, weight, size_average, reduce, reduction
        )
    require_floating(input, "multi_margin_loss_cpu_kernel", halves=False)
    reduction = resolve(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    rows = input if input.dim() > 1 else input.reshape(1, -1)
    labels = target.reshape(-1)
    count, classes = rows.shape
    if labels.numel() != count or target.dim() > 1:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{count}], but got {list(target.shape)}. "
            f"Input has shape {list(input.shape)}."
        )
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"inconsistent weight size, expected {classes} but got {list(weight.shape)}"
        )
    with unnoted():
        if input.device.type == "cpu" and ((labels < 0) | (labels >= classes)).any():
            raise RuntimeError("target out of range")
    require_floating(input, "multi_margin_loss")
    column = labels.reshape(-1, 1)
    terms = (margin - rows.gather(1, column) + rows).clamp(min=0)
    if p == 2:
        terms = terms.square()
    if weight is not None:
        terms = terms * weight.index_select(0, labels).reshape(-1, 1)
    # The right class adds no term.
    loss = terms.scatter(1, column, 0.0).sum(1) / classes
    loss = reduce_loss(loss if target.dim() else loss.squeeze(0), reduction)
    return show_as(loss, "MultiMarginLossBackward0")


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-y · x)) for targets y of 1 and -1.

    >>> import gpugrad
    >>> gpugrad.nn.functional.soft_margin_loss(gpugrad.zeros(2), gpugrad.ones(2))
    tensor(0.6931)
    """
    if THREADS and (run := casting("soft_margin_loss")):
        return run(soft_margin_loss, input, target, size_average, reduce, reduction)
    reduction = resolve(size_average, reduce, reduction)
    if not input.is_floating_point():
        word = input.dtype.word
        raise RuntimeError(f"result type Float can't be cast to the desired output type {word}")
    loss = reduce_loss((-target * input).exp().log1p(), reduction)
    return show_as(loss, "SoftMarginLossBackward0")
