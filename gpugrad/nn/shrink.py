"""Activation functions that shrink small numbers to zero, and the leaky ReLU of random slope."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .activation import inplace_text
from .module import Module


class _Shrink(Module):
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(_Shrink):
    """x where \\|x\\| > ``lambd``, 0 elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.Hardshrink()(gpugrad.tensor([-0.25, 1.0]))
    tensor([0., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """x moved towards 0 by ``lambd``, and 0 where it would pass it.

    >>> import gpugrad
    >>> gpugrad.nn.Softshrink()(gpugrad.tensor([-0.25, 1.0]))
    tensor([0.0000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)


class Tanhshrink(Module):
    """x - tanh(x).

    >>> import gpugrad
    >>> gpugrad.nn.Tanhshrink()(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class RReLU(Module):
    """x where positive, a · x elsewhere: a uniform in [lower, upper] for each element in training.

    In evaluation mode a is the mean of the two.

    >>> import gpugrad
    >>> gpugrad.nn.RReLU(0.25, 0.75).eval()(gpugrad.tensor([-4.0, 1.0]))
    tensor([-2.,  1.])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + inplace_text(self)
