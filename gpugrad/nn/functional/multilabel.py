"""Losses of several classes at once, and of triplets under a distance of one's own."""

from __future__ import annotations

from collections.abc import Callable

from ... import dtypes
from ...autograd.composed import shown_as
from ...backend.recording import unnoted
from ...casting.calls import THREADS, casting
from ...tensor import Tensor
from .activation import logsigmoid
from .promotion import refuse_bools, require_floating
from .reduction import from_legacy, reduce_loss, resolve
from .similarity import pairwise_distance


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ_j Σ_i max(0, 1 - (x[y_j] - x[i])) / C, i over the classes that are no target.

    Shape:
        input (N, C) or (C); target, int64, of the same shape: the right classes, then -1.

    Raises:
        RuntimeError: shapes that differ, or a target out of range.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([0.1, 0.2, 0.4, 0.8]), gpugrad.tensor([3, 0, -1, 1])
    >>> gpugrad.nn.functional.multilabel_margin_loss(x, y)
    tensor(0.8500)
    """
    if THREADS and (run := casting("multilabel_margin_loss")):
        return run(multilabel_margin_loss, input, target, size_average, reduce, reduction)
    require_floating(input, "multilabel_margin_loss_forward_out_frame", halves=False)
    return _multilabel_margin(input, target, resolve(size_average, reduce, reduction))


@shown_as("MultilabelMarginLoss")
def _multilabel_margin(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    if input.shape != target.shape:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    require_floating(input, "multilabel_margin_loss_forward_out_frame")
    if target.dtype is not dtypes.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.word}")
    classes = input.size(-1) if input.dim() else 1
    with unnoted():
        if input.device.type == "cpu" and ((target < -1) | (target >= classes)).any():
            raise RuntimeError("argument #2 'target' is out of range")
    rows, labels = input.reshape(-1, classes), target.reshape(-1, classes)
    # What stands behind the first -1 does not count.
    counts = ((labels < 0).long().cumsum(1) == 0).to(rows.dtype)
    labels = labels.clamp(min=0)
    is_target = counts.new_zeros(counts.shape).scatter_add(1, labels, counts) > 0
    right = rows.gather(1, labels)
    gaps = (1 - right.unsqueeze(2) + rows.unsqueeze(1)).clamp(min=0)
    terms = (gaps * counts.unsqueeze(2)).masked_fill(is_target.unsqueeze(1), 0)
    loss = terms.sum((1, 2)) / classes
    return reduce_loss(loss if input.dim() > 1 else loss.squeeze(0), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes of -y · log(s(x)) - (1 - y) · log(s(-x)), s being the sigmoid.

    Args:
        weight: a factor for each class.

    Shape:
        input and target (*, C); the losses before reduction (*).

    >>> import gpugrad
    >>> gpugrad.nn.functional.multilabel_soft_margin_loss(gpugrad.zeros(1, 2), gpugrad.ones(1, 2))
    tensor(0.6931)
    """
    refuse_bools(input, "log_sigmoid_cpu")
    if size_average is not None or reduce is not None:
        reduction = from_legacy(size_average, reduce)
    elif reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduce_loss(loss.sum(-1) / input.size(-1), reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) - d(a, n) + margin).

    Args:
        distance_function: d; :func:`pairwise_distance` by default.
        swap: use d(p, n) where it is less than d(a, n).

    Raises:
        ValueError: ``margin`` is not positive.
        RuntimeError: the inputs differ in their number of dimensions.

    >>> import gpugrad
    >>> a, p, n = gpugrad.zeros(1, 2), gpugrad.ones(1, 2), gpugrad.ones(1, 2)
    >>> gpugrad.nn.functional.triplet_margin_with_distance_loss(a, p, n)
    tensor(1.0000)
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    ranks = anchor.dim(), positive.dim(), negative.dim()
    if len(set(ranks)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {ranks[0]}D, positive {ranks[1]}D, and negative "
            f"{ranks[2]}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduce_loss((margin + near - far).clamp(min=0), reduction)
