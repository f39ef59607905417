"""Dropout."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class Dropout(Module):
    """In training, zeroes every element with probability ``p`` and divides the rest by 1 - p.

    In evaluation mode it returns its input.

    Raises:
        ValueError: ``p`` is not between 0 and 1.

    >>> import gpugrad
    >>> layer = gpugrad.nn.Dropout(p=0.5).eval()
    >>> layer(gpugrad.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
