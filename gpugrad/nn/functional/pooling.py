"""Pooling over windows: the largest element or the mean of each, 1d and 2d."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from ... import dtypes
from ...autograd.composed import show_as
from ...backend.windows import Geometry
from ...ops import pool
from ...tensor import Tensor
from .out import stored
from .promotion import refuse_bools

Sizes: TypeAlias = int | Sequence[int]


def max_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window along the last dimension; see :func:`max_pool2d`.

    Shape:
        input (N, C, L) or (C, L).

    >>> import gpugrad
    >>> gpugrad.nn.functional.max_pool1d(gpugrad.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    if input.dim() not in (2, 3):
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(input.shape)}"
        )
    arguments = kernel_size, stride, padding, dilation, ceil_mode
    result = max_pool_nd("max_pool1d", 1, input, *arguments, return_indices)
    return result if return_indices else show_as(result, "SqueezeBackward1")


def max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of a plane; the gradient goes to the first such.

    Args:
        stride: steps between windows, ``kernel_size`` by default.
        padding: elements of minus infinity added on both sides.
        dilation: steps between the elements of a window.
        ceil_mode: let the last windows reach beyond the input.
        return_indices: also return the elements' row-major numbers in their planes.

    Shape:
        input (N, C, H, W) or (C, H, W), output (N, C, H', W') or (C, H', W') with
        H' = (H + 2 · padding - dilation · (kernel_size - 1) - 1) / stride + 1, rounded down, or up
        with ``ceil_mode``.

    Raises:
        RuntimeError: arguments or sizes that do not fit.

    >>> import gpugrad
    >>> gpugrad.nn.functional.max_pool2d(gpugrad.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    arguments = kernel_size, stride, padding, dilation, ceil_mode
    return max_pool_nd("max_pool2d", 2, input, *arguments, return_indices)


def avg_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window along the last dimension; see :func:`avg_pool2d`.

    Shape:
        input (N, C, L) or (C, L).

    >>> import gpugrad
    >>> gpugrad.nn.functional.avg_pool1d(gpugrad.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    refuse_bools(input, "avg_pool2d")
    require_dims("avg_pool1d", input)
    result = avg_pool_nd(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )
    return show_as(result, "SqueezeBackward1")


def avg_pool2d(
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
    """The mean of each window of a plane.

    Args:
        stride: steps between windows, ``kernel_size`` by default.
        padding: zeros added on both sides.
        ceil_mode: let the last windows reach beyond the input.
        count_include_pad: whether the added zeros count as elements.
        divisor_override: divide the sums by this instead of the number of elements.

    Shape:
        as for :func:`max_pool2d` with dilation 1.

    Raises:
        RuntimeError: arguments or sizes that do not fit.

    >>> import gpugrad
    >>> gpugrad.nn.functional.avg_pool2d(gpugrad.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    refuse_bools(input, "avg_pool2d")
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    windows = kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    result = avg_pool_nd("avg_pool2d", 2, input, *windows)
    return result if out is None else stored(out, result, "avg_pool2d")


# --- windows --------------------------------------------------------------------------------------


def max_pool_nd(
    name: str,
    ndim: int,
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    geometry = _geometry(name, ndim, input, kernel_size, stride, padding, dilation, ceil_mode)
    if input.dtype is dtypes.bool_:
        raise NotImplementedError(f"\"{name}\" not implemented for '{input.dtype.word}'")
    pooled = pool.max_pool_with_indices if return_indices else pool.max_pool
    return pooled(input, geometry)


def avg_pool_nd(
    name: str,
    ndim: int,
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    g = _geometry(name, ndim, input, kernel_size, stride, padding, 1, ceil_mode)
    size = tuple(input.shape[-ndim:])
    divisor: Any = divisor_override
    if divisor is None:
        # A window counts what lies in the input, or in the input with its padding; never what
        # only ceil_mode has added.
        edges = each(name, "padding", ndim, padding)
        counts = []
        for d, (n, edge) in enumerate(zip(size, edges, strict=True)):
            low, high = (-edge, n + edge) if count_include_pad else (0, n)
            starts = (i * g.stride[d] - edge for i in range(g.windows(size)[d]))
            counts.append([min(s + g.kernel[d], high) - max(s, low) for s in starts])
        uniform = all(len(set(c)) == 1 for c in counts)
        divisor = math.prod(c[0] for c in counts) if uniform else counts
    result: Tensor = pool.avg_pool(input, g, divisor)
    return result


def _geometry(
    name: str,
    ndim: int,
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Geometry:
    """Where the windows lie, with what ``ceil_mode`` adds at the ends."""
    kernel = each(name, "kernel_size", ndim, kernel_size)
    steps = kernel if stride is None or stride in ([], ()) else each(name, "stride", ndim, stride)
    edges = each(name, "padding", ndim, padding)
    spacing = each(name, "dilation", ndim, dilation)
    _check(name, ndim, input, kernel, steps, edges, spacing)
    size = tuple(input.shape[-ndim:])
    widths, count = [], []
    for n, k, s, p, d in zip(size, kernel, steps, edges, spacing, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        windows = (room + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (windows - 1) * s >= n + p:
            windows -= 1  # a window must begin inside the input or the padding before it
        reach = (windows - 1) * s + d * (k - 1) + 1
        widths.append((p, max(reach - n - p, p)))
        count.append(windows)
    if any(n < 1 for n in count):
        if ndim == 1:
            raise RuntimeError(f"{name}() Invalid computed output size: {max(count[0], 0)}")
        before, after = (
            "x".join(map(str, (input.size(-ndim - 1), *sizes))) for sizes in (size, count)
        )
        raise RuntimeError(
            f"Given input size: ({before}). Calculated output size: ({after}). Output size is too "
            "small"
        )
    return Geometry(kernel, steps, tuple(widths), spacing)


def _check(
    name: str,
    ndim: int,
    input: Tensor,
    kernel: tuple[int, ...],
    steps: tuple[int, ...],
    edges: tuple[int, ...],
    spacing: tuple[int, ...],
) -> None:
    if any(s == 0 for s in steps):
        raise RuntimeError("stride should not be zero")
    if any(k <= 0 for k in kernel):
        raise RuntimeError(f"kernel size should be greater than zero, but got {list(kernel)}")
    if any(d <= 0 for d in spacing):
        values = (1, *spacing)[-max(ndim, 2) :]
        named = zip("THW"[-len(values) :], values, strict=True)
        listed = " ".join(f"dilation{letter}: {value}" for letter, value in named)
        raise RuntimeError(f"dilation should be greater than zero, but got {listed}")
    for p, k, d in zip(edges, kernel, spacing, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if 2 * p > d * (k - 1) + 1:
            if ndim == 1 and name.startswith("max"):
                raise RuntimeError(
                    f"{name}() padding should be at most half of kernel size, but got padding={p} "
                    f"and kernel_size={k}"
                )
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={p}, kernel_size={k} and dilation={d}"
            )
    if input.dim() not in (ndim + 1, ndim + 2):
        ranks = "4D or 5D" if ndim == 3 else "3D or 4D"
        raise RuntimeError(f"non-empty {ranks} (batch mode) tensor expected for input")
    if 0 in input.shape[input.dim() - ndim - 1 :]:
        raise RuntimeError(
            f"Expected {ndim + 1}D or {ndim + 2}D (batch mode) tensor with optional 0 dim batch "
            f"size for input, but got:{list(input.shape)}"
        )


def each(name: str, what: str, ndim: int, value: Sizes) -> tuple[int, ...]:
    """One number for each dimension."""
    if isinstance(value, int):
        return (value,) * ndim
    values = tuple(value)
    if len(values) == 1:
        return values * ndim
    if len(values) != ndim:
        omitted = "be omitted, " if what == "stride" else "be "
        count = "three" if ndim == 3 else "two"
        raise RuntimeError(
            f"{name}: {what} must either {omitted}a single int, or a tuple of {count} ints"
        )
    return values


def require_dims(name: str, input: Tensor) -> None:
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.dim()}-dimensional tensor for argument #1 "
            f"'self' (while checking arguments for {name})"
        )
