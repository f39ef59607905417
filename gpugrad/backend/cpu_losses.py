"""The activations and losses of toy models over NumPy, each in its quickest spelling for its size.

Large arrays are C code's where there is a compiler, and are else done in blocks that stay in the
processor's cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..native import maps
from . import cpu_blocks
from .primitives import Array, Primitives
from .small_arrays import BLAS_TYPES, ONES, SHORT, ZEROS

_INTEGER = {2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}
_IN_C = {
    **dict.fromkeys(("sigmoid", "mse"), maps.LARGE),
    **dict.fromkeys(("relu", "relu_grad", "sigmoid_grad", "tanh_grad", "mse_grad"), maps.SIMPLE),
    **dict.fromkeys(("sum", "mean"), maps.SIMPLE),
}
"""From how many elements on a primitive is left to C code, where there is a compiler."""


def goes_to_c(name: str, args: list[Any]) -> bool:
    """Whether a primitive calls C code for operands like these, which no rule should take apart."""
    least = _IN_C.get(name)
    if least is None or args[0].size < least or args[0].dtype not in BLAS_TYPES:
        return False
    from ..native import toolchain  # which few programs need

    return toolchain.available()


class HostLosses(Primitives):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        if x.size >= maps.LARGE:
            found = maps.apply("sigmoid", out, (x,))
            if found is not None:
                return found
            if cpu_blocks.applies(x):
                return cpu_blocks.sigmoid(x, out)
        # Nothing in place: with one element, NumPy takes three times as long for that.
        return np.reciprocal(np.add(np.exp(np.negative(x)), ONES[x.dtype]), out)

    def relu(self, x: Array, out: Array | None = None) -> Array:
        if x.size >= maps.SIMPLE:
            found = maps.apply("relu", out, (x,))
            if found is not None:
                return found
            if cpu_blocks.applies(x):
                return cpu_blocks.relu(x, out)
        return np.maximum(x, ZEROS[x.dtype], out=out)

    def relu_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        if y.size >= maps.SIMPLE:
            found = maps.apply("relu_grad", out, (y, grad))
            if found is not None:
                return found
            if cpu_blocks.applies(y, grad):
                return cpu_blocks.relu_grad(y, grad, out)
        if y.size <= SHORT and out is None:
            return np.where(y, grad, ZEROS[grad.dtype])
        # The bits times 0 or 1: as exact as np.where (inf, nan and -0 included), and ten times as
        # fast. An output of relu is positive or nan exactly where it is not 0.
        bits = np.multiply(grad.view(_INTEGER[grad.itemsize]), np.not_equal(y, ZEROS[y.dtype]))
        return self.into(bits.view(grad.dtype), out)

    def sigmoid_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        if y.size >= maps.SIMPLE:
            found = maps.apply("sigmoid_grad", out, (y, grad))
            if found is not None:
                return found
            if cpu_blocks.applies(y, grad):
                return cpu_blocks.sigmoid_grad(y, grad, out)
        return np.multiply(grad, np.multiply(np.subtract(ONES[y.dtype], y), y), out=out)

    def tanh_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        if y.size >= maps.SIMPLE:
            found = maps.apply("tanh_grad", out, (y, grad))
            if found is not None:
                return found
            if cpu_blocks.applies(y, grad):
                return cpu_blocks.tanh_grad(y, grad, out)
        return np.multiply(grad, np.subtract(ONES[y.dtype], np.square(y)), out=out)

    def mse(self, x: Array, y: Array, reduction: str, out: Array | None = None) -> Array:
        if reduction == "none":
            return super().mse(x, y, reduction, out)
        divisor = x.size if reduction == "mean" else 1
        if x.size >= maps.LARGE:
            found = maps.squared_error(x, y, divisor)
            if found is None and cpu_blocks.applies(x, y):
                found = x.dtype.type(cpu_blocks.squared_error(x, y) / divisor)
            if found is not None:
                return self.into(found, out)
        return super().mse(x, y, reduction, out)

    def mse_grad(
        self, x: Array, y: Array, grad: Array, scale: float, out: Array | None = None
    ) -> Array:
        factor = np.multiply(grad, scale)
        if x.size >= maps.SIMPLE and factor.size == 1 and factor.dtype == x.dtype:
            found = maps.apply("mse_grad", out, (x, y), factor.item())
            if found is not None:
                return found
            if cpu_blocks.applies(x, y):
                return cpu_blocks.mse_grad(x, y, factor.reshape(()), out)
        return np.multiply(np.subtract(x, y), factor, out=out)

    def sigmoid_mse(
        self,
        x: Array,
        y: Array,
        reduction: str,
        keep: bool = False,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        if reduction != "none" and x.size >= maps.LARGE:
            found = maps.sigmoid_mse(x, y, x.size if reduction == "mean" else 1, keep)
            if found is not None:
                return self._found(*found, out)
        return super().sigmoid_mse(x, y, reduction, keep, out)

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
        if x.size >= maps.LARGE and grad.size == 1 and grad.dtype == x.dtype:
            factor = np.multiply(grad, scale).item()
            found = maps.sigmoid_mse_grad(x, y, factor, wanted, of_output)
            if found is not None:
                return self._found(*found, out)
        return super().sigmoid_mse_grad(x, y, grad, scale, wanted, of_output, out)
