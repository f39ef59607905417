"""Activation functions as modules; the formulas are in ``functional``.

Every module keeps the shape of its input, except ``GLU``, which halves one dimension.
"""

from __future__ import annotations

from typing import Any

from ..creation import full
from ..tensor import Tensor
from . import functional as F
from .module import Module
from .parameter import Parameter


class _InplaceActivation(Module):
    """An activation whose only option is to overwrite its input."""

    inplace: bool

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU(_InplaceActivation):
    """max(x, 0).

    >>> import gpugrad
    >>> gpugrad.nn.ReLU()(gpugrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)


class SiLU(_InplaceActivation):
    """x · sigmoid(x), also called swish.

    >>> import gpugrad
    >>> gpugrad.nn.SiLU()(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(_InplaceActivation):
    """x · tanh(softplus(x)).

    >>> import gpugrad
    >>> gpugrad.nn.Mish()(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)


class SELU(_InplaceActivation):
    """ELU scaled so that activations keep mean 0 and variance 1.

    >>> import gpugrad
    >>> gpugrad.nn.SELU()(gpugrad.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


class LeakyReLU(Module):
    """x where positive, ``negative_slope`` · x elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.LeakyReLU(0.1)(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + inplace_text(self)


class ELU(Module):
    """x where positive, ``alpha`` · (exp(x) - 1) elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.ELU()(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + inplace_text(self)


class CELU(Module):
    """x where positive, ``alpha`` · (exp(x / alpha) - 1) elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.CELU(0.5)(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.4323,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + inplace_text(self)


class GELU(Module):
    """x · Phi(x), Phi being the normal distribution function, or its tanh approximation.

    >>> import gpugrad
    >>> gpugrad.nn.GELU()(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + exp(beta · x)) / beta, and x itself where beta · x > threshold.

    >>> import gpugrad
    >>> gpugrad.nn.Softplus()(gpugrad.tensor([-1.0, 2.0]))
    tensor([0.3133, 2.1269])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    >>> import gpugrad
    >>> gpugrad.nn.Sigmoid()(gpugrad.tensor([-1.0, 2.0]))
    tensor([0.2689, 0.8808])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.sigmoid(input)


class LogSigmoid(Module):
    """log(sigmoid(x)), without overflow.

    >>> import gpugrad
    >>> gpugrad.nn.LogSigmoid()(gpugrad.tensor([-1.0, 2.0]))
    tensor([-1.3133, -0.1269])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Tanh(Module):
    """tanh(x).

    >>> import gpugrad
    >>> gpugrad.nn.Tanh()(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.7616,  0.9640])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


class Softsign(Module):
    """x / (1 + |x|).

    >>> import gpugrad
    >>> gpugrad.nn.Softsign()(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.5000,  0.6667])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class PReLU(Module):
    """x where positive, ``weight`` · x elsewhere, with a slope that is learned.

    Args:
        num_parameters: 1, or the number of channels (the second dimension) for a slope each.
        init: the first value of the slopes.

    >>> import gpugrad
    >>> gpugrad.nn.PReLU()(gpugrad.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(full((num_parameters,), init, device=device, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class GLU(Module):
    """a · sigmoid(b), a and b being the halves of the input along ``dim``.

    >>> import gpugrad
    >>> gpugrad.nn.GLU()(gpugrad.tensor([3.0, 0.0]))
    tensor([1.5000])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


def inplace_text(module: Any) -> str:
    """How the printed form shows that a module overwrites its input."""
    return ", inplace=True" if module.inplace else ""
