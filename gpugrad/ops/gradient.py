"""Derivatives of sampled functions by central differences, and matrices of powers."""

from __future__ import annotations

from typing import Any

from .joining import cat
from .shape import reshape, wrap_dim


def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> Any:
    """The derivatives of sampled values along ``dim``: central differences, one-sided at the ends.

    Args:
        spacing: the distance of the samples, 1 unless given; one for each dimension; or their
            coordinates, a list of tensors.
        dim: one dimension or several, all unless given.
        edge_order: 1, or 2 for parabolas through the first and the last three samples.

    Returns:
        A tuple with one tensor of the shape of ``input`` for each dimension.

    Raises:
        RuntimeError: too few samples, or spacings that do not fit the dimensions.

    >>> import gpugrad
    >>> gpugrad.gradient(gpugrad.tensor([1.0, 4.0, 9.0]))
    (tensor([3., 4., 5.]),)
    """
    ndim = input.ndim
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    given = range(ndim) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    axes = [wrap_dim(d, ndim) for d in given]
    if len(set(axes)) != len(axes):
        twice = next(a for a in axes if axes.count(a) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    spacing = 1 if spacing is None else spacing
    several = isinstance(spacing, (list, tuple))
    spacings = list(spacing) if several else [spacing] * len(axes)
    if len(spacings) != len(axes):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to 'self.dim() = {ndim}'"
            + (", since dim argument was not given" if dim is None else "")
            + f", but got a list of length {len(spacings)}"
        )
    for axis in axes:
        if input.shape[axis] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1"
            )
    if input.array.dtype.kind == "b":
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    x = input if input.is_floating_point() else input.float()
    return tuple(_along(x, axis, s, edge_order) for axis, s in zip(axes, spacings, strict=True))


def _along(x: Any, axis: int, spacing: Any, edge_order: int) -> Any:
    n = x.shape[axis]

    def part(start: int, length: int) -> Any:
        return x.narrow(axis, start, length)

    if getattr(spacing, "ndim", 0):  # a tensor of coordinates
        if spacing.ndim != 1 or spacing.shape[0] != n:
            raise RuntimeError(
                "torch.gradient expected each tensor in spacing to have one element for each "
                "sample along its dimension"
            )
        steps = spacing[1:] - spacing[:-1]
    else:
        steps = x.new_ones(n - 1) * spacing
    widths = reshape(steps, tuple(n - 1 if d == axis else 1 for d in range(x.ndim)))

    def width(start: int, length: int) -> Any:
        return widths.narrow(axis, start, length)

    parts = []
    if n > 2:
        before, after = width(0, n - 2), width(1, n - 2)
        a = -after / (before * (before + after))
        b = (after - before) / (before * after)
        c = before / (after * (before + after))
        parts = [a * part(0, n - 2) + b * part(1, n - 2) + c * part(2, n - 2)]
    if edge_order == 1 or n < 3:
        first = (part(1, 1) - part(0, 1)) / width(0, 1)
        last = (part(n - 1, 1) - part(n - 2, 1)) / width(n - 2, 1)
    else:
        h, k = width(0, 1), width(1, 1)
        first = (
            -(2 * h + k) / (h * (h + k)) * part(0, 1)
            + (h + k) / (h * k) * part(1, 1)
            - h / (k * (h + k)) * part(2, 1)
        )
        h, k = width(n - 3, 1), width(n - 2, 1)
        last = (
            k / (h * (h + k)) * part(n - 3, 1)
            - (h + k) / (h * k) * part(n - 2, 1)
            + (2 * k + h) / (k * (h + k)) * part(n - 1, 1)
        )
    return cat([first, *parts, last], axis)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803
    """The powers of each element of a vector, from N - 1 down to 0, or up if ``increasing``.

    >>> import gpugrad
    >>> gpugrad.vander(gpugrad.tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    values = x.long() if x.array.dtype.kind == "b" else x
    start = values.new_ones((x.shape[0], min(count, 1)))
    if count < 2:
        return start
    rest = values.unsqueeze(-1).expand(x.shape[0], count - 1)
    powers = cat((start, rest), -1).cumprod(-1)
    return powers if increasing else powers.flip(-1)
