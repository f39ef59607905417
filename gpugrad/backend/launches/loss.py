"""Losses by one launch each way."""

from __future__ import annotations

import math

from ..kernel_source import compute_dtype
from ..kernels import blocks_for, blocks_for_rows, blocks_for_sum, suffix_of
from ..step_scratch import Array
from .launcher import Launcher, alike, overlap

NOTHING_IGNORED = -(2**63)
"""A class that no row has."""


class Losses(Launcher):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def mse(self, x: Array, y: Array, reduction: str, out: Array | None = None) -> Array:
        if reduction == "none":
            found = self.launch_elementwise("mse_none", [x, y], (), out)
            return super().mse(x, y, reduction, out) if found is None else found
        suffix = suffix_of(x.dtype)
        if suffix is None or not alike([x, y]):
            return super().mse(x, y, reduction, out)
        n = int(x.size)
        blocks = blocks_for_sum(n, x.itemsize)
        operands = [self.dense(x), self.dense(y)]
        result = self.result_of((), x.dtype, operands, out)
        self.kernels.get("mse_reduce", suffix)(
            blocks,
            *operands,
            result,
            1.0 if reduction == "sum" else 1 / n if n else math.nan,
            *self._workspace_to_sum(blocks, 1, suffix),
            n,
        )
        return self.given(result, out)

    def mse_grad(
        self, x: Array, y: Array, grad: Array, scale: float, out: Array | None = None
    ) -> Array:
        suffix = suffix_of(x.dtype)
        each = grad.ndim > 0
        if suffix is None or not alike([x, y, grad] if each else [x, y]) or grad.dtype != x.dtype:
            return super().mse_grad(x, y, grad, scale, out)
        dense = [self.dense(a) for a in (x, y, grad)]
        result = self.result(x, dense, out)
        if n := int(x.size):
            kernel = self.kernels.get("mse_backward", suffix)
            kernel(blocks_for(n, x.itemsize), *dense, result, float(scale), int(each), n)
        return self.given(result, out)

    def cross_entropy(
        self,
        x: Array,
        target: Array,
        ignore_index: int | None,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        suffix = suffix_of(x.dtype)
        if suffix is None or target.dtype != "int64" or not x.size:
            return super().cross_entropy(x, target, ignore_index, out)
        rows, cols = (int(n) for n in x.shape)
        to_losses, to_softmax = out or (None, None)
        operands = [self.dense(x), self.dense(target)]
        losses = self.result_of((rows,), x.dtype, operands, to_losses)
        softmax = self.result(x, operands, to_softmax)
        self.kernels.get("cross_entropy_forward", suffix)(
            blocks_for_rows(rows, cols),
            *operands,
            losses,
            None,
            softmax,
            _class(ignore_index),
            rows,
            cols,
        )
        return self.given(losses, to_losses), self.given(softmax, to_softmax)

    def cross_entropy_mean(
        self,
        losses: Array,
        target: Array,
        ignore_index: int,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        suffix = suffix_of(losses.dtype)
        if suffix is None or target.dtype != "int64":
            return super().cross_entropy_mean(losses, target, ignore_index, out)
        rows = int(losses.size)
        kind = compute_dtype(suffix)
        # As many blocks as for a sum of the classes, which are what is read most of.
        blocks = blocks_for_sum(rows, target.itemsize)
        operands = [self.dense(losses), self.dense(target)]
        to_mean, to_count = out or (None, None)
        mean = self.result_of((), losses.dtype, operands, to_mean)
        count = self.result_of((), kind, operands, to_count)
        self.kernels.get("cross_entropy_mean", suffix)(
            blocks,
            *operands,
            mean,
            count,
            *self._workspace_to_sum(blocks, 2, suffix),
            ignore_index,
            rows,
        )
        return self.given(mean, to_mean), self.given(count, to_count)

    def cross_entropy_grad(
        self,
        softmax: Array,
        target: Array,
        grad: Array,
        count: Array | None,
        ignore_index: int | None,
        out: Array | None = None,
    ) -> Array:
        suffix = suffix_of(softmax.dtype)
        fits = target.dtype == "int64" and grad.dtype == softmax.dtype and softmax.size
        if suffix is None or not fits:
            return super().cross_entropy_grad(softmax, target, grad, count, ignore_index, out)
        rows, cols = (int(n) for n in softmax.shape)
        # One gradient for all rows is a number, or comes as a view without a stride.
        each = grad.ndim > 0 and grad.strides != (0,)
        own = [self.dense(target), self.dense(grad if each or not grad.ndim else grad[:1])]
        if count is not None:
            own.append(count)
        dense = self.dense(softmax)
        result = self.result(softmax, [dense], out)
        if any(overlap(result, x) for x in own):  # only softmax itself may be written over
            result = self.empty(softmax.shape, softmax.dtype)
        self.kernels.get("cross_entropy_backward_softmax", suffix)(
            blocks_for_rows(rows, cols),
            dense,
            own[0],
            own[1],
            count,
            result,
            _class(ignore_index),
            int(each),
            rows,
            cols,
        )
        return self.given(result, out)

    def _workspace_to_sum(self, blocks: int, numbers: int, suffix: str) -> list[Array | None]:
        """Where a sum over everything keeps what its blocks add up to, and its counter."""
        if blocks == 1:
            return [None, None]
        return [self.empty((numbers * blocks,), compute_dtype(suffix)), self.counter()]


def _class(ignore_index: int | None) -> int:
    return NOTHING_IGNORED if ignore_index is None else ignore_index
