"""Max-pooling to a given size over windows at random places.

Graham, "Fractional Max-Pooling", 2014: the windows overlap, and their places grow by steps that are
random, but the same on average.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ... import dtypes
from ...autograd.composed import shown_as
from ...creation import arange, tensor
from ...random.functions import rand
from ...tensor import Tensor
from .pooling import Sizes


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of each of so many windows at random places of a plane.

    Args:
        output_size: how many windows: a number, or one for each dimension.
        output_ratio: that as a share of the input's size, instead.
        return_indices: also return the elements' row-major numbers in their planes.
        _random_samples: (N, C, 2), the random numbers in [0, 1) that place the windows of each
            plane; drawn if not given.

    Shape:
        input (N, C, H, W) or (C, H, W).

    Raises:
        ValueError: neither or both of size and ratio are given.
        RuntimeError: windows larger than the input has room for.

    >>> import gpugrad
    >>> x = gpugrad.arange(16.0).reshape(1, 4, 4)
    >>> gpugrad.nn.functional.fractional_max_pool2d(x, 3, output_size=1)
    tensor([[[15.]]])
    """
    arguments = kernel_size, output_size, output_ratio, _random_samples
    pooled, index = fractional_max_pool2d_with_indices(input, *arguments[:3], True, arguments[3])
    return (pooled, index) if return_indices else pooled


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """:func:`fractional_max_pool2d` with ``return_indices=True``.

    >>> import gpugrad
    >>> x = gpugrad.arange(16.0).reshape(1, 4, 4)
    >>> gpugrad.nn.functional.fractional_max_pool2d_with_indices(x, 3, output_size=1)
    (tensor([[[15.]]]), tensor([[[15]]]))
    """
    kernel, size, samples = _prepared(
        "fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, _random_samples
    )
    where = _largest(input, kernel, size, samples.flip(-1))
    return _picked_from_planes(input, where), where


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of each of so many windows at random places of a volume.

    Arguments as in :func:`fractional_max_pool2d`, with ``_random_samples`` of shape (N, C, 3).

    Shape:
        input (N, C, D, H, W) or (C, D, H, W).

    >>> import gpugrad
    >>> x = gpugrad.arange(27.0).reshape(1, 3, 3, 3)
    >>> gpugrad.nn.functional.fractional_max_pool3d(x, 2, output_size=1)
    tensor([[[[26.]]]])
    """
    arguments = kernel_size, output_size, output_ratio, _random_samples
    pooled, index = fractional_max_pool3d_with_indices(input, *arguments[:3], True, arguments[3])
    return (pooled, index) if return_indices else pooled


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """:func:`fractional_max_pool3d` with ``return_indices=True``.

    >>> import gpugrad
    >>> x = gpugrad.arange(27.0).reshape(1, 3, 3, 3)
    >>> gpugrad.nn.functional.fractional_max_pool3d_with_indices(x, 2, output_size=1)
    (tensor([[[[26.]]]]), tensor([[[[26]]]]))
    """
    kernel, size, samples = _prepared(
        "fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, _random_samples
    )
    where = _largest(input, kernel, size, samples)
    return _picked_from_volumes(input, where), where


def _prepared(
    name: str,
    ndim: int,
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None,
    output_ratio: Any,
    samples: Tensor | None,
) -> tuple[tuple[int, ...], tuple[int, ...], Tensor]:
    """The sizes of the windows and of the result, and the random numbers."""
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        ratios = _each(output_ratio, ndim)
        if len(ratios) != ndim:
            raise ValueError(
                f"{name} requires output_ratio to either be a single Int or tuple of Ints."
            )
        extent = [input.size(d) for d in range(-ndim, 0)]
        wanted = tuple(int(n * r) for n, r in zip(extent, ratios, strict=True))
    else:
        wanted = _each(output_size, ndim)
    if samples is None:
        batch = 1 if input.dim() == ndim + 1 else input.size(0)
        size = (batch, input.size(-ndim - 1), ndim)
        samples = rand(size, dtype=input.dtype, device=input.device)
    kernel = _each(kernel_size, ndim)
    _check(name, ndim, input, kernel, wanted, samples)
    return kernel, wanted, samples


def _check(
    name: str,
    ndim: int,
    input: Tensor,
    kernel: Sequence[int],
    wanted: Sequence[int],
    samples: Tensor,
) -> None:
    for what, given in (("kernel_size", kernel), ("output_size", wanted)):
        if len(given) != ndim:
            raise RuntimeError(f"{name}: {what} must either be a single int or tuple of Ints")
    if not input.is_floating_point():
        raise NotImplementedError(
            f"\"check_uniform_bounds\" not implemented for '{input.dtype.word}'"
        )
    if input.dim() not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            f"{name}(): Expected {ndim + 1}D or {ndim + 2}D tensor, but got: {list(input.shape)}"
        )
    for dim in range(input.dim() - ndim - 1, input.dim()):
        if input.size(dim) == 0:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but "
                f"got{list(input.shape)} with dimension {dim} being empty."
            )
    names = ("time", "height", "width")[-ndim:]
    for word, n, k, count in zip(names, input.shape[-ndim:], kernel, wanted, strict=True):
        if count + k - 1 > n:
            raise RuntimeError(f"{name}(): pool {word} {k} too large relative to input {word} {n}")
    planes = tuple(samples.shape[:2])
    if samples.dim() != 3 or samples.size(2) != ndim:
        raise RuntimeError(f"Expect _random_samples of shape (N, C, {ndim})")
    if planes[1] != input.size(-ndim - 1):
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    if input.dim() == ndim + 2 and planes[0] < input.size(0):
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")


def _largest(
    input: Tensor, kernel: Sequence[int], wanted: Sequence[int], samples: Tensor
) -> Tensor:
    """The row-major numbers of the largest elements: (N, C, *wanted), or without N.

    ``samples`` holds a number for each plane and dimension, the first dimension first.
    """
    ndim = len(kernel)
    planes = tuple(input.shape[: input.dim() - ndim])
    extent = tuple(input.shape[-ndim:])
    device = input.device
    chosen = samples[: planes[0]] if len(planes) == 2 else samples[0]
    number: Tensor | None = None
    for d, (n, k, count) in enumerate(zip(extent, kernel, wanted, strict=True)):
        places = _starts(chosen[..., d : d + 1].to(_wide(input)), n, k, count)
        places = places.unsqueeze(-1) + arange(k, device=device)
        shape = [1] * 2 * ndim
        shape[d], shape[ndim + d] = count, k
        along = places.reshape((*planes, *shape)) * math.prod(extent[d + 1 :])
        number = along if number is None else number + along
    assert number is not None
    number = number.reshape((*planes, math.prod(wanted), math.prod(kernel)))
    flat = input.detach().flatten(-ndim).unsqueeze(-2)
    seen = flat.expand((*planes, number.size(-2), flat.size(-1))).gather(-1, number)
    first = seen.argmax(-1, keepdim=True)
    result: Tensor = number.gather(-1, first).reshape((*planes, *wanted))
    return result


def _starts(sample: Tensor, n: int, k: int, count: int) -> Tensor:
    """Where the windows of each plane begin along one dimension: (*planes, count)."""
    last = tensor(n - k, dtype=dtypes.int64, device=sample.device)
    if count == 1:
        only: Tensor = last.expand(sample.shape)
        return only
    step = (n - k) / (count - 1)
    index = arange(count, device=sample.device)
    moved = ((index.to(sample.dtype) + sample) * step).long() - (sample * step).long()
    result: Tensor = moved.where(index < count - 1, last)
    return result


def _wide(input: Tensor) -> dtypes.dtype:
    return dtypes.float64 if input.dtype is dtypes.float64 else dtypes.float32


@shown_as("FractionalMaxPool2D", is_flat=True)
def _picked_from_planes(input: Tensor, where: Tensor) -> Tensor:
    return _picked(input, where, 2)


@shown_as("FractionalMaxPool3D", is_flat=True)
def _picked_from_volumes(input: Tensor, where: Tensor) -> Tensor:
    return _picked(input, where, 3)


def _picked(input: Tensor, where: Tensor, ndim: int) -> Tensor:
    flat = input.flatten(-ndim)
    result: Tensor = flat.gather(-1, where.flatten(-ndim)).reshape(where.shape)
    return result


def _each(value: Any, ndim: int) -> tuple[Any, ...]:
    return (value,) * ndim if isinstance(value, (int, float)) else tuple(value)
