"""Pooling layers over windows of three dimensions."""

from __future__ import annotations

from . import functional as F
from .pooling import _AdaptiveMaxPool, _AdaptivePool, _AvgPool, _MaxPool


class MaxPool3d(_MaxPool):
    """The largest element of each window of input (N, C, D, H, W) or (C, D, H, W).

    Arguments as for ``MaxPool2d``.

    >>> import gpugrad
    >>> gpugrad.nn.MaxPool3d(2)(gpugrad.zeros(5, 3, 8, 8, 8)).shape
    torch.Size([5, 3, 4, 4, 4])
    """

    _pool = staticmethod(F.max_pool3d)


class AvgPool3d(_AvgPool):
    """The mean of each window of input (N, C, D, H, W) or (C, D, H, W).

    Arguments as for ``AvgPool2d``.

    >>> import gpugrad
    >>> gpugrad.nn.AvgPool3d(2)(gpugrad.arange(8.0).reshape(1, 2, 2, 2))
    tensor([[[[3.5000]]]])
    """

    _pool = staticmethod(F.avg_pool3d)


class AdaptiveAvgPool3d(_AdaptivePool):
    """The means of so many about equal parts of each volume.

    >>> import gpugrad
    >>> gpugrad.nn.AdaptiveAvgPool3d((1, None, 2))(gpugrad.zeros(3, 5, 7, 4)).shape
    torch.Size([3, 1, 7, 2])
    """

    _pool = staticmethod(F.adaptive_avg_pool3d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest elements of so many about equal parts of each volume.

    >>> import gpugrad
    >>> gpugrad.nn.AdaptiveMaxPool3d(2)(gpugrad.zeros(3, 5, 7, 4)).shape
    torch.Size([3, 2, 2, 2])
    """

    _pool = staticmethod(F.adaptive_max_pool3d)
