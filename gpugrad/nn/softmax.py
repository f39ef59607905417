"""The softmax functions as modules; they keep the shape of their input."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class _AlongDim(Module):
    """A softmax of some kind along ``dim``."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax(_AlongDim):
    """exp(x) / sum(exp(x)) along ``dim``.

    >>> import gpugrad
    >>> gpugrad.nn.Softmax(dim=1)(gpugrad.zeros(1, 4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim, _stacklevel=5)


class Softmin(_AlongDim):
    """softmax(-x) along ``dim``.

    >>> import gpugrad
    >>> gpugrad.nn.Softmin(dim=0)(gpugrad.tensor([0.0, 1.0]))
    tensor([0.7311, 0.2689])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim, _stacklevel=5)


class LogSoftmax(_AlongDim):
    """log(softmax(x)) along ``dim``, without overflow.

    >>> import gpugrad
    >>> gpugrad.nn.LogSoftmax(dim=0)(gpugrad.zeros(4))
    tensor([-1.3863, -1.3863, -1.3863, -1.3863])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """softmax over the channels of input (N, C, H, W) or (C, H, W).

    Raises:
        ValueError: another number of dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.Softmax2d()(gpugrad.zeros(2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3, _stacklevel=5)
