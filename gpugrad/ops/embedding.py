"""Rows of a table picked by index, and the sums of rows that undo it."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import Node
from .arguments import out_of_range

NO_PADDING = -1
"""No row has this index."""


class Embedding(Node):
    """``weight[index]``."""

    __slots__ = ("by_frequency", "index", "padding", "rows")
    saves = {"index": 1}

    def forward(self, xp: Any, weight: Any, index: Any, padding: int, by_frequency: bool) -> Any:
        self.index, self.padding, self.by_frequency = index, padding, by_frequency
        self.rows = weight.shape[0]
        return xp.embedding(weight, index)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, None]:
        rest = self.rows, self.padding, self.by_frequency
        return xp.embedding_grad(grad, self.index, *rest), None


class EmbeddingGrad(Node):
    """For each row of the table the sum of the rows with its index: the gradient in the table."""

    __slots__ = ("by_frequency", "index", "padding", "rows")
    saves = {"index": 1}
    torch_name = "EmbeddingDenseBackwardBackward0"

    def forward(
        self, xp: Any, grad: Any, index: Any, rows: int, padding: int, by_frequency: bool
    ) -> Any:
        self.index, self.rows, self.padding, self.by_frequency = index, rows, padding, by_frequency
        return xp.embedding_grad(grad, index, rows, padding, by_frequency)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, None]:
        index = self.index
        picked = xp.embedding(grad, index)
        column = xp.reshape(index, (*index.shape, 1))
        if self.by_frequency:
            ones = xp.cast(xp.ones_like(column), picked.dtype)
            counts = xp.embedding_grad(ones, index, self.rows, NO_PADDING, False)
            picked = xp.div(picked, xp.embedding(counts, index))
        if self.padding >= 0:
            picked = xp.where(xp.eq(column, self.padding), xp.zeros_like(picked), picked)
        return picked, None


# --- functions -----------------------------------------------------------------------------------


def embedding(
    weight: Any, index: Any, padding: int = NO_PADDING, by_frequency: bool = False
) -> Any:
    """The rows of ``weight`` that the integers ``index`` name.

    Args:
        weight: shape (rows, size).
        index: int64 or int32 of any shape, 0 ... rows - 1. A GPU does not stop at another index,
            which gives a row of nan and no gradient.
        padding: this row gets no gradient.
        by_frequency: divide the gradient of every row by how often it was picked.

    Returns:
        Shape (*index.shape, size).

    Raises:
        IndexError: an index is negative or too large.
        RuntimeError: ``weight`` is no matrix.

    >>> import gpugrad
    >>> from gpugrad.ops.embedding import embedding
    >>> embedding(gpugrad.eye(3), gpugrad.tensor([2, 0]))
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if weight.array.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    if out_of_range(index.array, weight.array.shape[0]) is not None:
        raise IndexError("index out of range in self")
    return Embedding.apply(weight, index, padding, by_frequency)
