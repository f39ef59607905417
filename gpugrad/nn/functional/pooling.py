"""Pooling over windows: ``max_pool``, ``avg_pool`` and their adaptive forms, 1d and 2d."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from ... import dtypes
from ...backend.windows import Geometry
from ...creation import tensor
from ...ops import pool
from ...tensor import Tensor
from .promotion import type_word

Sizes: TypeAlias = int | Sequence[int]
Pooled: TypeAlias = Tensor | tuple[Tensor, Tensor]


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
    return _max_pool("max_pool1d", 1, input, *arguments, return_indices)


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
    return _max_pool("max_pool2d", 2, input, *arguments, return_indices)


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
    _require_dims("avg_pool1d", input)
    return _avg_pool(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )


def avg_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
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
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    return _avg_pool(
        "avg_pool2d",
        2,
        input,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
    )


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of ``output_size`` about equal parts of the last dimension.

    Shape:
        input (N, C, L) or (C, L), output (N, C, output_size) or (C, output_size).

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_avg_pool1d(gpugrad.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    _require_dims("adaptive_avg_pool1d", input)
    return _adaptive_avg(input, _adapted("adaptive_avg_pool1d", 1, input, output_size))


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
    if input.dim() not in (3, 4):
        raise RuntimeError(
            f"adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got {list(input.shape)}"
        )
    return _adaptive_avg(input, _adapted("adaptive_avg_pool2d", 2, input, output_size))


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of ``output_size`` about equal parts of the last dimension.

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_max_pool1d(gpugrad.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    _require_dims("adaptive_max_pool1d", input)
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of so many about equal parts of each plane.

    Arguments as in :func:`adaptive_avg_pool2d`; ``return_indices`` as in :func:`max_pool2d`.

    >>> import gpugrad
    >>> gpugrad.nn.functional.adaptive_max_pool2d(gpugrad.arange(9.0).reshape(1, 3, 3), 2)
    tensor([[[4., 5.],
             [7., 8.]]])
    """
    if input.dim() not in (3, 4):
        raise RuntimeError(
            f"adaptive_max_pool2d(): Expected 3D or 4D tensor, but got: {list(input.shape)}"
        )
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


# --- windows --------------------------------------------------------------------------------------


def _max_pool(
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
        raise NotImplementedError(f"\"{name}\" not implemented for '{type_word(input)}'")
    result, index = pool.max_pool(input, geometry)
    return (result, index) if return_indices else result


def _avg_pool(
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
        edges = _each(name, "padding", ndim, padding)
        counts = []
        for d, (n, edge) in enumerate(zip(size, edges, strict=True)):
            low, high = (-edge, n + edge) if count_include_pad else (0, n)
            starts = (i * g.stride[d] - edge for i in range(g.windows(size)[d]))
            counts.append([min(s + g.kernel[d], high) - max(s, low) for s in starts])
        uniform = all(len(set(c)) == 1 for c in counts)
        divisor = _product(c[0] for c in counts) if uniform else counts
    result: Tensor = pool.avg_pool(input, g, divisor)
    return result


def _product(numbers: Any) -> int:
    result = 1
    for n in numbers:
        result *= n
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
    kernel = _each(name, "kernel_size", ndim, kernel_size)
    steps = kernel if stride is None or stride == [] else _each(name, "stride", ndim, stride)
    edges = _each(name, "padding", ndim, padding)
    spacing = _each(name, "dilation", ndim, dilation)
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
        planes = input.size(-3)
        raise RuntimeError(
            f"Given input size: ({planes}x{size[0]}x{size[1]}). Calculated output size: "
            f"({planes}x{count[0]}x{count[1]}). Output size is too small"
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
        height, width = (1, *spacing)[-2:]
        raise RuntimeError(
            f"dilation should be greater than zero, but got dilationH: {height} dilationW: {width}"
        )
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
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
    if 0 in input.shape[input.dim() - ndim - 1 :]:
        raise RuntimeError(
            f"Expected {ndim + 1}D or {ndim + 2}D (batch mode) tensor with optional 0 dim batch "
            f"size for input, but got:{list(input.shape)}"
        )


def _each(name: str, what: str, ndim: int, value: Sizes) -> tuple[int, ...]:
    """One number for each dimension."""
    if isinstance(value, int):
        return (value,) * ndim
    values = tuple(value)
    if len(values) == 1:
        return values * ndim
    if len(values) != ndim:
        either = "either be omitted, a single int" if what == "stride" else "either be a single int"
        either = either.replace("either be omitted", "either be omitted")
        raise RuntimeError(f"{name}: {what} must {either}, or a tuple of two ints")
    return values


def _require_dims(name: str, input: Tensor) -> None:
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.dim()}-dimensional tensor for argument #1 "
            f"'self' (while checking arguments for {name})"
        )


# --- about equal parts ----------------------------------------------------------------------------


def _adapted(name: str, ndim: int, input: Tensor, output_size: Any) -> list[list[range]]:
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
        raise NotImplementedError(f"\"{name}\" not implemented for '{type_word(input)}'")
    return [
        [range(i * n // w, -(-(i + 1) * n // w)) for i in range(w)]
        for n, w in zip(size, wanted, strict=True)
    ]


def _adaptive_avg(input: Tensor, parts: list[list[range]]) -> Tensor:
    ndim = len(parts)
    if all(len(p) == 1 for p in parts):
        mean: Tensor = input.mean(tuple(range(-ndim, 0)), True)
        return mean
    size = input.shape[-ndim:]
    if all(len(p) and n % len(p) == 0 for p, n in zip(parts, size, strict=True)):
        kernel = tuple(len(p[0]) for p in parts)
        g = Geometry(kernel, kernel, ((0, 0),) * ndim, (1,) * ndim)
        result: Tensor = pool.avg_pool(input, g, _product(kernel))
        return result
    for dim, (ranges, n) in enumerate(zip(parts, size, strict=True), -ndim):
        # The means of parts of unequal sizes are a product with a matrix of their shares.
        shares = [[1 / len(r) if i in r else 0.0 for i in range(n)] for r in ranges]
        matrix = tensor(shares, dtype=input.dtype, device=input.device).reshape(len(ranges), n)
        last = (input.transpose(dim, -1) @ matrix.t()) if dim != -1 else input @ matrix.t()
        input = last.transpose(dim, -1) if dim != -1 else last
    return input.contiguous()


def _adaptive_max(
    name: str, ndim: int, input: Tensor, output_size: Any, return_indices: bool
) -> Any:
    parts = _adapted(name, ndim, input, output_size)
    result, index = pool.adaptive_max_pool(input, parts)
    return (result, index) if return_indices else result
