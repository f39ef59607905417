"""Dropout of whole channels."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .dropout import Dropout


class Dropout1d(Dropout):
    """In training, zeroes every channel with probability ``p`` and divides the rest by 1 - p.

    Shape:
        input (N, C, L) or (C, L).

    >>> import gpugrad
    >>> gpugrad.nn.Dropout1d().eval()(gpugrad.ones(1, 2))
    tensor([[1., 1.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(Dropout):
    """In training, zeroes every channel with probability ``p`` and divides the rest by 1 - p.

    Shape:
        input (N, C, H, W); (N, C, L) is taken too, with a warning.

    >>> import gpugrad
    >>> gpugrad.nn.Dropout2d().eval()(gpugrad.ones(1, 1, 1, 2))
    tensor([[[[1., 1.]]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(Dropout):
    """In training, zeroes every channel with probability ``p`` and divides the rest by 1 - p.

    Shape:
        input (N, C, D, H, W) or (C, D, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.Dropout3d().eval()(gpugrad.ones(1, 1, 1, 2))
    tensor([[[[1., 1.]]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)
