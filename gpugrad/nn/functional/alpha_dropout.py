"""Dropout that keeps the mean and the variance of what SELU gives."""

from __future__ import annotations

from ...creation import zeros
from ...tensor import Tensor
from .channel_dropout import require_probability

# What SELU tends to for large negative numbers, with its sign changed.
_ALPHA = 1.7580993408473766


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Set every element to SELU's lower bound with probability ``p``, then scale and shift all.

    Numbers of mean 0 and variance 1 keep both. Klambauer et al., "Self-Normalizing Neural
    Networks", 2017.

    Raises:
        ValueError: ``p`` is not between 0 and 1.

    >>> import gpugrad
    >>> gpugrad.nn.functional.alpha_dropout(gpugrad.ones(2), training=False)
    tensor([1., 1.])
    """
    return _alpha_dropout(input, tuple(input.shape), p, training, inplace)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """:func:`alpha_dropout` of whole channels.

    Shape:
        input (N, C, *).

    >>> import gpugrad
    >>> gpugrad.nn.functional.feature_alpha_dropout(gpugrad.ones(1, 2, 1), training=False).shape
    torch.Size([1, 2, 1])
    """
    if input.dim() < 2 and training and p > 0:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return _alpha_dropout(
        input, (*input.shape[:2], *(1,) * (input.dim() - 2)), p, training, inplace
    )


def _alpha_dropout(
    input: Tensor, shape: tuple[int, ...], p: float, training: bool, inplace: bool
) -> Tensor:
    require_probability(p)
    if not training or p == 0 or input.numel() == 0:
        return input
    if p == 1:
        nothing = zeros((), dtype=input.dtype, device=input.device)
        gone: Tensor = input.mul_(nothing) if inplace else input * nothing
        return gone
    scale = ((_ALPHA * _ALPHA * p + 1) * (1 - p)) ** -0.5
    keep = input.new_empty(shape).bernoulli_(1 - p)
    shift = (keep - 1).mul_(_ALPHA * scale).add_(_ALPHA * scale * p)
    keep.mul_(scale)
    result: Tensor = input.mul_(keep).add_(shift) if inplace else input * keep + shift
    return result
