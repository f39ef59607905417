"""Samples of a choice through which gradients flow."""

from __future__ import annotations

import warnings

from ...creation import zeros_like
from ...tensor import Tensor


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """Draw from the categorical distribution of ``logits`` along ``dim``, as one-hot vectors.

    The softmax of (logits + Gumbel noise) / tau: Jang, Gu and Poole, "Categorical
    Reparameterization with Gumbel-Softmax", 2017.

    Args:
        tau: the lower, the nearer to one-hot.
        hard: give one-hot vectors, with the gradient of the soft ones.
        eps: without effect, and deprecated.

    >>> import gpugrad
    >>> gpugrad.nn.functional.gumbel_softmax(gpugrad.tensor([50.0, 0.0]), hard=True)
    tensor([1., 0.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -zeros_like(logits, requires_grad=False).exponential_().log()
    soft: Tensor = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.argmax(dim, keepdim=True)
    chosen: Tensor = zeros_like(logits, requires_grad=False).scatter_(dim, index, 1.0)
    result: Tensor = chosen - soft.detach() + soft
    return result
