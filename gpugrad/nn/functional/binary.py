"""Losses of yes-or-no predictions."""

from __future__ import annotations

from ...autograd.composed import shown_as
from ...backend.recording import unnoted
from ...casting.calls import THREADS, casting
from ...ops.loss import BinaryCrossEntropy, BinaryCrossEntropyWithLogits
from ...tensor import Tensor
from .promotion import require_floating, same_type
from .reduction import reduce_loss, resolve


@shown_as("BinaryCrossEntropy")
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight · (y · log(x) + (1 - y) · log(1 - x)), x holding probabilities.

    The logarithms are cut off at -100, so that the loss stays finite.

    Shape:
        input and target (*) alike, weight broadcast to (*).

    Raises:
        ValueError: the sizes differ.
        RuntimeError: an element is not between 0 and 1, or the types differ.

    >>> import gpugrad
    >>> gpugrad.nn.functional.binary_cross_entropy(gpugrad.tensor([0.5]), gpugrad.tensor([1.0]))
    tensor(0.6931)
    """
    if THREADS and (run := casting("binary_cross_entropy")):
        return run(binary_cross_entropy, input, target, weight, size_average, reduce, reduction)
    require_floating(input, "binary_cross_entropy")
    reduction = resolve(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}) is deprecated. Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.word} but expected {input.dtype.word}")
    with unnoted():
        for name, tensor in (("input", input), ("target", target)):
            if tensor.is_cpu and not ((tensor >= 0) & (tensor <= 1)).all():
                raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    loss: Tensor = BinaryCrossEntropy.apply(input, target)
    return reduce_loss(loss if weight is None else loss * weight, reduction)


@shown_as("BinaryCrossEntropyWithLogits")
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """``binary_cross_entropy`` of sigmoid(x), without overflow.

    With p = pos_weight (1) and l = log(1 + exp(-x)):
    weight · ((1 - y) · x + (1 + (p - 1) · y) · l).

    Args:
        weight: a factor for each element, broadcast.
        pos_weight: a factor for the positive part, broadcast.

    Raises:
        ValueError: the sizes of input and target differ.

    >>> import gpugrad
    >>> gpugrad.nn.functional.binary_cross_entropy_with_logits(gpugrad.zeros(1), gpugrad.ones(1))
    tensor(0.6931)
    """
    if THREADS and (run := casting("binary_cross_entropy_with_logits")):
        return run(
            binary_cross_entropy_with_logits,
            input,
            target,
            weight,
            size_average,
            reduce,
            reduction,
            pos_weight,
        )
    require_floating(input, "log_sigmoid_cpu")
    reduction = resolve(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Target size ({target.size()}) must be the same as input size ({input.size()})"
        )
    if not target.is_floating_point():
        raise RuntimeError(
            f"result type {input.dtype.word} can't be cast to the desired output type "
            f"{target.dtype.word}"
        )
    input, target = same_type(input, target)
    factor = None if pos_weight is None else pos_weight.array  # gets no gradient
    loss: Tensor = BinaryCrossEntropyWithLogits.apply(input, target, factor)
    return reduce_loss(loss if weight is None else loss * weight, reduction)
