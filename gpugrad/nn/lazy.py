"""Layers that learn the size of their input from the first one they see."""

from __future__ import annotations

from typing import Any, ClassVar

from ..tensor import Tensor
from .batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from .conv import Conv1d, Conv2d, Conv3d
from .conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .group_normalization import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .lazy_module import LazyModule
from .lazy_module import LazyModuleMixin as LazyModuleMixin
from .linear import Linear
from .pooling import Sizes


class LazyLinear(LazyModule, Linear):
    """``Linear`` whose ``in_features`` is the last size of its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyLinear(3)
    >>> _ = layer(gpugrad.zeros(5, 2))
    >>> layer
    Linear(in_features=2, out_features=3, bias=True)
    """

    becomes = Linear
    size_name = "in_features"

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(out_features, bias=bias, device=device, dtype=dtype)

    def size_of_input(self, input: Tensor) -> int:
        return int(input.size(-1))

    def size_of_state(self, weight: Tensor) -> int:
        return int(weight.size(1))


class _LazyChannels(LazyModule):
    """A convolution whose ``in_channels`` is that of its first input."""

    size_name = "in_channels"
    ndim: ClassVar[int]

    def size_of_input(self, input: Tensor) -> int:
        ndim = self.ndim
        if input.dim() not in (ndim + 1, ndim + 2):
            raise RuntimeError(
                f"Expected {ndim + 1}D (unbatched) or {ndim + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        return int(input.size(-ndim - 1))


class _LazyConv(_LazyChannels):
    def __init__(
        self,
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
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )

    def size_of_state(self, weight: Tensor) -> int:
        return int(weight.size(1)) * int(self.groups)


class _LazyConvTranspose(_LazyChannels):
    def __init__(
        self,
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
        super().__init__(
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups=groups,
            bias=bias,
            dilation=dilation,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )

    def size_of_state(self, weight: Tensor) -> int:
        return int(weight.size(0))


class LazyConv1d(_LazyConv, Conv1d):
    """``Conv1d`` that learns ``in_channels`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyConv1d(5, 2)
    >>> _ = layer(gpugrad.zeros(2, 3, 4))
    >>> layer.in_channels
    3
    """

    becomes = Conv1d
    ndim = 1


class LazyConv2d(_LazyConv, Conv2d):
    """``Conv2d`` that learns ``in_channels`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyConv2d(4, 3)
    >>> layer(gpugrad.zeros(5, 2, 8, 8)).shape
    torch.Size([5, 4, 6, 6])
    """

    becomes = Conv2d
    ndim = 2


class LazyConv3d(_LazyConv, Conv3d):
    """``Conv3d`` that learns ``in_channels`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyConv3d(5, 2)
    >>> _ = layer(gpugrad.zeros(2, 3, 4, 4, 4))
    >>> layer.in_channels
    3
    """

    becomes = Conv3d
    ndim = 3


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """``ConvTranspose1d`` that learns ``in_channels`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyConvTranspose1d(5, 2)
    >>> _ = layer(gpugrad.zeros(2, 3, 4))
    >>> layer.in_channels
    3
    """

    becomes = ConvTranspose1d
    ndim = 1


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """``ConvTranspose2d`` that learns ``in_channels`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyConvTranspose2d(5, 2)
    >>> _ = layer(gpugrad.zeros(2, 3, 4, 4))
    >>> layer.in_channels
    3
    """

    becomes = ConvTranspose2d
    ndim = 2


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """``ConvTranspose3d`` that learns ``in_channels`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyConvTranspose3d(5, 2)
    >>> _ = layer(gpugrad.zeros(2, 3, 4, 4, 4))
    >>> layer.in_channels
    3
    """

    becomes = ConvTranspose3d
    ndim = 3


class _LazyNorm(LazyModule):
    """A normalization whose ``num_features`` is the number of channels of its first input."""

    size_name = "num_features"

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            eps, momentum, affine, track_running_stats, device=device, dtype=dtype, bias=bias
        )

    def size_of_input(self, input: Tensor) -> int:
        if input.dim() < 2:
            raise ValueError(f"expected more than one dimension (got {input.dim()}D input)")
        return int(input.size(1))

    def size_of_state(self, weight: Tensor) -> int:
        return int(weight.size(0))


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """``BatchNorm1d`` that learns ``num_features`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyBatchNorm1d()
    >>> _ = layer(gpugrad.zeros(2, 3, 4))
    >>> layer.num_features
    3
    """

    becomes = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """``BatchNorm2d`` that learns ``num_features`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyBatchNorm2d()
    >>> _ = layer(gpugrad.zeros(2, 3, 4, 4))
    >>> layer.num_features
    3
    """

    becomes = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """``BatchNorm3d`` that learns ``num_features`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyBatchNorm3d()
    >>> _ = layer(gpugrad.zeros(2, 3, 4, 4, 4))
    >>> layer.num_features
    3
    """

    becomes = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """``InstanceNorm1d`` that learns ``num_features`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyInstanceNorm1d()
    >>> _ = layer(gpugrad.zeros(2, 3, 4))
    >>> layer.num_features
    3
    """

    becomes = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """``InstanceNorm2d`` that learns ``num_features`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyInstanceNorm2d()
    >>> _ = layer(gpugrad.zeros(2, 3, 4, 4))
    >>> layer.num_features
    3
    """

    becomes = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """``InstanceNorm3d`` that learns ``num_features`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyInstanceNorm3d()
    >>> _ = layer(gpugrad.zeros(2, 3, 4, 4, 4))
    >>> layer.num_features
    3
    """

    becomes = InstanceNorm3d
