"""Dropout that keeps the mean and the variance of what SELU gives."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .dropout import Dropout


class AlphaDropout(Dropout):
    """In training, sets elements to SELU's lower bound with probability ``p``, and scales all.

    >>> import gpugrad
    >>> gpugrad.nn.AlphaDropout().eval()(gpugrad.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(Dropout):
    """``AlphaDropout`` of whole channels of input (N, C, *).

    >>> import gpugrad
    >>> gpugrad.nn.FeatureAlphaDropout().eval()(gpugrad.ones(1, 1, 2))
    tensor([[[1., 1.]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training)
