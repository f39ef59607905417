"""Pooling by norms, and normalization by the squares of neighbouring channels."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...tensor import Tensor
from .padding import pad
from .pooling import Sizes, avg_pool1d, avg_pool2d, each
from .pooling3d import avg_pool3d
from .promotion import refuse_bools


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: int,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of each window along the last dimension; see :func:`lp_pool2d`.

    >>> import gpugrad
    >>> gpugrad.nn.functional.lp_pool1d(gpugrad.tensor([[3.0, 4.0]]), 2, 2)
    tensor([[5.]])
    """
    return _lp_pool(1, avg_pool1d, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-th root of the sum of xᵖ in each window of a plane; 0 where that sum is negative.

    >>> import gpugrad
    >>> gpugrad.nn.functional.lp_pool2d(gpugrad.full((1, 2, 2), 2.0), 2, 2)
    tensor([[[4.]]])
    """
    return _lp_pool(2, avg_pool2d, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of each window of a volume; see :func:`lp_pool2d`.

    >>> import gpugrad
    >>> gpugrad.nn.functional.lp_pool3d(gpugrad.full((1, 1, 2, 2), 2.0), 2, (1, 2, 2))
    tensor([[[[4.]]]])
    """
    return _lp_pool(3, avg_pool3d, input, norm_type, kernel_size, stride, ceil_mode)


def _lp_pool(
    ndim: int,
    pool: Callable[..., Tensor],
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None,
    ceil_mode: bool,
) -> Tensor:
    count = math.prod(each("lp_pool", "kernel_size", ndim, kernel_size))
    mean = pool(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    total = (mean.sign() * mean.abs().relu()) * count
    result: Tensor = total.pow(1.0 / norm_type)
    return result


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """x / (k + alpha · mean of x² over ``size`` neighbouring channels)^beta.

    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", 2012. Beyond the first and the last channel there are zeros.

    Shape:
        input (N, C, *).

    Raises:
        ValueError: fewer than three dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.functional.local_response_norm(gpugrad.ones(1, 1, 1), 1, alpha=3.0, beta=0.5)
    tensor([[[0.5000]]])
    """
    refuse_bools(input, "avg_pool2d")
    if input.dim() < 3:
        raise ValueError(
            "Expected 3D or higher dimensionality                          input (got "
            f"{input.dim()} dimensions)"
        )
    if input.numel() == 0:
        return input
    columns = input.square().reshape(input.size(0), 1, input.size(1), -1)
    padded = pad(columns, (0, 0, size // 2, (size - 1) // 2))
    means = avg_pool2d(padded, (size, 1), 1).reshape(input.shape)
    result: Tensor = input / (means * alpha + k).pow(beta)
    return result
