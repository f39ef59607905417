"""A batch normalization in evaluation made part of the layer before it."""

from __future__ import annotations

import copy
from typing import Any

from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter

Weights = tuple[Parameter, Parameter]


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Module:
    """A convolution that computes ``bn(conv(x))``, with new parameters.

    Args:
        transpose: whether it is a transposed convolution.

    Raises:
        AssertionError: one of the layers is in training.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> conv, norm = nn.Conv2d(1, 2, 3).eval(), nn.BatchNorm2d(2).eval()
    >>> x = gpugrad.ones(1, 1, 4, 4)
    >>> nn.utils.fuse_conv_bn_eval(conv, norm)(x).allclose(norm(conv(x)), atol=1e-6)
    True
    """
    return _fused(conv, bn, transpose)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Module:
    """A linear layer that computes ``bn(linear(x))``, with new parameters.

    Raises:
        AssertionError: one of the layers is in training, or their sizes do not fit.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> linear, norm = nn.Linear(3, 2).eval(), nn.BatchNorm1d(2).eval()
    >>> x = gpugrad.ones(4, 3)
    >>> nn.utils.fuse_linear_bn_eval(linear, norm)(x).allclose(norm(linear(x)), atol=1e-6)
    True
    """
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1"
        )
    return _fused(linear, bn, False)


def _fused(layer: Any, bn: Any, transpose: bool) -> Module:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    result: Any = copy.deepcopy(layer)
    statistics = bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    result.weight, result.bias = fuse_conv_bn_weights(
        layer.weight, layer.bias, *statistics, transpose
    )
    fused: Module = result
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> Weights:
    """The weight and bias of a convolution with the normalization after it.

    Args:
        conv_w, conv_b: those of the convolution.
        bn_rm, bn_rv, bn_eps, bn_w, bn_b: the normalization's mean, variance, eps, weight and bias.
        transpose: whether the outputs are dimension 1 of the weight.

    >>> import gpugrad
    >>> one, zero = gpugrad.ones(1), gpugrad.zeros(1)
    >>> weight, bias = gpugrad.nn.utils.fuse_conv_bn_weights(
    ...     gpugrad.ones(1, 1, 1), None, zero, 4 * one, 0.0, one, one
    ... )
    >>> weight.item(), bias.item()
    (0.5, 1.0)
    """
    bias = bn_rm.new_zeros(bn_rm.shape) if conv_b is None else conv_b
    shift = bn_rm.new_zeros(bn_rm.shape) if bn_b is None else bn_b
    scale = (bn_rv + bn_eps).rsqrt()
    if bn_w is not None:
        scale = scale * bn_w
    shape = [1] * conv_w.dim()
    shape[1 if transpose else 0] = -1
    weight = (conv_w * scale.reshape(shape)).to(conv_w.dtype)
    shifted = ((bias - bn_rm) * scale + shift).to(bias.dtype)
    return (
        Parameter(weight.detach(), conv_w.requires_grad),
        Parameter(shifted.detach(), bias.requires_grad),
    )


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> Weights:
    """The weight and bias of a linear layer with the normalization after it.

    Arguments as of :func:`fuse_conv_bn_weights`.

    >>> import gpugrad
    >>> one, zero = gpugrad.ones(1), gpugrad.zeros(1)
    >>> weight, bias = gpugrad.nn.utils.fuse_linear_bn_weights(
    ...     gpugrad.ones(1, 1), None, zero, 4 * one, 0.0, one, one
    ... )
    >>> weight.item(), bias.item()
    (0.5, 1.0)
    """
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
