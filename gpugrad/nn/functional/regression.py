"""Losses between numbers: ``mse_loss``, ``l1_loss``, ``smooth_l1_loss``, ``huber_loss``."""

from __future__ import annotations

import warnings

from ...autograd.composed import shown_as
from ...casting.calls import THREADS, casting
from ...ops.loss import HuberLoss, MseLoss
from ...ops.operands import misfit
from ...settings import refuse_if_strict
from ...tensor import Tensor
from .promotion import refuse_bools, require_floating, same_type
from .reduction import reduce_loss, resolve


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The squared error (x - y)².

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: a factor for each element; the mean is then divided by the sum of the weights.

    Shape:
        input, target and weight (*) alike; the output is a scalar, or (*) for ``"none"``.

    Raises:
        ValueError: unknown reduction, or a weight of another shape.

    >>> import gpugrad
    >>> gpugrad.nn.functional.mse_loss(gpugrad.tensor([1.0, 3.0]), gpugrad.zeros(2))
    tensor(5.)
    """
    if THREADS and (run := casting("mse_loss")):
        return run(mse_loss, input, target, size_average, reduce, reduction, weight)
    simple = _of_one_size(input, target)
    reduction = resolve(size_average, reduce, reduction, weight is not None)
    if weight is not None:
        return _weighted((input - target).square(), input, weight, reduction)
    if not simple:
        return reduce_loss((input - target).square(), reduction)
    dtype = input.dtype
    if dtype is not target.dtype or not dtype.is_floating_point:
        input, target = same_type(input, target)
        require_floating(input, "mse_cpu")
    result: Tensor = MseLoss.apply(input, target, reduction)
    return result


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The absolute error |x - y|; arguments as in ``mse_loss``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.l1_loss(gpugrad.tensor([1.0, 3.0]), gpugrad.zeros(2))
    tensor(2.)
    """
    if THREADS and (run := casting("l1_loss")):
        return run(l1_loss, input, target, size_average, reduce, reduction, weight)
    _of_one_size(input, target)
    reduction = resolve(size_average, reduce, reduction, weight is not None)
    loss = (input - target).abs()
    if weight is not None:
        return _weighted(loss, input, weight, reduction)
    return reduce_loss(loss, reduction)


@shown_as("SmoothL1Loss")
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """(x - y)² / (2 · beta) where |x - y| < beta, |x - y| - beta / 2 elsewhere.

    Raises:
        RuntimeError: ``beta`` is negative.

    >>> import gpugrad
    >>> gpugrad.nn.functional.smooth_l1_loss(gpugrad.tensor([0.5, 3.0]), gpugrad.zeros(2))
    tensor(1.3125)
    """
    refuse_bools(input, "smooth_l1_cpu")
    if THREADS and (run := casting("smooth_l1_loss")):
        return run(smooth_l1_loss, input, target, size_average, reduce, reduction, beta)
    _of_one_size(input, target)
    reduction = resolve(size_average, reduce, reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduce_loss((input - target).abs(), reduction)
    input, target = _that_broadcast(input, target)
    require_floating(input, "smooth_l1_cpu")
    loss: Tensor = HuberLoss.apply(input, target, float(beta), 1 / beta)
    return reduce_loss(loss, reduction)


@shown_as("HuberLoss")
def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """(x - y)² / 2 where |x - y| <= delta, delta · (|x - y| - delta / 2) elsewhere.

    Raises:
        RuntimeError: ``delta`` is not positive.
        ValueError: a weight of another shape.

    >>> import gpugrad
    >>> gpugrad.nn.functional.huber_loss(gpugrad.tensor([0.5, 3.0]), gpugrad.zeros(2))
    tensor(1.3125)
    """
    refuse_bools(input, "huber_cpu")
    if THREADS and (run := casting("huber_loss")):
        return run(huber_loss, input, target, reduction, delta, weight)
    _of_one_size(input, target)
    reduction = resolve(None, None, reduction, weight is not None)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    input, target = _that_broadcast(input, target)
    require_floating(input, "huber_cpu")
    loss: Tensor = HuberLoss.apply(input, target, float(delta), 1.0)
    if weight is not None:
        _require_same_size(input, weight)
        loss = loss * weight
    return reduce_loss(loss, reduction)


def _that_broadcast(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in one type. Raises PyTorch's error for shapes that do not broadcast."""
    refusal = misfit(input.array.shape, target.array.shape)
    if refusal is not None:
        raise refusal
    return same_type(input, target)


def _of_one_size(input: Tensor, target: Tensor) -> bool:
    """Whether input and target have one shape, with a warning if not."""
    if target.size() == input.size():
        return True
    refuse_if_strict(input, target)
    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size "
        f"({input.size()}). This will likely lead to incorrect results due to broadcasting. "
        "Please ensure they have the same size.",
        stacklevel=3,
    )
    return False


def _require_same_size(input: Tensor, weight: Tensor) -> None:
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")


def _weighted(loss: Tensor, input: Tensor, weight: Tensor, reduction: str) -> Tensor:
    _require_same_size(input, weight)
    loss = loss * weight
    if reduction == "mean":
        result: Tensor = loss.sum() / weight.sum()
        return result
    return reduce_loss(loss, reduction)
