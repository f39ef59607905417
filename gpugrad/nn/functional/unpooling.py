"""Max-unpooling: numbers put back where a max-pooling took them from, zeros elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...autograd.composed import shown_as
from ...casting.calls import THREADS, casting
from ...tensor import Tensor
from .pooling import Sizes, each
from .promotion import require_floating


@shown_as("SqueezeBackward1")
def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Undo :func:`max_pool1d`; see :func:`max_unpool2d`.

    >>> import gpugrad
    >>> gpugrad.nn.functional.max_unpool1d(gpugrad.tensor([[3.0]]), gpugrad.tensor([[1]]), 2)
    tensor([[0., 3.]])
    """
    require_floating(input, "max_unpool2d")
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


@shown_as("MaxUnpool2D")
def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put each number where ``indices`` say in a plane of zeros.

    Args:
        indices: as :func:`max_pool2d` returns them, of the input's shape.
        kernel_size: of the pooling, as ``stride`` and ``padding``; they give the planes' size.
        output_size: that size where several were pooled to the input's; the last dimensions, or
            all.

    Raises:
        ValueError: ``output_size`` is not among those sizes.
        RuntimeError: shapes that differ, or an index beyond the plane.

    >>> import gpugrad
    >>> import gpugrad.nn.functional as F
    >>> largest, where = F.max_pool2d(gpugrad.arange(4.0).reshape(1, 2, 2), 2, return_indices=True)
    >>> F.max_unpool2d(largest, where, 2)
    tensor([[[0., 0.],
             [0., 3.]]])
    """
    if THREADS and (run := casting("max_unpool2d")):
        return run(max_unpool2d, input, indices, kernel_size, stride, padding, output_size)
    require_floating(input, "max_unpool2d")
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


@shown_as("MaxUnpool3D")
def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Undo :func:`max_pool3d`; see :func:`max_unpool2d`.

    >>> import gpugrad
    >>> x, where = gpugrad.ones(1, 1, 1, 1), gpugrad.zeros(1, 1, 1, 1).long()
    >>> gpugrad.nn.functional.max_unpool3d(x, where, (1, 1, 2))
    tensor([[[[1., 0.]]]])
    """
    if THREADS and (run := casting("max_unpool3d")):
        return run(max_unpool3d, input, indices, kernel_size, stride, padding, output_size)
    require_floating(input, "max_unpool3d")
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _unpool(
    ndim: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    output_size: Sequence[int] | None,
) -> Tensor:
    name = f"max_unpool{ndim}d"
    kernel = each(name, "kernel_size", ndim, kernel_size)
    steps = kernel if stride is None else each(name, "stride", ndim, stride)
    edges = each(name, "padding", ndim, padding)
    size = _size(input, kernel, steps, edges, output_size)
    if input.shape != indices.shape:
        raise RuntimeError(
            "Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}"
        )
    if input.dim() not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            f"Input to {name} should be a {ndim + 1}d or {ndim + 2}d Tensor, but got a tensor with "
            f"{input.dim()} dimensions."
        )
    planes = tuple(input.shape[: input.dim() - ndim])
    empty = input.new_zeros((*planes, math.prod(size)))
    filled = empty.scatter(-1, indices.reshape(*planes, -1), input.reshape(*planes, -1))
    result: Tensor = filled.reshape(*planes, *size)
    return result


def _size(
    input: Tensor,
    kernel: tuple[int, ...],
    steps: tuple[int, ...],
    edges: tuple[int, ...],
    wanted: Sequence[int] | None,
) -> tuple[int, ...]:
    """The size of the planes: what the windows cover, or what is wanted if that is near it."""
    ndim = len(kernel)
    covered = tuple(
        (n - 1) * s + k - 2 * p
        for n, s, k, p in zip(input.shape[-ndim:], steps, kernel, edges, strict=True)
    )
    if wanted is None:
        return covered
    size = tuple(wanted)[-ndim:]
    if len(wanted) not in (ndim, ndim + 2):
        raise ValueError(
            f"output_size should be a sequence containing {ndim} or {ndim + 2} elements, but it "
            f"has a length of '{len(wanted)}'"
        )
    for d, (n, middle, step) in enumerate(zip(size, covered, steps, strict=True)):
        if not middle - step < n < middle + step:
            raise ValueError(
                f'invalid output_size "{size}" (dim {d} must be between {middle - step} and '
                f"{middle + step})"
            )
    return size
