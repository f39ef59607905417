"""Losses of classifiers: negative log likelihood, cross entropy, and the binary ones."""

from __future__ import annotations

import warnings

from ... import dtypes
from ...autograd.composed import show_as, shown_as
from ...backend.recording import unnoted
from ...casting.calls import THREADS, casting
from ...ops.loss import (
    CrossEntropy,
    NllLoss,
)
from ...ops.special_binary import xlogy
from ...settings import refuse_if_strict
from ...tensor import Tensor
from .promotion import require_floating
from .reduction import reduce_loss, resolve


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight[y] · x[y]: the negative log likelihood of class y, x holding log-probabilities.

    The mean is divided by the sum of the weights of the targets.

    Args:
        weight: a weight for each class, of shape (C,).
        ignore_index: targets of this value count for nothing.

    Shape:
        input (N, C) or (C) or (N, C, d1, …), target (N) or () or (N, d1, …) of class indices.

    Raises:
        IndexError: a target is no class.
        ValueError: batch sizes differ.
        RuntimeError: other sizes or the target's type do not fit.

    >>> import gpugrad
    >>> gpugrad.nn.functional.nll_loss(gpugrad.tensor([[-0.5, -1.0]]), gpugrad.tensor([1]))
    tensor(1.)
    """
    if THREADS and (run := casting("nll_loss")):
        return run(nll_loss, input, target, weight, size_average, ignore_index, reduce, reduction)
    require_floating(input, "nll_loss_out_frame")
    reduction = resolve(size_average, reduce, reduction)
    target = _check_class_target(input, target, weight)
    _check_range(target, input.size(_class_dim(input)), ignore_index)
    return _nll(input, target, weight, ignore_index, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log(softmax(x)[y]): the negative log likelihood of class y, x holding logits.

    A target of the input's shape holds class probabilities p instead: -Σ p · log(softmax(x)).

    Args:
        weight: a weight for each class, of shape (C,).
        ignore_index: targets of this value count for nothing.
        label_smoothing: the share of the target that is spread evenly over all classes.

    Shape:
        input (N, C) or (C) or (N, C, d1, …); target (N) or () or (N, d1, …) of class indices, or
        the input's shape of class probabilities.

    Raises:
        IndexError: a target is no class. On a GPU, where nobody waits for the values, its loss and
            gradients are nan instead.
        ValueError: batch sizes differ.
        RuntimeError: other sizes, the target's type or ``label_smoothing`` do not fit.

    >>> import gpugrad
    >>> gpugrad.nn.functional.cross_entropy(gpugrad.zeros(1, 4), gpugrad.tensor([2]))
    tensor(1.3863)
    """
    if THREADS and (run := casting("cross_entropy")):
        return run(
            cross_entropy,
            input,
            target,
            weight,
            size_average,
            ignore_index,
            reduce,
            reduction,
            label_smoothing,
        )
    reduction = resolve(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target.array.shape == input.array.shape:
        return _cross_entropy_of_probabilities(
            input, target, weight, ignore_index, reduction, label_smoothing
        )
    target = _check_class_target(input, target, weight)
    dim = _class_dim(input)
    if weight is None and label_smoothing == 0.0 and input.dim() == 2:
        return _fused_cross_entropy(input, target, ignore_index, reduction)
    _check_range(target, input.size(dim), ignore_index)
    log_probability = input.log_softmax(dim)
    loss = _nll(log_probability, target, weight, ignore_index, reduction)
    if label_smoothing == 0.0:
        return loss
    spread = _smoothing_loss(log_probability, target, weight, ignore_index, reduction)
    result: Tensor = loss * (1 - label_smoothing) + spread * (label_smoothing / input.size(dim))
    return result


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """y · (log(y) - x), x holding log-probabilities; 0 where y is 0.

    Args:
        reduction: also ``"batchmean"``: the sum divided by the size of the first dimension.
        log_target: the target holds log-probabilities too.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[0.5, 0.5]]), gpugrad.tensor([[0.25, 0.75]])
    >>> gpugrad.nn.functional.kl_div(x.log(), y, reduction="batchmean")
    tensor(0.1308)
    """
    if THREADS and (run := casting("kl_div")):
        return run(kl_div, input, target, size_average, reduce, reduction, log_target)
    refuse_if_strict(input, target)
    if log_target and not (input.is_floating_point() and target.is_floating_point()):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    batchmean = reduction == "batchmean" and size_average is None and reduce is None
    if batchmean:
        reduction = "sum"
    else:
        reduction = resolve(size_average, reduce, reduction)
        if reduction == "mean":
            warnings.warn(
                "reduction: 'mean' divides the total loss by both the batch size and the support "
                "size.'batchmean' divides only by the batch size, and aligns with the KL div math "
                "definition.'mean' will be changed to behave the same as 'batchmean' in the next "
                "major release.",
                stacklevel=2,
            )
    loss = target.exp() * (target - input) if log_target else xlogy(target, target) - target * input
    result = reduce_loss(loss, reduction)
    return result / input.size(0) if batchmean and input.dim() != 0 else result


def _fused_cross_entropy(
    input: Tensor, target: Tensor, ignore_index: int, reduction: str
) -> Tensor:
    """The cross entropy of a matrix by one op."""
    try:
        result: Tensor = CrossEntropy.apply(input, target.array, ignore_index, reduction)
    except IndexError:
        _check_range(target, input.size(1), ignore_index)  # names the target
        raise
    return result


def _class_dim(input: Tensor) -> int:
    return 0 if input.dim() == 1 else 1


def _check_class_target(input: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """Check the sizes and types of class indices and weights; the indices as int64."""
    shape, target_shape = input.array.shape, target.array.shape
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    batch = target_shape[0] if target_shape else 1
    if len(shape) > 1 and shape[0] != batch:
        raise ValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size ({batch})."
        )
    if len(shape) <= 2:
        if len(target_shape) > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    elif len(shape) == 4 and len(target_shape) == 3:
        if target_shape[1:] != shape[2:]:
            raise RuntimeError(
                f"size mismatch (got input: {list(shape)} , target: {list(target_shape)}"
            )
    elif target_shape != (shape[0], *shape[2:]):
        expected = [shape[0], *shape[2:]]
        raise RuntimeError(f"Expected target size {expected}, got {list(target_shape)}")
    if target.dtype is not dtypes.int64:
        if target.dtype is not dtypes.uint8:
            raise RuntimeError(
                f"expected target dtype to be Long or Byte, but got {target.dtype.word}"
            )
        target = target.long()
    if weight is not None:
        _check_class_weight(input, weight, "")
        if weight.dtype is not input.dtype:
            raise RuntimeError(
                f"expected scalar type {input.dtype.word} but found {weight.dtype.word}"
            )
    return target.squeeze(0) if len(shape) == len(target_shape) == 1 else target


def _check_class_weight(input: Tensor, weight: Tensor, prefix: str) -> None:
    classes = input.size(_class_dim(input))
    if weight.dim() != 1 or weight.numel() != classes:
        raise RuntimeError(
            f"{prefix}weight tensor should be defined either for all {classes} classes or no "
            f"classes but got weight tensor of shape: {list(weight.shape)}"
        )


def _nll(
    log_probability: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
) -> Tensor:
    # Only the log-probabilities get a gradient, so the rest is passed as plain arrays.
    factors = None if weight is None else weight.array
    result: Tensor = NllLoss.apply(log_probability, target.array, factors, ignore_index, reduction)
    return result if target.array.ndim < 2 else show_as(result, "NllLoss2DBackward0")


def _check_range(target: Tensor, classes: int, ignore_index: int) -> None:
    """Refuse targets that are neither classes nor ignored.

    On an accelerator the values are not looked at, since that would wait for the device.
    """
    if not target.is_cpu or target.numel() == 0:
        return
    with unnoted():
        wrong = ((target < 0) | (target >= classes)) & (target != ignore_index)
        if wrong.any():
            raise IndexError(f"Target {target[wrong][0].item()} is out of bounds.")


def _cross_entropy_of_probabilities(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Tensor:
    if not target.is_floating_point():
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            + target.dtype.word
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    dim = _class_dim(input)
    classes = input.size(dim)
    if weight is not None:
        _check_class_weight(input, weight, "cross_entropy: ")
    if label_smoothing > 0.0:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    weighted = input.log_softmax(dim) * target
    if weight is not None:
        weighted = weighted * _along(weight, dim, input.dim())
    if reduction == "none":
        losses: Tensor = -weighted.sum(dim)
        return losses
    total: Tensor = -weighted.sum()
    return _shared(total, input.numel() / classes) if reduction == "mean" else total


@shown_as("DivBackward1")  # PyTorch's division by a number of C++
def _shared(total: Tensor, count: float) -> Tensor:
    result: Tensor = total / count
    return result


def _smoothing_loss(
    log_probability: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
) -> Tensor:
    """The loss against a target that is spread evenly, times the number of classes."""
    dim = _class_dim(log_probability)
    counted = target != ignore_index
    terms = log_probability
    if weight is not None:
        terms = terms * _along(weight, dim, terms.dim())
    loss = -terms.sum(dim) * counted
    if reduction != "mean":
        return reduce_loss(loss, reduction)
    if weight is None:
        divisor = counted.sum()
    else:
        divisor = (weight[target.masked_fill(~counted, 0)] * counted).sum()
    result: Tensor = loss.sum() / divisor
    return result


def _along(weight: Tensor, dim: int, ndim: int) -> Tensor:
    """``weight`` with further dimensions so that it broadcasts along ``dim``."""
    result: Tensor = weight.reshape([-1 if d == dim else 1 for d in range(ndim)])
    return result
