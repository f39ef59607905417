"""Functions along the last dimension by one launch each way."""

from __future__ import annotations

from typing import Any

from ..kernel_source import compute_dtype
from ..kernels import blocks_for_rows, suffix_of
from ..primitives import Shape
from ..step_scratch import Array, Arrays
from .launcher import Launcher, alike, overlap

TILE = 32
"""The columns that a block sums up for the gradients of weight and bias."""

BLOCKS_OF_COLUMNS = 512
"""About how many blocks do that; it depends on nothing else, so that the sums do not."""

ROWS_OF_A_SLICE = 64
"""The rows of a block at least."""


class Rows(Launcher):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        found = self.launch_over_rows("softmax_forward", [x], axis, out)
        return super().softmax(x, axis, out) if found is None else found

    def softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        found = self.launch_over_rows("softmax_backward", [grad, y], axis, out)
        return super().softmax_grad(y, grad, axis, out) if found is None else found

    def log_softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        found = self.launch_over_rows("log_softmax_forward", [x], axis, out)
        return super().log_softmax(x, axis, out) if found is None else found

    def log_softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        found = self.launch_over_rows("log_softmax_backward", [grad, y], axis, out)
        return super().log_softmax_grad(y, grad, axis, out) if found is None else found

    def layer_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        eps: float,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        suffix = suffix_of(x.dtype)
        rows, cols = (int(n) for n in x.shape)
        if suffix is None or not x.size or not _of_columns(x, weight, bias):
            return super().layer_norm(x, weight, bias, eps, out)
        kind = compute_dtype(suffix)
        operands = [None if a is None else self.dense(a) for a in (x, weight, bias)]
        into = out or (None, None, None)
        y = self.result(x, [operands[0]], into[0])
        if any(a is not None and overlap(y, a) for a in operands[1:]):  # every row reads these
            y = self.empty(x.shape, x.dtype)
        read = [a for a in operands if a is not None]
        mean, rstd = (self._apart((rows, 1), kind, read, place) for place in into[1:])
        kernel = self.kernels.get("layer_norm_forward", suffix)
        blocks = blocks_for_rows(rows, cols)
        kernel(blocks, *operands, y, mean, rstd, float(eps), rows, cols)
        return self.given(y, into[0]), self.given(mean, into[1]), self.given(rstd, into[2])

    def layer_norm_grad(
        self,
        grad: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        rstd: Array,
        wanted: tuple[bool, bool, bool],
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array | None, Array | None, Array | None]:
        suffix = suffix_of(x.dtype)
        rows, cols = (int(n) for n in x.shape)
        fits = x.size and alike([x, grad]) and _of_columns(x, weight)
        if suffix is None or not fits or mean.dtype != compute_dtype(suffix):
            return super().layer_norm_grad(grad, x, weight, mean, rstd, wanted, out)
        dense = [self.dense(grad), self.dense(x)]
        kept = [self.dense(mean), self.dense(rstd)]
        factors = None if weight is None else self.dense(weight)
        read = [*dense, *kept, *([] if factors is None else [factors])]
        found: list[Array | None] = [
            self._apart(shape, x.dtype, read, place) if is_wanted else None
            for shape, is_wanted, place in zip(
                (x.shape, (cols,), (cols,)), wanted, out or (None, None, None), strict=True
            )
        ]
        if wanted[0]:
            kernel = self.kernels.get("layer_norm_backward", suffix)
            kernel(blocks_for_rows(rows, cols), *dense, factors, *kept, found[0], rows, cols)
        if wanted[1] or wanted[2]:
            tiles = -(-cols // TILE)
            slices = max(1, min(BLOCKS_OF_COLUMNS // tiles, -(-rows // ROWS_OF_A_SLICE)))
            partial = self.empty((2 * slices * cols,), compute_dtype(suffix))
            kernel = self.kernels.get("layer_norm_backward_affine", suffix)
            workspace = (partial, self.counter(tiles))
            kernel(slices * tiles, *dense, *kept, *found[1:], *workspace, slices, rows, cols)
        in_x, in_weight, in_bias = (
            a if a is None else self.given(a, given)
            for a, given in zip(found, out or (None, None, None), strict=True)
        )
        return in_x, in_weight, in_bias

    def _apart(self, shape: Shape, dtype: Any, operands: Arrays, out: Array | None) -> Array:
        """``out`` if a kernel may write to it whenever it likes, else a new array."""
        found = self.result_of(shape, dtype, operands, out)
        return self.empty(shape, dtype) if any(overlap(found, x) for x in operands) else found


def _of_columns(x: Array, *others: Array | None) -> bool:
    """Whether each of the others has a number of the type of ``x`` for each of its columns."""
    shape = x.shape[1:]
    return all(a is None or (a.shape == shape and a.dtype == x.dtype) for a in others)
