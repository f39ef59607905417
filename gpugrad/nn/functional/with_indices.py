"""Max-pooling that also returns where the largest elements are."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .adaptive_pooling import adaptive_max_pool1d, adaptive_max_pool2d
from .pooling import Sizes, max_pool1d, max_pool2d
from .pooling3d import adaptive_max_pool3d, max_pool3d


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """:func:`max_pool1d` with ``return_indices=True``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.max_pool1d_with_indices(gpugrad.tensor([[1.0, 3.0]]), 2)
    (tensor([[3.]]), tensor([[1]]))
    """
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """:func:`max_pool2d` with ``return_indices=True``.

    >>> import gpugrad
    >>> x = gpugrad.arange(4.0).reshape(1, 2, 2)
    >>> gpugrad.nn.functional.max_pool2d_with_indices(x, 2)
    (tensor([[[3.]]]), tensor([[[3]]]))
    """
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """:func:`max_pool3d` with ``return_indices=True``.

    >>> import gpugrad
    >>> x = gpugrad.arange(8.0).reshape(1, 2, 2, 2)
    >>> gpugrad.nn.functional.max_pool3d_with_indices(x, 2)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """:func:`adaptive_max_pool1d` with ``return_indices=True``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_max_pool1d_with_indices(gpugrad.tensor([[1.0, 3.0]]), 1)
    (tensor([[3.]]), tensor([[1]]))
    """
    return adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """:func:`adaptive_max_pool2d` with ``return_indices=True``.

    >>> import gpugrad
    >>> x = gpugrad.arange(4.0).reshape(1, 2, 2)
    >>> gpugrad.nn.functional.adaptive_max_pool2d_with_indices(x, 1)
    (tensor([[[3.]]]), tensor([[[3]]]))
    """
    return adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """:func:`adaptive_max_pool3d` with ``return_indices=True``.

    >>> import gpugrad
    >>> x = gpugrad.arange(8.0).reshape(1, 2, 2, 2)
    >>> gpugrad.nn.functional.adaptive_max_pool3d_with_indices(x, 1)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return adaptive_max_pool3d(input, output_size, True)
