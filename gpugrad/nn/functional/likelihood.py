"""Negative log likelihoods of given distributions: Gaussian and Poisson."""

from __future__ import annotations

import math

from ...autograd.grad_mode import no_grad
from ...backend.recording import unnoted
from ...casting.calls import THREADS, casting
from ...settings import refuse_if_strict
from ...tensor import Tensor
from .reduction import reduce_loss, resolve


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """(log(v) + (x - y)² / v) / 2 with v = max(var, eps), through whose bound no gradient flows.

    Args:
        var: the variances: of the input's shape, or without its last dimension, or with any one
            dimension of size one, or a number.
        full: add log(2 · pi) / 2.

    Raises:
        ValueError: a variance is negative, or their shape does not fit.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0, 3.0])
    >>> gpugrad.nn.functional.gaussian_nll_loss(x, gpugrad.zeros(2), gpugrad.ones(2))
    tensor(2.5000)
    """
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        spread: Tensor = input.new_full(input.shape, var)
    else:
        spread = var
        size = tuple(input.shape)
        if tuple(spread.shape) != size:
            if size[:-1] == tuple(spread.shape):
                spread = spread.unsqueeze(-1)
            elif not _fits(size, tuple(spread.shape)):
                raise ValueError("var is of incorrect size")
        with unnoted():
            if (spread < 0).any():
                raise ValueError("var has negative entry/entries")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    refuse_if_strict(input, target)
    spread = spread.clone()
    with no_grad():
        spread.clamp_(min=eps)
    loss = 0.5 * (spread.log() + (input - target).square() / spread)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduce_loss(loss, reduction)


def _fits(size: tuple[int, ...], given: tuple[int, ...]) -> bool:
    """Whether variances of shape ``given`` differ in one dimension alone, of size one there."""
    if len(size) != len(given):
        return False
    return [g for n, g in zip(size, given, strict=True) if g != n] == [1]


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - y · x, x being the logarithm of the rate; or x - y · log(x + eps).

    Args:
        log_input: whether the input holds logarithms.
        full: add Stirling's approximation of log(y!) where y > 1.

    >>> import gpugrad
    >>> gpugrad.nn.functional.poisson_nll_loss(gpugrad.zeros(2), gpugrad.ones(2))
    tensor(1.)
    """
    if THREADS and (run := casting("poisson_nll_loss")):
        return run(
            poisson_nll_loss, input, target, log_input, full, size_average, eps, reduce, reduction
        )
    refuse_if_strict(input, target)
    reduction = resolve(size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return reduce_loss(loss, reduction)
