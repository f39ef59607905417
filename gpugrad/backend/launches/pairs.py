"""Pairs of functions by one launch each way."""

from __future__ import annotations

import math

from ..kernel_source import compute_dtype
from ..kernels import PACK_BYTES, ColumnGrid, blocks_for, blocks_for_sum, columns_grid, suffix_of
from ..pairs import KEEP_OUTPUT
from ..step_scratch import Array, Arrays
from .launcher import Launcher, alike


class Pairs(Launcher):
    """Every method's composed form in ``FusedPairs`` says what it computes."""

    def column_sum(self, x: Array, out: Array | None = None) -> Array:
        suffix = suffix_of(x.dtype)
        if suffix is None or x.ndim == 0 or x.shape[-1] == 0:
            return super().column_sum(x, out)
        rows, cols = _matrix(x)
        dense = self.dense(x)
        result = self.result_of((cols,), x.dtype, [dense], out)
        grid = columns_grid(rows, cols, x.itemsize, True)
        workspace = self._workspace(grid, suffix, x.itemsize)
        kernel = self.kernels.get("column_sum", suffix)
        kernel(grid.blocks, dense, result, *workspace, grid.lanes, grid.slices, rows, cols)
        return self.given(result, out)

    def bias_activation(
        self, x: Array, bias: Array, activation: str, out: Array | None = None
    ) -> Array:
        suffix = suffix_of(x.dtype)
        fits = x.ndim > 0 and bias.dtype == x.dtype and bias.shape == x.shape[-1:]
        if suffix is None or not fits:
            return super().bias_activation(x, bias, activation, out)
        operands = [self.dense(x), self.dense(bias)]
        result = self.result(x, operands, out)
        if x.size:
            rows, cols = _matrix(x)
            grid = columns_grid(rows, cols, x.itemsize, False)
            kernel = self.kernels.get(f"{_prefix(activation)}_forward", suffix)
            kernel(grid.blocks, *operands, result, grid.lanes, grid.slices, rows, cols)
        return self.given(result, out)

    def bias_activation_grad(
        self,
        kept: Array | None,
        bias: Array | None,
        grad: Array,
        activation: str,
        wanted: tuple[bool, bool],
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        suffix = suffix_of(grad.dtype)
        needs_bias = activation not in KEEP_OUTPUT
        fits = activation != "none" and grad.size and alike([grad, kept])
        if fits and needs_bias:
            fits = bias is not None and bias.dtype == grad.dtype and bias.shape == grad.shape[-1:]
        if suffix is None or not fits or grad.ndim == 0 or not any(wanted):
            return super().bias_activation_grad(kept, bias, grad, activation, wanted, out)
        operands = [self.dense(grad), self.dense(kept)]
        if needs_bias:
            operands.append(self.dense(bias))
        rows, cols = _matrix(grad)
        grid = columns_grid(rows, cols, grad.itemsize, wanted[1])
        to_x, to_bias = out or (None, None)
        in_x = self.result(grad, operands, to_x) if wanted[0] else None
        in_bias = self.result_of((cols,), grad.dtype, operands, to_bias) if wanted[1] else None
        self.kernels.get(f"{_prefix(activation)}_backward", suffix)(
            grid.blocks,
            *operands,
            in_x,
            in_bias,
            *(self._workspace(grid, suffix, grad.itemsize) if wanted[1] else (None, None)),
            grid.lanes,
            grid.slices,
            rows,
            cols,
        )
        return self._both(in_x, in_bias, out)

    def sigmoid_mse(
        self,
        x: Array,
        y: Array,
        reduction: str,
        keep: bool = False,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        suffix = suffix_of(x.dtype)
        if suffix is None or not alike([x, y]):
            return super().sigmoid_mse(x, y, reduction, keep, out)
        n, each = int(x.size), reduction == "none"
        operands = [self.dense(x), self.dense(y)]
        to_error, to_p = out or (None, None)
        p = self.result(x, operands, to_p) if keep else None
        if each:
            error = self.result(x, operands, to_error)
            if n:
                kernel = self.kernels.get("sigmoid_mse_none", suffix)
                kernel(blocks_for(n, x.itemsize), *operands, error, p, n)
        else:
            error = self.result_of((), x.dtype, operands, to_error)
            blocks = blocks_for_sum(n, x.itemsize)
            several = blocks > 1
            self.kernels.get("sigmoid_mse_reduce", suffix)(
                blocks,
                *operands,
                error,
                p,
                1.0 if reduction == "sum" else 1 / n if n else math.nan,
                self.empty((blocks,), compute_dtype(suffix)) if several else None,
                self.counter() if several else None,
                n,
            )
        return self._both(error, p, out)

    def sigmoid_mse_grad(
        self,
        x: Array,
        y: Array,
        grad: Array,
        scale: float,
        wanted: tuple[bool, bool],
        of_output: bool = False,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        suffix = suffix_of(x.dtype)
        each = grad.ndim > 0
        fits = alike([x, y, grad] if each else [x, y]) and grad.dtype == x.dtype
        if suffix is None or not fits:
            return super().sigmoid_mse_grad(x, y, grad, scale, wanted, of_output, out)
        operands = [self.dense(a) for a in (x, y, grad)]
        to_x, to_y = out or (None, None)
        in_x = self.result(x, operands, to_x) if wanted[0] else None
        in_y = self.result(x, operands, to_y) if wanted[1] else None
        n = int(x.size)
        if n and any(wanted):
            name = "sigmoid_mse_backward_output" if of_output else "sigmoid_mse_backward"
            kernel = self.kernels.get(name, suffix)
            blocks = blocks_for(n, x.itemsize)
            kernel(blocks, *operands, in_x, in_y, float(scale), int(each), n)
        return self._both(in_x, in_y, out)

    def _workspace(self, grid: ColumnGrid, suffix: str, itemsize: int) -> Arrays:
        """Where a sum over columns keeps what its slices add up to, and its counters."""
        if grid.slices == 1:
            return [None, None]
        numbers = grid.blocks * grid.lanes * (PACK_BYTES // itemsize)
        return [self.empty((numbers,), compute_dtype(suffix)), self.counter()]

    def _both(
        self, first: Array | None, second: Array | None, out: tuple[Array, Array] | None
    ) -> tuple[Array, Array]:
        """Two results, of which one may not have been wanted, in the arrays given for them."""
        if out is None:
            return first, second
        return (
            first if first is None else self.given(first, out[0]),
            second if second is None else self.given(second, out[1]),
        )


def _matrix(x: Array) -> tuple[int, int]:
    """The rows and columns of an array as the kernel sees it."""
    cols = int(x.shape[-1])
    return math.prod(x.shape[:-1]), cols


def _prefix(activation: str) -> str:
    return "bias" if activation == "none" else f"bias_{activation}"
