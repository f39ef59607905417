"""Windows as columns and back, and channels as finer planes and back."""

from __future__ import annotations

import math
from typing import TypeAlias

from ...autograd.composed import shown_as
from ...backend.windows import Geometry
from ...dtypes import bool_
from ...ops.conv import Col2im, Im2col
from ...tensor import Tensor
from .promotion import require_floating

Sizes: TypeAlias = int | tuple[int, ...]


def unfold(
    input: Tensor, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> Tensor:
    """What lies under each window of a plane, as columns.

    Shape:
        input (N, C, H, W) or (C, H, W), output (N, C · kh · kw, windows) or (C · kh · kw, windows).

    Raises:
        RuntimeError: the input is smaller than a window, or arguments do not fit.

    >>> import gpugrad
    >>> gpugrad.nn.functional.unfold(gpugrad.arange(6.0).reshape(1, 2, 3), 2)
    tensor([[0., 1.],
            [1., 2.],
            [3., 4.],
            [4., 5.]])
    """
    geometry = _geometry(kernel_size, dilation, padding, stride)
    if input.dtype is not bool_:
        require_floating(input, "im2col_out_cpu")
    if input.dim() not in (3, 4):
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
    size = tuple(input.shape[-2:])
    count = geometry.windows(size)
    if any(n < 1 for n in count):
        edges = tuple(low for low, _ in geometry.padding)
        raise RuntimeError(
            f"Given input with spatial size {size}, kernel_size={geometry.kernel}, "
            f"dilation={geometry.dilation}, padding={edges}, calculated shape of the array of "
            f"sliding blocks as {count}, but its components must be at "
            "least one."
        )
    if input.dim() == 4:
        result: Tensor = Im2col.apply(input, geometry)
        return result
    alone: Tensor = Im2col.apply(input.unsqueeze(0), geometry).squeeze(0)
    return alone


def fold(
    input: Tensor,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """Columns added up where :func:`unfold` takes them from.

    Shape:
        input (N, C · kh · kw, windows) or (C · kh · kw, windows), output (N, C, H, W) or (C, H, W).

    Raises:
        RuntimeError: the columns are not those of such windows.

    >>> import gpugrad
    >>> gpugrad.nn.functional.fold(gpugrad.ones(4, 2), (2, 3), 2)
    tensor([[[1., 2., 1.],
             [1., 2., 1.]]])
    """
    geometry = _geometry(kernel_size, dilation, padding, stride)
    size = _pair("output_size", output_size)
    if input.dim() not in (2, 3):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    dim = input.dim() - 2
    if input.size(dim) % math.prod(geometry.kernel):
        raise RuntimeError(
            f"Expected size of input's dimension {dim} to be divisible by the product of "
            f"kernel_size, but got input.size({dim})={input.size(dim)} and "
            f"kernel_size={geometry.kernel}."
        )
    count = geometry.windows(size)
    if input.size(dim + 1) != math.prod(count):
        edges = tuple(low for low, _ in geometry.padding)
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={geometry.kernel}, "
            f"dilation={geometry.dilation}, padding={edges}, stride={geometry.stride}, expected "
            f"size of input's dimension {dim + 1} to match the calculated number of sliding blocks "
            f"{count[0]} * {count[1]} = {math.prod(count)}, but got "
            f"input.size({dim + 1})={input.size(dim + 1)}."
        )
    if input.dim() == 3:
        result: Tensor = Col2im.apply(input, geometry, size)
        return result
    alone: Tensor = Col2im.apply(input.unsqueeze(0), geometry, size).squeeze(0)
    return alone


def _geometry(kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Geometry:
    edges = _pair("padding", padding)
    return Geometry(
        _pair("kernel_size", kernel),
        _pair("stride", stride),
        tuple((n, n) for n in edges),
        _pair("dilation", dilation),
    )


def _pair(name: str, value: Sizes) -> tuple[int, ...]:
    if isinstance(value, int):
        return value, value
    values = tuple(value)
    if len(values) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(values)}")
    return values


@shown_as("PixelShuffleBackward0")
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Planes finer by a factor r, each made of r² channels.

    Shape:
        input (*, C · r², H, W), output (*, C, H · r, W · r).

    >>> import gpugrad
    >>> gpugrad.nn.functional.pixel_shuffle(gpugrad.arange(4.0).reshape(4, 1, 1), 2)
    tensor([[[0., 1.],
             [2., 3.]]])
    """
    r = upscale_factor
    _require_planes("pixel_shuffle", input)
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    parts = input.reshape((*lead, channels // (r * r), r, r, height, width))
    n = len(lead)
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    shape = (*lead, channels // (r * r), height * r, width * r)
    result: Tensor = parts.permute(order).reshape(shape)
    return result


@shown_as("PixelUnshuffleBackward0")
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """What :func:`pixel_shuffle` undoes.

    Shape:
        input (*, C, H · r, W · r), output (*, C · r², H, W).

    >>> import gpugrad
    >>> gpugrad.nn.functional.pixel_unshuffle(gpugrad.zeros(1, 4, 6), 2).shape
    torch.Size([4, 2, 3])
    """
    r = downscale_factor
    _require_planes("pixel_unshuffle", input)
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *lead, channels, height, width = input.shape
    for name, dim, n in (("height", -2, height), ("width", -1, width)):
        if n % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({dim})={n} is not divisible by {r}"
            )
    parts = input.reshape((*lead, channels, height // r, r, width // r, r))
    n = len(lead)
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    shape = (*lead, channels * r * r, height // r, width // r)
    result: Tensor = parts.permute(order).reshape(shape)
    return result


def _require_planes(name: str, input: Tensor) -> None:
    if input.dim() < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with "
            f"{input.dim()} dimension(s)"
        )


@shown_as("ChannelShuffle")
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The first channels of all groups, then their second ones, and so on.

    Zhang et al., "ShuffleNet", 2018.

    Shape:
        input (N, C, *), C being a multiple of ``groups``.

    Raises:
        RuntimeError: C is no multiple of ``groups``, or there are fewer than three dimensions.

    >>> import gpugrad
    >>> x = gpugrad.arange(4).reshape(1, 4, 1)
    >>> gpugrad.nn.functional.channel_shuffle(x, 2).flatten()
    tensor([0, 2, 1, 3])
    """
    if input.dim() <= 2:
        raise RuntimeError(
            "channel_shuffle expects input with > 2 dims, but got input with sizes "
            f"{list(input.shape)}"
        )
    channels = input.size(1)
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} "
            "groups."
        )
    parts = input.reshape(input.size(0), groups, channels // groups, -1)
    result: Tensor = parts.transpose(1, 2).reshape(input.shape)
    return result
