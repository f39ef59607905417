"""The argument ``reduction`` of the losses."""

from __future__ import annotations

import warnings

from ...tensor import Tensor

_VALID = frozenset(["none", "mean", "sum"])


def from_legacy(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """The reduction that the deprecated arguments ``size_average`` and ``reduce`` stand for."""
    if reduce is not None and not reduce:
        reduction = "none"
    else:
        reduction = "mean" if size_average is None or size_average else "sum"
    if emit_warning:
        warnings.warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.",
            stacklevel=3,
        )
    return reduction


def resolve(
    size_average: bool | None, reduce: bool | None, reduction: str, weighted: bool = False
) -> str:
    """The reduction to use: the deprecated arguments win, and warn, if they are given.

    Args:
        weighted: the elements have weights, which PyTorch gives an error text of its own.

    Raises:
        ValueError: the reduction does not exist.
    """
    if reduction in _VALID and size_average is None and reduce is None:
        return reduction
    if size_average is not None or reduce is not None:
        return from_legacy(size_average, reduce)
    if weighted:
        raise ValueError(
            f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'."
        )
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            stacklevel=3,
        )
        return "mean"
    raise ValueError(f"{reduction} is not a valid value for reduction")


def reduce_loss(loss: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of ``loss``, or ``loss`` itself."""
    if reduction == "mean":
        mean: Tensor = loss.mean()
        return mean
    if reduction == "sum":
        total: Tensor = loss.sum()
        return total
    return loss
