"""Pooling over about equal parts: ``adaptive_avg_pool`` and ``adaptive_max_pool``, 1d and 2d."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.composed import show_as
from ...backend.windows import Geometry
from ...creation import tensor
from ...ops import pool
from ...tensor import Tensor
from .pooling import require_dims


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of ``output_size`` about equal parts of the last dimension.

    Shape:
        input (N, C, L) or (C, L), output (N, C, output_size) or (C, output_size).

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_avg_pool1d(gpugrad.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    require_dims("adaptive_avg_pool1d", input)
    result = adaptive_avg_nd(input, adapted("adaptive_avg_pool1d", 1, input, output_size))
    return show_as(result, "SqueezeBackward1")


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of so many about equal parts of each plane.

    Part i of n parts of a dimension of size m goes from floor(i · m / n) to ceil((i + 1) · m / n).

    Args:
        output_size: how many parts: a number, or one for each dimension, ``None`` for its size.

    Shape:
        input (N, C, H, W) or (C, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_avg_pool2d(gpugrad.arange(9.0).reshape(1, 3, 3), 2)
    tensor([[[2., 3.],
             [5., 6.]]])
    """
    require_planes(input, output_size)
    if input.dim() not in (3, 4):
        raise RuntimeError(
            f"adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got {list(input.shape)}"
        )
    result = adaptive_avg_nd(input, adapted("adaptive_avg_pool2d", 2, input, output_size))
    # A single part is printed as the mean that it is.
    return (
        result if result.shape[-2:].numel() == 1 else show_as(result, "AdaptiveAvgPool2DBackward0")
    )


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of ``output_size`` about equal parts of the last dimension.

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_max_pool1d(gpugrad.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    require_dims("adaptive_max_pool1d", input)
    return adaptive_max_nd("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of so many about equal parts of each plane.

    Arguments as in :func:`adaptive_avg_pool2d`; ``return_indices`` as in :func:`max_pool2d`.

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_max_pool2d(gpugrad.arange(9.0).reshape(1, 3, 3), 2)
    tensor([[[4., 5.],
             [7., 8.]]])
    """
    require_planes(input, output_size)
    if input.dim() not in (3, 4):
        raise RuntimeError(
            f"adaptive_max_pool2d(): Expected 3D or 4D tensor, but got: {list(input.shape)}"
        )
    return adaptive_max_nd("adaptive_max_pool2d", 2, input, output_size, return_indices)


# --- the parts ------------------------------------------------------------------------------------


def require_planes(input: Tensor, output_size: Any) -> None:
    """Refuse an input with no more dimensions than there are sizes of the output."""
    if not isinstance(output_size, int) and input.dim() <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")


def adapted(name: str, ndim: int, input: Tensor, output_size: Any) -> list[list[range]]:
    """For each of the last dimensions, the indices of each part."""
    given = (output_size,) * ndim if isinstance(output_size, int) else tuple(output_size)
    size = tuple(input.shape[-ndim:])
    if len(given) != ndim:
        raise RuntimeError(f"{name}: output_size must be {ndim}")
    wanted = [n if w is None else w for w, n in zip(given, size, strict=True)]
    if any(w < 0 for w in wanted):
        listed = ", ".join(map(str, wanted))
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received "
            f"{{{listed}}}"
        )
    for dim in range(input.dim() - ndim, input.dim()):
        if input.size(dim) == 0:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but "
                f"input has sizes {list(input.shape)} with dimension {dim} being empty"
            )
    if not input.is_floating_point():
        raise NotImplementedError(f"\"{name}\" not implemented for '{input.dtype.word}'")
    return [
        [range(i * n // w, -(-(i + 1) * n // w)) for i in range(w)]
        for n, w in zip(size, wanted, strict=True)
    ]


def adaptive_avg_nd(input: Tensor, parts: list[list[range]]) -> Tensor:
    ndim = len(parts)
    if all(len(p) == 1 for p in parts):
        mean: Tensor = input.mean(tuple(range(-ndim, 0)), True)
        return mean
    size = input.shape[-ndim:]
    if all(len(p) and n % len(p) == 0 for p, n in zip(parts, size, strict=True)):
        kernel = tuple(len(p[0]) for p in parts)
        g = Geometry(kernel, kernel, ((0, 0),) * ndim, (1,) * ndim)
        result: Tensor = pool.avg_pool(input, g, math.prod(kernel))
        return result
    for dim, (ranges, n) in enumerate(zip(parts, size, strict=True), -ndim):
        # The means of parts of unequal sizes are a product with a matrix of their shares.
        shares = [[1 / len(r) if i in r else 0.0 for i in range(n)] for r in ranges]
        matrix = tensor(shares, dtype=input.dtype, device=input.device).reshape(len(ranges), n)
        last = (input.transpose(dim, -1) @ matrix.t()) if dim != -1 else input @ matrix.t()
        input = last.transpose(dim, -1) if dim != -1 else last
    return input.contiguous()


def adaptive_max_nd(
    name: str, ndim: int, input: Tensor, output_size: Any, return_indices: bool
) -> Any:
    parts = adapted(name, ndim, input, output_size)
    result, index = pool.adaptive_max_pool(input, parts)
    return (result, index) if return_indices else result
