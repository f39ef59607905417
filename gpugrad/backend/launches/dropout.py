"""Dropout by one launch each way."""

from __future__ import annotations

from ..kernels import blocks_for, suffix_of
from ..philox import words_kept
from ..step_scratch import Array
from .launcher import Launcher

PACKS_IN_TURN = 4
"""Every block of a forward launch counts itself at its end, so each does several packs a thread."""

ENOUGH_BLOCKS = 4096
"""With so many blocks, a GPU is busy."""


class Dropouts(Launcher):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def dropout(self, x: Array, draw: Array, p: float, out: Array | None = None) -> Array:
        suffix = suffix_of(x.dtype)
        if suffix is None:
            return super().dropout(x, draw, p, out)
        dense = self.dense(x)
        result = self.result(x, [dense], out)
        if n := int(x.size):
            kernel = self.kernels.get("dropout_backward", suffix)
            scale = 1 / (1 - p)
            kernel(blocks_for(n, x.itemsize), dense, result, draw, words_kept(p), scale, n)
        return result if result is out else self.into(result, out)

    def draw_dropout(
        self, x: Array, state: Array, p: float, out: tuple[Array, Array] | None = None
    ) -> tuple[Array, Array]:
        suffix = suffix_of(x.dtype)
        if suffix is None:
            return super().draw_dropout(x, state, p, out)
        given, draw = out or (None, self.empty((2,), "int64"))
        dense = self.dense(x)
        result = self.result(x, [dense], given)
        n = int(x.size)
        blocks = blocks_for(n, x.itemsize)
        if blocks > ENOUGH_BLOCKS:
            blocks = max(ENOUGH_BLOCKS, blocks // PACKS_IN_TURN)
        self.kernels.get("dropout_forward", suffix)(
            blocks, dense, result, state, draw, self.counter(), words_kept(p), 1 / (1 - p), n
        )
        return result if result is given else self.into(result, given), draw
