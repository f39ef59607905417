"""Normalization of every sample by itself: ``GroupNorm`` and ``InstanceNorm``."""

from __future__ import annotations

import warnings
from typing import Any

from ..creation import ones, zeros
from ..tensor import Tensor
from . import functional as F
from . import init
from .batchnorm import _BatchNorm
from .module import Module
from .parameter import Parameter


class GroupNorm(Module):
    """y = (x - mean) / sqrt(variance + eps) · weight + bias, over each of ``num_groups`` equal
    parts of the channels.

    Shape:
        input (N, num_channels, *), weight (at first ones) and bias (zeros) (num_channels).

    Raises:
        ValueError: the groups do not divide the channels.

    >>> import gpugrad
    >>> gpugrad.nn.GroupNorm(2, 4)(gpugrad.zeros(3, 4, 5, 5)).shape
    torch.Size([3, 4, 5, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        like: dict[str, Any] = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(ones(num_channels, **like)) if affine else None)
        biased = affine and bias
        self.register_parameter("bias", Parameter(zeros(num_channels, **like)) if biased else None)

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class _InstanceNorm(_BatchNorm):
    """y = (x - mean) / sqrt(variance + eps) · weight + bias, over each channel of each sample.

    The arguments are those of batch normalization; without ``track_running_stats`` evaluation
    does the same as training.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Tensor:
        batched, single = self.dims
        if input.dim() not in self.dims:
            raise ValueError(f"expected {single}D or {batched}D input (got {input.dim()}D input)")
        dim = 1 if input.dim() == batched else 0
        if input.size(dim) != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={dim} to match num_features "
                    f"({self.num_features}), but got: {input.size(dim)}."
                )
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=3,
            )
        x = input if dim else input.unsqueeze(0)
        result = F.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum or 0.0,
            self.eps,
        )
        return result if dim else result.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """Instance normalization of input (N, C, L) or (C, L).

    >>> import gpugrad
    >>> gpugrad.nn.InstanceNorm1d(1)(gpugrad.tensor([[1.0, 3.0]]))
    tensor([[-1.0000,  1.0000]])
    """

    dims = (3, 2)


class InstanceNorm2d(_InstanceNorm):
    """Instance normalization of input (N, C, H, W) or (C, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.InstanceNorm2d(3)(gpugrad.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    dims = (4, 3)


class InstanceNorm3d(_InstanceNorm):
    """Instance normalization of input (N, C, D, H, W) or (C, D, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.InstanceNorm3d(3)(gpugrad.zeros(2, 3, 2, 2, 2)).shape
    torch.Size([2, 3, 2, 2, 2])
    """

    dims = (5, 4)
