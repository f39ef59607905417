"""The primitives that have a CUDA kernel of ours: one launch each.

Every method has its composed form in :class:`Primitives`, which says what it computes, and falls
back to it where the kernel does not apply: types other than the four floating-point ones, operands
of different shapes or types, reductions along a dimension that is not the last.
"""

from __future__ import annotations

from functools import cached_property

from .fused_steps import FusedSteps
from .kernel_source import compute_dtype
from .kernels import blocks_for, blocks_for_rows, blocks_for_sum, suffix_of
from .step_scratch import Array, Arrays

NOTHING_IGNORED = -(2**63)
"""A class that no row has."""


class FusedKernels(FusedSteps):
    """Overrides composed primitives by launches; CuPy arrays only."""

    # --- elementwise ------------------------------------------------------------------------------

    def _elementwise(
        self, name: str, operands: Arrays, numbers: tuple[float, ...], out: Array | None
    ) -> Array | None:
        """One launch over arrays of one shape and type; None where that does not apply."""
        first = operands[0]
        suffix = suffix_of(first.dtype)
        if suffix is None or not _alike(operands):
            return None
        dense = [self._dense(x) for x in operands]
        result = self._result(first, dense, out)
        if n := int(first.size):
            kernel = self.kernels.get(name, suffix)
            kernel(blocks_for(n, first.itemsize), *dense, result, *numbers, n)
        return result if result is out else self.into(result, out)

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        found = self._elementwise("sigmoid_forward", [x], (), out)
        return super().sigmoid(x, out) if found is None else found

    def sigmoid_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        found = self._elementwise("sigmoid_backward", [grad, y], (), out)
        return super().sigmoid_grad(y, grad, out) if found is None else found

    def tanh_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        found = self._elementwise("tanh_backward", [grad, y], (), out)
        return super().tanh_grad(y, grad, out) if found is None else found

    def relu(self, x: Array, out: Array | None = None) -> Array:
        found = self._elementwise("relu_forward", [x], (), out)
        return super().relu(x, out) if found is None else found

    def relu_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        found = self._elementwise("relu_backward", [grad, y], (), out)
        return super().relu_grad(y, grad, out) if found is None else found

    def leaky_relu(self, x: Array, slope: float, out: Array | None = None) -> Array:
        found = self._elementwise("leaky_relu_forward", [x], (float(slope),), out)
        return super().leaky_relu(x, slope, out) if found is None else found

    def softplus(self, x: Array, beta: float, threshold: float, out: Array | None = None) -> Array:
        numbers = (float(beta), float(threshold))
        found = self._elementwise("softplus_forward", [x], numbers, out)
        return super().softplus(x, beta, threshold, out) if found is None else found

    def silu(self, x: Array, out: Array | None = None) -> Array:
        found = self._elementwise("silu_forward", [x], (), out)
        return super().silu(x, out) if found is None else found

    def gelu(self, x: Array, approximate: str, out: Array | None = None) -> Array:
        name = "gelu_tanh_forward" if approximate == "tanh" else "gelu_forward"
        found = self._elementwise(name, [x], (), out)
        return super().gelu(x, approximate, out) if found is None else found

    # --- squared error ----------------------------------------------------------------------------

    def mse(self, x: Array, y: Array, out: Array | None = None) -> Array:
        suffix = suffix_of(x.dtype)
        if suffix is None or not _alike([x, y]):
            return super().mse(x, y, out)
        n = int(x.size)
        blocks = blocks_for_sum(n, x.itemsize)
        result = self.empty((), x.dtype)
        several = blocks > 1
        partial = self.empty((blocks,), compute_dtype(suffix)) if several else None
        counter = self._counter() if several else None
        self.kernels.get("mse_reduce", suffix)(
            blocks,
            self._dense(x),
            self._dense(y),
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
        if suffix is None or not _alike([x, y, grad] if each else [x, y]) or grad.dtype != x.dtype:
            return super().mse_grad(x, y, grad, scale, out)
        dense = [self._dense(a) for a in (x, y, grad)]
        result = self._result(x, dense, out)
        if n := int(x.size):
            kernel = self.kernels.get("mse_backward", suffix)
            kernel(blocks_for(n, x.itemsize), *dense, result, float(scale), int(each), n)
        return result if result is out else self.into(result, out)

    # --- rows -------------------------------------------------------------------------------------

    def _over_rows(self, name: str, operands: Arrays, axis: int, out: Array | None) -> Array | None:
        """One launch along the last dimension; None where that does not apply."""
        first = operands[0]
        suffix = suffix_of(first.dtype)
        if suffix is None or axis not in (-1, first.ndim - 1) or not _alike(operands):
            return None
        if first.ndim == 0:
            return None
        dense = [self._dense(x) for x in operands]
        result = self._result(first, dense, out)
        if first.size:
            cols = int(first.shape[-1])
            rows = int(first.size) // cols
            kernel = self.kernels.get(name, suffix)
            kernel(blocks_for_rows(rows, cols), *dense, result, rows, cols)
        return result if result is out else self.into(result, out)

    def softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        found = self._over_rows("softmax_forward", [x], axis, out)
        return super().softmax(x, axis, out) if found is None else found

    def softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        found = self._over_rows("softmax_backward", [grad, y], axis, out)
        return super().softmax_grad(y, grad, axis, out) if found is None else found

    def log_softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        found = self._over_rows("log_softmax_forward", [x], axis, out)
        return super().log_softmax(x, axis, out) if found is None else found

    def log_softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        found = self._over_rows("log_softmax_backward", [grad, y], axis, out)
        return super().log_softmax_grad(y, grad, axis, out) if found is None else found

    def cross_entropy(
        self, x: Array, target: Array, out: tuple[Array, Array] | None = None
    ) -> tuple[Array, Array]:
        suffix = suffix_of(x.dtype)
        if suffix is None or target.dtype != "int64" or not x.size:
            return super().cross_entropy(x, target, out)
        rows, cols = (int(n) for n in x.shape)
        logits = self._dense(x)
        losses, softmax = self.empty((rows,), x.dtype), self.empty((rows, cols), x.dtype)
        self.kernels.get("cross_entropy_forward", suffix)(
            blocks_for_rows(rows, cols),
            logits,
            self._dense(target),
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
        dense = [self._dense(softmax)]
        # One gradient for all rows, as of a mean, comes as a view without a stride.
        each = grad.strides != (0,)
        result = self._result(softmax, dense, out)
        self.kernels.get("cross_entropy_backward_softmax", suffix)(
            blocks_for_rows(rows, cols),
            dense[0],
            self._dense(target),
            self._dense(grad if each else grad[:1]),
            result,
            NOTHING_IGNORED,
            int(each),
            rows,
            cols,
        )
        return result if result is out else self.into(result, out)

    # --- operands and results ---------------------------------------------------------------------

    @cached_property
    def _counters(self) -> dict[tuple[int, int], Array]:
        return {}

    def _counter(self) -> Array:
        """The 0 with which blocks count themselves, of the current device and stream.

        Kernels on one stream run one after the other, so they can share it.
        """
        cuda = self.module.cuda
        key = (cuda.runtime.getDevice(), cuda.get_current_stream().ptr)
        found = self._counters.get(key)
        if found is None:
            found = self._counters[key] = self.zeros((1,), "uint32")
        return found

    def _result(self, like: Array, operands: Arrays, out: Array | None) -> Array:
        """``out`` where a kernel may write to it, else a new array."""
        fits = (
            out is not None
            and out.shape == like.shape
            and out.dtype == like.dtype
            and out.flags.c_contiguous
            and not any(_overlap(out, x) for x in operands)
        )
        return out if fits else self.empty(like.shape, like.dtype)


def _alike(operands: Arrays) -> bool:
    """Whether all have the shape and dtype of the first."""
    first = operands[0]
    return all(x.shape == first.shape and x.dtype == first.dtype for x in operands[1:])


def _overlap(out: Array, x: Array) -> bool:
    """Whether two contiguous arrays share memory without being the same."""
    start, other = out.data.ptr, x.data.ptr
    if start == other and out.nbytes == x.nbytes:
        return False
    return bool(start < other + x.nbytes and other < start + out.nbytes)
