"""Linear layers: ``Linear``, ``Bilinear``, and ``Identity``, which does nothing."""

from __future__ import annotations

import math
from typing import Any

from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class Identity(Module):
    """Returns its input; takes and ignores any arguments.

    >>> import gpugrad
    >>> gpugrad.nn.Identity()(gpugrad.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Linear(Module):
    """y = x Aᵀ + b.

    Shape:
        input (*, in_features), output (*, out_features).

    Attributes:
        weight: A, of shape (out_features, in_features), at first uniform in ±1/sqrt(in_features).
        bias: b, of shape (out_features,), likewise; ``None`` with ``bias=False``.

    >>> import gpugrad
    >>> layer = gpugrad.nn.Linear(20, 30)
    >>> layer(gpugrad.zeros(128, 20)).shape
    torch.Size([128, 30])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty((out_features, in_features), dtype=dtype))
        if bias:
            self.bias = Parameter(empty((out_features,), dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()
        if device is not None:
            # Drawn from the CPU's stream, so that a seed gives one model on every device.
            self.to(device)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        # With this slope the Kaiming bound, gain · sqrt(3 / fan), is 1 / sqrt(fan).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        try:
            result: Tensor = F.linear(input, self.weight, self.bias)
        except AttributeError:
            if isinstance(input, Tensor):
                raise
            # Lists and NumPy arrays come here: usually the first layer of a model is called.
            raise TypeError(
                "linear(): argument 'input' (position 1) must be Tensor, not "
                + type(input).__name__
            ) from None
        return result

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    """y_k = x₁ᵀ A_k x₂ + b_k.

    Shape:
        inputs (*, in1_features) and (*, in2_features), output (*, out_features).

    Raises:
        ValueError: ``in1_features`` is not positive.

    >>> import gpugrad
    >>> gpugrad.nn.Bilinear(2, 3, 4)(gpugrad.ones(5, 2), gpugrad.ones(5, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(empty((out_features, in1_features, in2_features), dtype=dtype))
        if bias:
            self.bias = Parameter(empty((out_features,), dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()
        if device is not None:
            self.to(device)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform in ±1/sqrt(in1_features)."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
