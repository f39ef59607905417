"""Pooling layers over windows of three dimensions."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .module import Module
from .pooling import Sizes, _AdaptiveMaxPool, _AdaptivePool, _MaxPool


class MaxPool3d(_MaxPool):
    """The largest element of each window of input (N, C, D, H, W) or (C, D, H, W).

    Arguments as for ``MaxPool2d``.

    >>> import gpugrad
    >>> gpugrad.nn.MaxPool3d(2)(gpugrad.zeros(5, 3, 8, 8, 8)).shape
    torch.Size([5, 3, 4, 4, 4])
    """

    def forward(self, input: Tensor) -> Any:
        return F.max_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )


class AvgPool3d(Module):
    """The mean of each window of input (N, C, D, H, W) or (C, D, H, W).

    Arguments as for ``AvgPool2d``.

    >>> import gpugrad
    >>> gpugrad.nn.AvgPool3d(2)(gpugrad.arange(8.0).reshape(1, 2, 2, 2))
    tensor([[[[3.5000]]]])
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool3d(_AdaptivePool):
    """The means of so many about equal parts of each volume.

    >>> import gpugrad
    >>> gpugrad.nn.AdaptiveAvgPool3d((1, None, 2))(gpugrad.zeros(3, 5, 7, 4)).shape
    torch.Size([3, 1, 7, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool3d(input, self.output_size)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest elements of so many about equal parts of each volume.

    >>> import gpugrad
    >>> gpugrad.nn.AdaptiveMaxPool3d(2)(gpugrad.zeros(3, 5, 7, 4)).shape
    torch.Size([3, 2, 2, 2])
    """

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)
