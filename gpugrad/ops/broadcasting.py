"""Broadcasting: dimensions of size one repeated without copying, and the sum that undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from ..autograd.engine import Node
from ..size import Size
from .operands import misfit, sum_to
from .shape import reshape, sizes


class Expand(Node):
    """Dimensions of size one repeated without copying."""

    __slots__ = ("shape",)
    is_view = True

    def forward(self, xp: Any, x: Any, shape: tuple[int, ...]) -> Any:
        self.shape = x.shape
        return xp.expand(x, shape)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (sum_to(xp, grad, self.shape),)


def expand(input: Any, *size: Any) -> Any:
    """Dimensions of size one repeated to ``size`` without copying; -1 keeps a size."""
    shape, wanted = input.array.shape, sizes(size)
    added = len(wanted) - len(shape)
    if added < 0:
        raise RuntimeError(
            f"expand(torch.{input.dtype.tensor_type}{{{list(shape)}}}, size={list(wanted)}): the "
            f"number of sizes provided ({len(wanted)}) must be greater or equal to the number of "
            f"dimensions in the tensor ({len(shape)})"
        )
    result = []
    for i in range(len(wanted) - 1, -1, -1):  # like PyTorch, complain of the last dimension first
        n, have = wanted[i], shape[i - added] if i >= added else 1
        if n == -1:
            if i < added:
                raise RuntimeError(
                    f"The expanded size of the tensor ({n}) isn't allowed in a leading, "
                    f"non-existing dimension {i}"
                )
            n = have
        elif have not in (1, n):
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(wanted)}.  Tensor sizes: "
                f"{list(shape)}"
            )
        result.append(n)
    return Expand.apply(input, tuple(reversed(result)))


def broadcast_to(input: Any, size: Sequence[int]) -> Any:
    """The same as :func:`expand`.

    >>> import gpugrad
    >>> gpugrad.broadcast_to(gpugrad.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, tuple(size))


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All tensors expanded to their common shape.

    >>> import gpugrad
    >>> x, y = gpugrad.broadcast_tensors(gpugrad.zeros(2, 1), gpugrad.zeros(3))
    >>> x.shape == y.shape
    True
    """
    for first, second in combinations(tensors, 2):
        error = misfit(first.array.shape, second.array.shape)
        if error is not None:
            raise error
    shape = broadcast_shapes(*(t.array.shape for t in tensors))
    return tuple(t if t.array.shape == shape else expand(t, shape) for t in tensors)


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that tensors of these shapes broadcast to. Raises RuntimeError if none.

    >>> import gpugrad
    >>> gpugrad.broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    result: list[int] = []
    for number, shape in enumerate(shapes):
        dims = (shape,) if isinstance(shape, int) else tuple(shape)
        result = [1] * (len(dims) - len(result)) + result
        for i in range(1, len(dims) + 1):
            if result[-i] == 1:
                result[-i] = dims[-i]
            elif dims[-i] not in (1, result[-i]):
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {dims[-i]} at {-i}! "
                    f"Mismatching argument at index {number} had {dims}; but expected shape "
                    f"should be broadcastable to {result}"
                )
    return Size(result)


def sum_to_size(input: Any, *size: Any) -> Any:
    """Sum over the dimensions that would be stretched to broadcast ``size`` to this shape."""
    from .reduce import sum as total  # reductions are built over shapes

    shape, wanted = input.array.shape, sizes(size)
    if not wanted:
        return total(input)
    added = len(shape) - len(wanted)
    if added < 0 or any(m not in (1, n) for n, m in zip(shape[added:], wanted, strict=True)):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    stretched = [i + added for i, m in enumerate(wanted) if m == 1 and shape[i + added] != 1]
    dims = list(range(added)) + stretched
    return reshape(total(input, dims, True), wanted) if dims else input
