"""The same elements in reverse or repeated: copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.engine import Node
from .shape import sizes, wrap_dim


class Flip(Node):
    """The order along some dimensions reversed, copied as PyTorch does."""

    __slots__ = ("axes",)

    def forward(self, xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
        self.axes = axes
        return xp.copy(xp.flip(x, axes))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.flip(grad, self.axes),)


class Repeat(Node):
    """Copies of the whole tensor along each dimension."""

    __slots__ = ("apart", "shape", "sizes")

    def forward(self, xp: Any, x: Any, times: tuple[int, ...]) -> Any:
        self.shape = x.shape
        self.sizes = (1,) * (len(times) - len(x.shape)) + x.shape
        self.apart = tuple(n for r, size in zip(times, self.sizes, strict=True) for n in (r, size))
        single = tuple(n for size in self.sizes for n in (1, size))
        full = tuple(r * size for r, size in zip(times, self.sizes, strict=True))
        return xp.copy(xp.reshape(xp.broadcast_to(xp.reshape(x, single), self.apart), full))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        copies = tuple(range(0, len(self.apart), 2))
        total = xp.sum(xp.reshape(grad, self.apart), copies) if copies else grad
        return (xp.reshape(total, self.shape),)


# --- functions -----------------------------------------------------------------------------------


def flip(input: Any, dims: Any) -> Any:
    """The order along ``dims`` reversed (a copy).

    >>> import gpugrad
    >>> gpugrad.flip(gpugrad.tensor([[1, 2], [3, 4]]), [1])
    tensor([[2, 1],
            [4, 3]])
    """
    axes = tuple(wrap_dim(d, input.array.ndim) for d in sizes((dims,)))
    twice = next((a for a in axes if axes.count(a) > 1), None)
    if twice is not None:
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return Flip.apply(input, axes)


def repeat(input: Any, *repeats: Any) -> Any:
    """Copies of the whole tensor, ``repeats[i]`` of them along dimension i.

    >>> import gpugrad
    >>> gpugrad.arange(2).repeat(2, 2)
    tensor([[0, 1, 0, 1],
            [0, 1, 0, 1]])
    """
    times = sizes(repeats)
    if len(times) < input.array.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    if any(n < 0 for n in times):
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(times)}: {list(times)}"
        )
    return Repeat.apply(input, times)


def tile(input: Any, dims: Sequence[int]) -> Any:
    """Like :func:`repeat`, with missing leading repeats taken as 1.

    >>> import gpugrad
    >>> gpugrad.tile(gpugrad.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    return repeat(input, (1,) * (input.array.ndim - len(dims)) + tuple(dims))
