"""Draws from a normal distribution cut off on both sides."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..tensor import Tensor


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill with draws from N(mean, std²) cut off outside [a, b], by rejection.

    Draws from the normal distribution are repeated where they fall outside. Where that would
    seldom succeed, the draws are uniform over [a, b] and accepted with probability
    density(x) / maximal density.

    >>> import gpugrad
    >>> values = gpugrad.nn.init.trunc_normal_(gpugrad.empty(1000), std=3.0)
    >>> bool((values.abs() <= 2).all())
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    values = tensor.detach()
    draw = values.clone()
    share_inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    if share_inside > 0.3:
        # The bounds as the tensor's type has them, or a value on the bound could never pass.
        low, high = values.new_tensor([a, b]).tolist()
        values.normal_(mean, std, generator=generator)
        outside = (values < low) | (values > high)
        while outside.any():
            draw.normal_(mean, std, generator=generator)
            values.copy_(draw.where(outside, values))
            outside = (values < low) | (values > high)
        return tensor
    mode = max(a, min(mean, b))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    level = draw.clone()
    pending = None
    while pending is None or pending.any():
        draw.uniform_(a, b, generator=generator)
        values.copy_(draw if pending is None else draw.where(pending, values))
        log_density = ((draw - mean) / std).pow(2) * -0.5 - log_peak
        rejected = level.uniform_(generator=generator).log() > log_density
        pending = rejected if pending is None else rejected & pending
    return tensor


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0
