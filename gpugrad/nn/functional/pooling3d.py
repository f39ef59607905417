"""Pooling over windows of three dimensions, and over about equal parts of them."""

from __future__ import annotations

from typing import Any

from ...autograd.composed import shown_as
from ...casting.calls import THREADS, casting
from ...tensor import Tensor
from .adaptive_pooling import adapted, adaptive_avg_nd, adaptive_max_nd, require_planes
from .out import stored
from .pooling import Sizes, avg_pool_nd, each, max_pool_nd
from .promotion import refuse_bools


def max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of a volume; see :func:`max_pool2d`.

    Shape:
        input (N, C, D, H, W) or (C, D, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.functional.max_pool3d(gpugrad.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    if THREADS and (run := casting("max_pool3d")):
        return run(
            max_pool3d, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
        )
    windows = kernel_size, stride, padding, dilation, ceil_mode
    if return_indices:
        return max_pool_nd("max_pool3d", 3, input, *windows, True)
    return _max_pool3d(input, *windows)


@shown_as("MaxPool3DWithIndices")
def _max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Tensor:
    windows = kernel_size, stride, padding, dilation, ceil_mode
    result: Tensor = max_pool_nd("max_pool3d", 3, input, *windows, False)
    return result


@shown_as("AvgPool3D")
def avg_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The mean of each window of a volume; see :func:`avg_pool2d`.

    Shape:
        input (N, C, D, H, W) or (C, D, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.functional.avg_pool3d(gpugrad.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    if THREADS and (run := casting("avg_pool3d")):
        return run(
            avg_pool3d,
            input,
            kernel_size,
            stride,
            padding,
            ceil_mode,
            count_include_pad,
            divisor_override,
        )
    refuse_bools(input, "avg_pool3d_out_frame")
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    _require_room(input, each("avg_pool3d", "kernel_size", 3, kernel_size), padding)
    windows = kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    result = avg_pool_nd("avg_pool3d", 3, input, *windows)
    return result if out is None else stored(out, result, "avg_pool3d")


def _require_room(input: Tensor, kernel: tuple[int, ...], padding: Sizes) -> None:
    if input.dim() not in (4, 5):
        return  # refused with the other arguments
    edges = each("avg_pool3d", "padding", 3, padding)
    room = [n + 2 * p for n, p in zip(input.shape[-3:], edges, strict=True)]
    if any(n < k for n, k in zip(room, kernel, strict=True)):
        sizes = " ".join(f"{d}: {n}" for d, n in zip("THW", input.shape[-3:], strict=True))
        kernels = " ".join(f"k{d}: {n}" for d, n in zip("THW", kernel, strict=True))
        raise RuntimeError(f"input image ({sizes}) smaller than kernel size ({kernels})")


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The means of so many about equal parts of each volume; see :func:`adaptive_avg_pool2d`.

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_avg_pool3d(gpugrad.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[3.5000]]]])
    """
    if THREADS and (run := casting("adaptive_avg_pool3d")):
        return run(adaptive_avg_pool3d, input, output_size)
    require_planes(input, output_size)
    if input.dim() not in (4, 5):
        raise RuntimeError(
            f"adaptive_avg_pool3d(): Expected 4D or 5D tensor, but got {list(input.shape)}"
        )
    parts = adapted("adaptive_avg_pool3d", 3, input, output_size)
    if all(len(ranges) == 1 for ranges in parts):
        return adaptive_avg_nd(input, parts)
    return _parts_of_volume(input, parts)


@shown_as("AdaptiveAvgPool3D")
def _parts_of_volume(input: Tensor, parts: list[list[range]]) -> Tensor:
    return adaptive_avg_nd(input, parts)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of so many about equal parts of each volume.

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_max_pool3d(gpugrad.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[7.]]]])
    """
    if THREADS and (run := casting("adaptive_max_pool3d")):
        return run(adaptive_max_pool3d, input, output_size, return_indices)
    require_planes(input, output_size)
    if input.dim() not in (4, 5):
        raise RuntimeError(
            f"adaptive_max_pool3d(): Expected 4D or 5D tensor, but got: {list(input.shape)}"
        )
    return adaptive_max_nd("adaptive_max_pool3d", 3, input, output_size, return_indices)
