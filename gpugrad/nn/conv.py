"""Convolutional layers: ``Conv1d``, ``Conv2d``, ``Conv3d`` and their transposes."""

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


class _ConvNd(Module):
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


class _Conv(_ConvNd):
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


class _ConvTranspose(_ConvNd):
    """The transpose of a convolution, which maps its outputs to its inputs."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            name = type(self).__name__
            raise ValueError(f'Only "zeros" padding mode is supported for {name}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        assert not isinstance(self.padding, str)  # refused on construction
        added = self._added(input, output_size)
        function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.dims - 1]
        return function(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            added,
            self.groups,
            self.dilation,
        )

    def _check_padding(self) -> None:
        if isinstance(self.padding, str):
            raise TypeError(
                f"conv_transpose{self.dims}d(): argument 'padding' must be tuple of ints, not str"
            )

    def _added(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives a result of ``output_size``."""
        if output_size is None:
            return self.output_padding
        wanted = list(output_size)
        spatial = self.dims + (input.dim() == self.dims + 2) + 1
        if len(wanted) == spatial:
            wanted = wanted[spatial - self.dims :]
        if len(wanted) != self.dims:
            raise ValueError(
                f"ConvTranspose{self.dims}D: for {input.dim()}D input, output_size must have "
                f"{self.dims} or {spatial} elements (got {len(output_size)})"
            )
        assert not isinstance(self.padding, str)
        lows = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-self.dims :],
                self.stride,
                self.padding,
                self.dilation,
                self.kernel_size,
                strict=True,
            )
        ]
        highs = [low + s - 1 for low, s in zip(lows, self.stride, strict=True)]
        if any(not a <= n <= b for n, a, b in zip(wanted, lows, highs, strict=True)):
            raise ValueError(
                f"requested an output size of {output_size}, but valid sizes range from {lows} to "
                f"{highs} (for an input of {input.shape[-self.dims :]})"
            )
        return tuple(n - low for n, low in zip(wanted, lows, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """The transpose of ``Conv1d``; see ``ConvTranspose2d``.

    >>> import gpugrad
    >>> gpugrad.nn.ConvTranspose1d(4, 2, 3, stride=2)(gpugrad.zeros(5, 4, 10)).shape
    torch.Size([5, 2, 21])
    """

    dims = 1


class ConvTranspose2d(_ConvTranspose):
    """Every element of the input times the kernel, added up where it lies.

    Args:
        padding: elements cut off on both sides of the result.
        output_padding: elements added on one side of the result; ``forward`` computes it from
            ``output_size`` if that is given.

    Shape:
        input (N, in_channels, H, W) or (in_channels, H, W), output (N, out_channels, H', W') or
        (out_channels, H', W') with H' = (H - 1) · stride - 2 · padding
        + dilation · (kernel_size - 1) + output_padding + 1.

    Attributes:
        weight: of shape (in_channels, out_channels / groups, kh, kw).
        bias: of shape (out_channels,); ``None`` with ``bias=False``.

    >>> import gpugrad
    >>> gpugrad.nn.ConvTranspose2d(4, 2, 3, stride=2)(gpugrad.zeros(5, 4, 8, 8)).shape
    torch.Size([5, 2, 17, 17])
    """

    dims = 2


class ConvTranspose3d(_ConvTranspose):
    """The transpose of ``Conv3d``; see ``ConvTranspose2d``.

    >>> import gpugrad
    >>> gpugrad.nn.ConvTranspose3d(4, 2, 2)(gpugrad.zeros(5, 4, 3, 3, 3)).shape
    torch.Size([5, 2, 4, 4, 4])
    """

    dims = 3
