"""Rows of a table picked by index: one launch forward, and one backward where that is quick."""

from __future__ import annotations

from ..kernels import MOST_BLOCKS, PACK_BYTES, WARPS, blocks_for, suffix_of
from ..step_scratch import Array
from .launcher import Launcher

TILE_BYTES = 32 * PACK_BYTES
"""The part of a row that a warp sums."""

MOST_COMPARISONS = 2**26
"""Up to so many comparisons of indices, looking for a row's places beats sorting them."""

PLACES_FOR_A_BLOCK = 8
"""With so many places for each row or more, a block sums them and not a warp."""


class Embeddings(Launcher):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def embedding(self, weight: Array, index: Array, out: Array | None = None) -> Array:
        suffix = suffix_of(weight.dtype)
        if suffix is None:
            return super().embedding(weight, index, out)
        rows, cols = (int(n) for n in weight.shape)
        shape = (*index.shape, cols)
        table, places = self.dense(weight), self._places(index)
        result = self.result_of(shape, weight.dtype, [table, places], out)
        if n := int(index.size) * cols:
            kernel = self.kernels.get("embedding_forward", suffix)
            blocks = blocks_for(n, weight.itemsize)
            kernel(blocks, table, places, result, int(index.size), rows, cols)
        return result if result is out else self.into(result, out)

    def embedding_grad(
        self,
        grad: Array,
        index: Array,
        rows: int,
        padding: int,
        by_frequency: bool,
        out: Array | None = None,
    ) -> Array:
        suffix = suffix_of(grad.dtype)
        if suffix is None:
            return super().embedding_grad(grad, index, rows, padding, by_frequency, out)
        n, cols = int(index.size), int(grad.shape[-1])
        dense, places = self.dense(grad), self._places(index)
        result = self.result_of((rows, cols), grad.dtype, [dense, places], out)
        if result.size:
            tiles = -(-cols * grad.itemsize // TILE_BYTES)
            by_block = n >= PLACES_FOR_A_BLOCK * rows
            teams = rows * tiles
            blocks = min(teams if by_block else -(-teams // WARPS), MOST_BLOCKS)
            how = (padding, int(by_frequency), int(by_block))
            if n * teams <= MOST_COMPARISONS:
                kernel = self.kernels.get("embedding_backward", suffix)
                kernel(blocks, dense, places, result, *how, n, rows, cols)
            else:
                kernel = self.kernels.get("embedding_backward_sorted", suffix)
                order, starts = self._sorted(places, rows)
                kernel(blocks, dense, order, starts, result, *how, rows, cols)
        return result if result is out else self.into(result, out)

    def _sorted(self, places: Array, rows: int) -> tuple[Array, Array]:
        """The places in the order of their rows, and where in that order each row's begin."""
        flat = places.reshape(-1)
        order = self.argsort(flat, 0)
        bounds = self.arange(0, rows + 1, 1, "int64")
        return order, self.module.searchsorted(flat[order], bounds)

    def _places(self, index: Array) -> Array:
        """The indices as kernels read them."""
        return self.dense(index if index.dtype == "int64" else self.cast(index, "int64"))
