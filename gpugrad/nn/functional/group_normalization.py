"""Normalization of groups of channels, or of each channel, of every sample by itself."""

from __future__ import annotations

import math

from ...autograd.composed import shown_as
from ...autograd.grad_mode import no_grad
from ...casting.calls import THREADS, casting
from ...ops import channel_norm
from ...tensor import Tensor
from .promotion import require_floating


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) · weight + bias, over each of ``num_groups`` parts of the
    channels of each sample.

    Wu and He, "Group Normalization", 2018.

    Shape:
        input (N, C, *), weight and bias (C).

    Raises:
        RuntimeError: the groups do not divide the channels, or weight or bias has another shape.
        ValueError: there is only one value in each group.

    >>> import gpugrad
    >>> gpugrad.nn.functional.group_norm(gpugrad.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    if THREADS and (run := casting("group_norm")):
        return run(group_norm, input, num_groups, weight, bias, eps)
    require_floating(input, "GroupNormKernelImpl")
    if input.dim() < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.dim()}"
        )
    shape = tuple(input.shape)
    batch, channels = shape[:2]
    if batch * channels // num_groups * math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {list(shape)}"
        )
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tuple(tensor.shape) != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(tensor.shape)} and input of shape {list(shape)}"
            )
    if input.dtype.itemsize == 2:  # rounded once, at the end
        narrow: Tensor = group_norm(input.float(), num_groups, weight, bias, eps).to(input.dtype)
        return narrow
    if input.numel() and len({t.dtype for t in (input, weight, bias) if t is not None}) == 1:
        with_weight = None if weight is None else bias
        result: Tensor = channel_norm.group_norm(input, num_groups, weight, with_weight, float(eps))
        return result if bias is None or weight is not None else _scaled(result, None, bias)
    parts = input.reshape((batch, num_groups, channels // num_groups * math.prod(shape[2:])))
    centred = parts - parts.mean(2, True)
    normal = centred * (centred.square().mean(2, True) + eps).rsqrt()
    return _scaled(normal.reshape(shape), weight, bias)


@shown_as("ViewBackward0")
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) · weight + bias, over each channel of each sample.

    Ulyanov, Vedaldi and Lempitsky, "Instance Normalization", 2016.

    Args:
        running_mean, running_var: moved towards the mean of the samples' statistics, in place; or
            used instead of these without ``use_input_stats``.

    Shape:
        input (N, C, *), the other tensors (C).

    Raises:
        ValueError: there is only one value in each channel.
        RuntimeError: there are no statistics to use.

    >>> import gpugrad
    >>> gpugrad.nn.functional.instance_norm(gpugrad.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """
    require_floating(input, "batch_norm")
    if input.dtype.itemsize == 2:  # rounded once, at the end
        parameters = running_mean, running_var, weight, bias
        wide = instance_norm(input.float(), *parameters, use_input_stats, momentum, eps)
        narrow: Tensor = wide.to(input.dtype)
        return narrow
    dims = tuple(range(2, input.dim()))
    count = math.prod(input.shape[2:])
    shape = (1, input.size(1), *(1,) * len(dims))
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "Expected running_mean and running_var to be defined when use_input_stats is false"
            )
        centred = input - running_mean.reshape(shape)
        return _scaled(centred * (running_var.reshape(shape) + eps).rsqrt(), weight, bias)
    if count == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.size()}"
        )
    mean = input.mean(dims, True)
    centred = input - mean
    variance = centred.square().mean(dims, True)
    with no_grad():
        for running, batch, factor in (
            (running_mean, mean, 1.0),
            (running_var, variance, count / max(count - 1, 1)),
        ):
            if running is not None:
                step = batch.mean(0).reshape(-1) * (momentum * factor)
                running.mul_(1 - momentum).add_(step)
    return _scaled(centred * (variance + eps).rsqrt(), weight, bias)


def _scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    shape = (1, -1, *(1,) * (x.dim() - 2))
    if weight is not None:
        x = x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)
