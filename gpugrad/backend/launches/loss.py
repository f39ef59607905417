"""Losses by one launch each way."""

from __future__ import annotations

from ..kernel_source import compute_dtype
from ..kernels import blocks_for, blocks_for_rows, blocks_for_sum, suffix_of
from ..step_scratch import Array
from .launcher import Launcher, alike

NOTHING_IGNORED = -(2**63)
"""A class that no row has."""


class Losses(Launcher):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def mse(self, x: Array, y: Array, out: Array | None = None) -> Array:
        suffix = suffix_of(x.dtype)
        if suffix is None or not alike([x, y]):
            return super().mse(x, y, out)
        n = int(x.size)
        blocks = blocks_for_sum(n, x.itemsize)
        result = self.empty((), x.dtype)
        several = blocks > 1
        partial = self.empty((blocks,), compute_dtype(suffix)) if several else None
        counter = self.counter() if several else None
        self.kernels.get("mse_reduce", suffix)(
            blocks,
            self.dense(x),
            self.dense(y),
            result,
            1 / n if n else float("nan"),
            partial,
            counter,
            n,
        )
        return self.into(result, out)

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
        return result if result is out else self.into(result, out)

    def cross_entropy(
        self, x: Array, target: Array, out: tuple[Array, Array] | None = None
    ) -> tuple[Array, Array]:
        suffix = suffix_of(x.dtype)
        if suffix is None or target.dtype != "int64" or not x.size:
            return super().cross_entropy(x, target, out)
        rows, cols = (int(n) for n in x.shape)
        logits = self.dense(x)
        losses, softmax = self.empty((rows,), x.dtype), self.empty((rows, cols), x.dtype)
        self.kernels.get("cross_entropy_forward", suffix)(
            blocks_for_rows(rows, cols),
            logits,
            self.dense(target),
            losses,
            None,
            softmax,
            NOTHING_IGNORED,
            rows,
            cols,
        )
        if out is None:
            return losses, softmax
        return self.into(losses, out[0]), self.into(softmax, out[1])

    def cross_entropy_grad(
        self, softmax: Array, target: Array, grad: Array, out: Array | None = None
    ) -> Array:
        suffix = suffix_of(softmax.dtype)
        fits = target.dtype == "int64" and grad.dtype == softmax.dtype and softmax.size
        if suffix is None or not fits:
            return super().cross_entropy_grad(softmax, target, grad, out)
        rows, cols = (int(n) for n in softmax.shape)
        dense = [self.dense(softmax)]
        # One gradient for all rows, as of a mean, comes as a view without a stride.
        each = grad.strides != (0,)
        result = self.result(softmax, dense, out)
        self.kernels.get("cross_entropy_backward_softmax", suffix)(
            blocks_for_rows(rows, cols),
            dense[0],
            self.dense(target),
            self.dense(grad if each else grad[:1]),
            result,
            NOTHING_IGNORED,
            int(each),
            rows,
            cols,
        )
        return result if result is out else self.into(result, out)
