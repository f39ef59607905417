"""The arguments of convolutions: one number for each dimension, and what does not fit."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TypeAlias

from ...backend.windows import Geometry
from ...ops.arguments import meta_name
from ...tensor import Tensor

Sizes: TypeAlias = int | tuple[int, ...]


def is_batched(name: str, ndim: int, input: Tensor) -> bool:
    """Whether the input has a first dimension for the batch."""
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        )
    if input.dim() not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            f"Expected {ndim + 1}D (unbatched) or {ndim + 2}D (batched) input to {name}, but got "
            f"input of size: {list(input.shape)}"
        )
    return input.dim() == ndim + 2


def check_rank(ndim: int, input: Tensor, weight: Tensor) -> None:
    """Refuse a weight with another number of dimensions than the batched input."""
    if weight.dim() != ndim + 2:
        rank = weight.dim()
        raise RuntimeError(
            f"Expected {rank}-dimensional input for {rank}-dimensional weight{list(weight.shape)}, "
            f"but got {input.dim()}-dimensional input of size {list(input.shape)} instead"
        )


def each(ndim: int, name: str, value: Sizes) -> tuple[int, ...]:
    """One number for each dimension."""
    if isinstance(value, int):
        return (value,) * ndim
    values = tuple(value)
    if len(values) == 1:
        return values * ndim
    if len(values) != ndim:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {ndim} values to match the "
            f"convolution dimensions, but got {name}={list(values)}"
        )
    return values


def named_padding(
    name: str, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    if name == "valid":
        return ((0, 0),) * len(kernel)
    if name != "same":
        raise RuntimeError(f"Invalid padding string: '{name}'")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(total % 2 for total in totals):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a "
            "zero-padded copy of the input be created",
            UserWarning,
            stacklevel=4,
        )
    return tuple((total // 2, total - total // 2) for total in totals)


def check(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    geometry: Geometry,
    groups: int,
    transposed: bool,
) -> None:
    """Refuse what does not fit together."""
    ndim = len(geometry.kernel)
    if any(low < 0 for low, _ in geometry.padding):
        raise RuntimeError("negative padding is not supported")
    if any(s <= 0 for s in geometry.stride):
        raise RuntimeError("non-positive stride is not supported")
    if any(d <= 0 for d in geometry.dilation):
        raise RuntimeError("non-positive dilation is not supported")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if len(geometry.stride) != ndim:
        steps = list(geometry.stride)
        raise RuntimeError(
            f"expected stride to be a single integer value or a list of {ndim} values to match the "
            f"convolution dimensions, but got stride={steps}"
        )
    shape, given = list(weight.shape), list(input.shape)
    if not transposed and shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but "
            f"got weight of size {shape} instead"
        )
    if shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{shape}] instead"
        )
    channels = shape[0] if transposed else shape[1] * groups
    if given[1] != channels:
        kind = "transposed=1" if transposed else f"groups={groups}"
        raise RuntimeError(
            f"Given {kind}, weight of size {shape}, expected input{given} to have {channels} "
            f"channels, but got {given[1]} channels instead"
        )
    results = shape[1] * groups if transposed else shape[0]
    if bias is not None and list(bias.shape) != [results]:
        kind = "transposed=1, " if transposed else ""
        raise RuntimeError(
            f"Given {kind}weight of size {shape}, expected bias to be 1-dimensional with {results} "
            f"elements, but got bias of size {list(bias.shape)} instead"
        )
    if input.dtype is not weight.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.word} but found {weight.dtype.word}")
    if bias is not None and bias.dtype is not input.dtype:
        mine, other = (meta_name(t.array) for t in (input, bias))
        raise RuntimeError(f"Input type ({mine}) and bias type ({other}) should be the same")


def by(sizes: Iterable[int]) -> str:
    """Sizes as the errors print them."""
    return " x ".join(str(n) for n in sizes)
