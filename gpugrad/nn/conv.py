"""Convolutional layers: ``Conv1d``, ``Conv2d`` and ``Conv3d``, and the base of their transposes."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

Sizes: TypeAlias = int | tuple[int, ...]

_MODES = ("zeros", "reflect", "replicate", "circular")


class ConvNd(Module):
    """What the convolutions share: arguments, parameters, their first values, the printed form."""

    dims: int
    transposed = False
    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes | str,
        dilation: Sizes,
        output_padding: Sizes,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._each(kernel_size)
        self.stride = self._each(stride)
        self.padding = padding if isinstance(padding, str) else self._each(padding)
        self.dilation = self._each(dilation)
        self.output_padding = self._each(output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check_padding()
        channels = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (channels[0], channels[1] // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, dtype=dtype))
        if bias:
            self.bias = Parameter(empty((out_channels,), dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()
        if device is not None:
            # Drawn from the CPU's stream, so that a seed gives one model on every device.
            self.to(device)

    def _each(self, value: Sizes) -> tuple[int, ...]:
        return (value,) * self.dims if isinstance(value, int) else tuple(value)

    def _check_padding(self) -> None:
        if isinstance(self.padding, str):
            if self.padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {self.padding!r}, should be one of {{'same', 'valid'}}"
                )
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if self.padding_mode not in _MODES:
            raise ValueError(
                "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but "
                f"got padding_mode={self.padding_mode!r}"
            )

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform in ±1/sqrt(inputs of one output)."""
        if 0 in self.weight.shape:
            return
        # With this slope the Kaiming bound, gain · sqrt(3 / fan), is 1 / sqrt(fan).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0,) * self.dims:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.dims:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.dims:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(ConvNd):
    """A layer of kernels laid over its input at every place."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _edges(self) -> list[int]:
        """What is added before and after each dimension, the last one first."""
        if self.padding == "valid":
            return [0, 0] * self.dims
        if isinstance(self.padding, str):
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [n for t in reversed(totals) for n in (t // 2, t - t // 2)]
        return [n for p in reversed(self.padding) for n in (p, p)]

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The convolution with other parameters, for subclasses that make them anew each time."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._edges(), mode=self.padding_mode)
            padding = (0,) * self.dims
        function = (F.conv1d, F.conv2d, F.conv3d)[self.dims - 1]
        return function(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """out = bias + Σ weight · window, at every place along the input; see ``Conv2d``.

    Shape:
        input (N, in_channels, L) or (in_channels, L).

    >>> import gpugrad
    >>> gpugrad.nn.Conv1d(2, 4, 3)(gpugrad.zeros(5, 2, 10)).shape
    torch.Size([5, 4, 8])
    """

    dims = 1


class Conv2d(_Conv):
    """out = bias + Σ weight · window, at every place of the input's planes.

    Args:
        kernel_size: the size of a window, a number or one for each dimension, as the next three.
        stride: steps between windows.
        padding: elements added on both sides; ``"valid"`` for none, ``"same"`` for as many as
            keep the size.
        dilation: steps between the elements of a window.
        groups: so many equal parts of the channels are convolved each by itself.
        padding_mode: what is added: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Shape:
        input (N, in_channels, H, W) or (in_channels, H, W), output (N, out_channels, H', W') or
        (out_channels, H', W') with
        H' = (H + 2 · padding - dilation · (kernel_size - 1) - 1) // stride + 1.

    Attributes:
        weight: of shape (out_channels, in_channels / groups, kh, kw), at first uniform in
            ±1/sqrt(in_channels / groups · kh · kw).
        bias: of shape (out_channels,), likewise; ``None`` with ``bias=False``.

    Raises:
        ValueError: groups that do not divide the channels, or an unknown padding.

    >>> import gpugrad
    >>> gpugrad.nn.Conv2d(1, 16, 3, padding=1)(gpugrad.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 16, 8, 8])
    """

    dims = 2


class Conv3d(_Conv):
    """out = bias + Σ weight · window, at every place of the input's spaces; see ``Conv2d``.

    >>> import gpugrad
    >>> gpugrad.nn.Conv3d(1, 2, 3)(gpugrad.zeros(5, 1, 4, 4, 4)).shape
    torch.Size([5, 2, 2, 2, 2])
    """

    dims = 3
