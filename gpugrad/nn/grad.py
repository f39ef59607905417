"""The gradients of convolutions as functions of their own."""

from __future__ import annotations

from collections.abc import Sequence

from ..backend.windows import Geometry
from ..ops.conv import ConvolutionTranspose, ConvolutionWeight
from ..tensor import Tensor
from .functional.conv_arguments import Sizes, each


def conv1d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv1d`` in its input, of shape ``input_size``.

    >>> import gpugrad
    >>> weight, grad = gpugrad.tensor([[[1.0, 10.0]]]), gpugrad.ones(1, 1, 2)
    >>> gpugrad.nn.grad.conv1d_input((1, 1, 3), weight, grad)
    tensor([[[ 1., 11., 10.]]])
    """
    return _of_input(1, input_size, weight, grad_output, stride, padding, dilation, groups)


def conv1d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv1d`` in its weight, of shape ``weight_size``.

    >>> import gpugrad
    >>> x, grad = gpugrad.tensor([[[1.0, 2.0, 3.0]]]), gpugrad.ones(1, 1, 2)
    >>> gpugrad.nn.grad.conv1d_weight(x, (1, 1, 2), grad)
    tensor([[[3., 5.]]])
    """
    return _of_weight(1, input, weight_size, grad_output, stride, padding, dilation, groups)


def conv2d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv2d`` in its input, of shape ``input_size``.

    >>> import gpugrad
    >>> weight, grad = gpugrad.ones(1, 1, 2, 2), gpugrad.ones(1, 1, 1, 1)
    >>> gpugrad.nn.grad.conv2d_input((1, 1, 2, 2), weight, grad)
    tensor([[[[1., 1.],
              [1., 1.]]]])
    """
    return _of_input(2, input_size, weight, grad_output, stride, padding, dilation, groups)


def conv2d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv2d`` in its weight, of shape ``weight_size``.

    >>> import gpugrad
    >>> x, grad = gpugrad.arange(4.0).reshape(1, 1, 2, 2), gpugrad.ones(1, 1, 1, 1)
    >>> gpugrad.nn.grad.conv2d_weight(x, (1, 1, 2, 2), grad)
    tensor([[[[0., 1.],
              [2., 3.]]]])
    """
    return _of_weight(2, input, weight_size, grad_output, stride, padding, dilation, groups)


def conv3d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv3d`` in its input, of shape ``input_size``.

    >>> import gpugrad
    >>> weight, grad = gpugrad.ones(1, 1, 1, 1, 2), gpugrad.ones(1, 1, 1, 1, 1)
    >>> gpugrad.nn.grad.conv3d_input((1, 1, 1, 1, 2), weight, grad)
    tensor([[[[[1., 1.]]]]])
    """
    return _of_input(3, input_size, weight, grad_output, stride, padding, dilation, groups)


def conv3d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv3d`` in its weight, of shape ``weight_size``.

    >>> import gpugrad
    >>> x, grad = gpugrad.tensor([[[[[1.0, 2.0]]]]]), gpugrad.ones(1, 1, 1, 1, 1)
    >>> gpugrad.nn.grad.conv3d_weight(x, (1, 1, 1, 1, 2), grad)
    tensor([[[[[1., 2.]]]]])
    """
    return _of_weight(3, input, weight_size, grad_output, stride, padding, dilation, groups)


def _geometry(
    ndim: int, kernel: Sequence[int], stride: Sizes, padding: Sizes, dilation: Sizes
) -> Geometry:
    widths = tuple((n, n) for n in each(ndim, "padding", padding))
    steps, spacing = each(ndim, "stride", stride), each(ndim, "dilation", dilation)
    return Geometry(tuple(kernel), steps, widths, spacing)


def _of_input(
    ndim: int,
    input_size: Sequence[int],
    weight: Tensor,
    grad: Tensor,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    geometry = _geometry(ndim, weight.shape[2:], stride, padding, dilation)
    result: Tensor = ConvolutionTranspose.apply(
        grad, weight, geometry, groups, tuple(input_size[2:])
    )
    return result


def _of_weight(
    ndim: int,
    input: Tensor,
    weight_size: Sequence[int],
    grad: Tensor,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    geometry = _geometry(ndim, weight_size[2:], stride, padding, dilation)
    result: Tensor = ConvolutionWeight.apply(input, grad, geometry, groups)
    return result
