"""The waist: every number in gpugrad is produced by one of these array functions.

:class:`Primitives` is built over an array module (NumPy or CuPy, which share their names). Each
function takes arrays first, then static arguments, and ``out=`` where it makes a new array, so a
planned replay allocates nothing. Fused functions are given here in *composed* form, written with
the other primitives only: that is the fallback of every backend, the reference for its kernels,
and, inherited by the namespace of differentiable tensors, what makes higher derivatives work.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from typing import Any

from ..device import device as Device
from .optimizer_steps import OptimizerSteps
from .special_functions import SpecialFunctions

Array = Any
"""An array of some backend, or (in the differentiable namespace) a tensor."""

Shape = tuple[int, ...]

UFUNCS = {
    # one operand
    "neg": "negative",
    "abs": "absolute",
    "sign": "sign",
    "square": "square",
    "sqrt": "sqrt",
    "reciprocal": "reciprocal",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log2": "log2",
    "log10": "log10",
    "log1p": "log1p",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "floor": "floor",
    "ceil": "ceil",
    "round": "rint",
    "trunc": "trunc",
    "isnan": "isnan",
    "isinf": "isinf",
    "isfinite": "isfinite",
    "signbit": "signbit",
    "logical_not": "logical_not",
    "bitwise_not": "invert",
    # two operands
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "true_divide",
    "floor_divide": "floor_divide",
    "remainder": "remainder",
    "fmod": "fmod",
    "pow": "power",
    "atan2": "arctan2",
    "hypot": "hypot",
    "logaddexp": "logaddexp",
    "maximum": "maximum",
    "minimum": "minimum",
    "fmax": "fmax",
    "fmin": "fmin",
    "copysign": "copysign",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
    "bitwise_and": "bitwise_and",
    "bitwise_or": "bitwise_or",
    "bitwise_xor": "bitwise_xor",
    "left_shift": "left_shift",
    "right_shift": "right_shift",
}
"""Our (PyTorch's) name of each elementwise primitive and the array module's name for it."""


class Primitives(OptimizerSteps, SpecialFunctions):
    """The primitives over one array module.

    Args:
        module: ``numpy`` or ``cupy``.
    """

    device_type: str

    def __init__(self, module: Any) -> None:
        self.module = module
        self.dot = module.dot  # for operands of one or two dimensions
        for name, ufunc in UFUNCS.items():
            setattr(self, name, getattr(module, ufunc))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no primitive named {name!r} on {type(self).__name__}")

    # --- devices ----------------------------------------------------------------------------------

    def device(self, x: Array) -> Device:
        """The device that holds ``x``."""
        raise NotImplementedError

    def on(self, where: Device) -> AbstractContextManager[Any]:
        """A context in which new arrays are made on the device ``where``."""
        raise NotImplementedError

    def address(self, x: Array) -> int:
        """The address of the first element."""
        raise NotImplementedError

    def to_host(self, x: Array) -> Array:
        """``x`` as a NumPy array; on the CPU the same object."""
        raise NotImplementedError

    def from_host(self, x: Array, where: Device) -> Array:
        """A NumPy array as one of this backend's, on the device ``where``."""
        raise NotImplementedError

    def move(self, x: Array, where: Device) -> Array:
        """``x`` on the device ``where``, of any backend."""
        from . import get_backend  # which imports this module

        return get_backend(where).from_host(self.to_host(x), where)

    def writable(self, x: Array) -> bool:
        """Whether ``x`` may be written to: no two of its elements share their memory."""
        return bool(x.flags.writeable)

    # --- making and copying -----------------------------------------------------------------

    def empty(self, shape: Shape, dtype: Any) -> Array:
        return self.module.empty(shape, dtype)

    def zeros(self, shape: Shape, dtype: Any) -> Array:
        return self.module.zeros(shape, dtype)

    def full(self, shape: Shape, value: Any, dtype: Any) -> Array:
        out = self.module.empty(shape, dtype)
        out.fill(value)
        return out

    def arange(self, start: Any, stop: Any, step: Any, dtype: Any) -> Array:
        return self.module.arange(start, stop, step, dtype)

    def asarray(self, x: Array) -> Array:
        """An array, where NumPy has handed back one of its scalars."""
        return self.module.asarray(x)

    def copy(self, x: Array, out: Array | None = None) -> Array:
        """A copy in row-major order; with ``out``, into it, broadcast and converted."""
        if out is None:
            return self.module.array(x, order="C")
        out[...] = x
        return out

    def cast(self, x: Array, dtype: Any) -> Array:
        return x.astype(dtype)

    def fill(self, x: Array, value: Any) -> Array:
        x.fill(value)
        return x

    def zeros_like(self, x: Array) -> Array:
        return self.module.zeros(x.shape, x.dtype)

    def ones_like(self, x: Array) -> Array:
        return self.full(x.shape, 1, x.dtype)

    # --- shape: views where strides allow, else copies ----------------------------------------

    def reshape(self, x: Array, shape: Shape) -> Array:
        return x.reshape(shape)

    def permute(self, x: Array, axes: tuple[int, ...]) -> Array:
        return x.transpose(axes)

    def broadcast_to(self, x: Array, shape: Shape) -> Array:
        return self.module.broadcast_to(x, shape)

    def expand(self, x: Array, shape: Shape) -> Array:
        """Like :meth:`broadcast_to`, and never a copy."""
        return self.module.broadcast_to(x, shape)

    def getitem(self, x: Array, index: Any) -> Array:
        return x[index]

    def concatenate(self, arrays: list[Array], axis: int) -> Array:
        return self.module.concatenate(arrays, axis)

    def stack(self, arrays: list[Array]) -> Array:
        return self.module.stack(arrays)

    def flip(self, x: Array, axes: tuple[int, ...]) -> Array:
        return x[tuple(slice(None, None, -1 if a in axes else None) for a in range(x.ndim))]

    # --- writing and gathering by index ---------------------------------------------------------

    def setitem(self, x: Array, index: Any, value: Array) -> Array:
        x[index] = value
        return x

    def index_add(self, x: Array, index: Any, value: Array) -> Array:
        """``x[index] += value`` where repeated indices add up."""
        self.module.add.at(x, index, value)
        return x

    def scatter_nd(self, grad: Array, index: Any, shape: Shape) -> Array:
        """Zeros of ``shape`` with ``grad`` added at ``index``: what undoes :meth:`getitem`."""
        out = self.module.zeros(shape, grad.dtype)
        if is_basic(index):
            out[index] = grad
        else:
            self.index_add(out, index, grad)
        return out

    def take_along_axis(self, x: Array, index: Array, axis: int) -> Array:
        return self.module.take_along_axis(x, index, axis)

    def scatter_along_axis(self, x: Array, index: Array, axis: int, shape: Shape) -> Array:
        """Zeros of ``shape`` with ``x`` added where :meth:`take_along_axis` would have read."""
        out = self.module.zeros(shape, x.dtype)
        grid = list(self.module.ogrid[tuple(slice(n) for n in index.shape)])
        grid[axis] = index
        self.index_add(out, tuple(grid), x)
        return out

    def clamp(self, x: Array, low: Any, high: Any) -> Array:
        """``x`` kept between two numbers, either of which may be None."""
        if low is not None:
            x = self.maximum(x, low)
        return x if high is None else self.minimum(x, high)

    def where(self, condition: Array, x: Array, y: Array) -> Array:
        return self.module.where(condition, x, y)

    def nonzero(self, x: Array) -> tuple[Array, ...]:
        return tuple(x.nonzero())

    # --- reductions -----------------------------------------------------------------------------

    def sum(self, x: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Array:
        return x.sum(axis=axis, dtype=dtype, keepdims=keepdims)

    def mean(self, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        total = self.sum(x, axis, keepdims)
        return self.div(total, x.size // total.size if total.size else float("nan"))

    def prod(self, x: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Array:
        return x.prod(axis=axis, dtype=dtype, keepdims=keepdims)

    def amax(self, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        return x.max(axis=axis, keepdims=keepdims)

    def amin(self, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        return x.min(axis=axis, keepdims=keepdims)

    def any(self, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        return x.any(axis=axis, keepdims=keepdims)

    def all(self, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        return x.all(axis=axis, keepdims=keepdims)

    def argmax(self, x: Array, axis: int | None = None) -> Array:
        return x.argmax(axis=axis)

    def argmin(self, x: Array, axis: int | None = None) -> Array:
        return x.argmin(axis=axis)

    def cumsum(self, x: Array, axis: int, dtype: Any = None) -> Array:
        return self.module.cumsum(x, axis, dtype)

    def cumprod(self, x: Array, axis: int, dtype: Any = None) -> Array:
        return self.module.cumprod(x, axis, dtype)

    def argsort(self, x: Array, axis: int) -> Array:
        """Stable ascending order; nan last."""
        return self.module.argsort(x, axis=axis, kind="stable")

    # --- products -------------------------------------------------------------------------------

    def matmul(self, x: Array, y: Array, out: Array | None = None) -> Array:
        return self.module.matmul(x, y, out=out)

    def linear(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """``x @ weight.T + bias``."""
        product = self.matmul(x, self.permute(weight, (1, 0)))
        return product if bias is None else self.add(product, bias)

    # --- fused: composed forms ------------------------------------------------------------------

    def rsqrt(self, x: Array, out: Array | None = None) -> Array:
        return self.reciprocal(self.sqrt(x), out=out)

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        """``1 / (1 + exp(-x))``."""
        return self.reciprocal(self.add(self.exp(self.neg(x)), 1), out=out)

    def sigmoid_grad(self, y: Array, grad: Array) -> Array:
        """``grad * y * (1 - y)`` for ``y = sigmoid(x)``."""
        return self.mul(grad, self.mul(self.sub(1, y), y))

    def tanh_grad(self, y: Array, grad: Array) -> Array:
        """``grad * (1 - y * y)`` for ``y = tanh(x)``."""
        return self.mul(grad, self.sub(1, self.square(y)))

    def relu(self, x: Array, out: Array | None = None) -> Array:
        """``max(x, 0)``; nan stays nan."""
        return self.maximum(x, 0, out=out)

    def relu_grad(self, y: Array, grad: Array) -> Array:
        """``grad`` where ``y`` is not 0, else 0, for ``y = relu(x)``."""
        return self.where(self.ne(y, 0), grad, self.zeros_like(grad))

    def leaky_relu(self, x: Array, slope: float) -> Array:
        """``x`` where positive, else ``slope * x``."""
        return self.where(self.gt(x, 0), x, self.mul(x, slope))

    def elu(self, x: Array, alpha: float) -> Array:
        """``x`` where positive, else ``alpha * (exp(x) - 1)``."""
        return self.where(self.gt(x, 0), x, self.mul(self.expm1(self.minimum(x, 0.0)), alpha))

    def softplus(self, x: Array, beta: float, threshold: float) -> Array:
        """``log(1 + exp(beta * x)) / beta``, and ``x`` where ``beta * x > threshold``."""
        scaled = self.mul(x, beta)
        smooth = self.div(self.log1p(self.exp(self.minimum(scaled, threshold))), beta)
        return self.where(self.gt(scaled, threshold), x, smooth)

    def silu(self, x: Array) -> Array:
        """``x * sigmoid(x)``."""
        return self.mul(x, self.sigmoid(x))

    def gelu(self, x: Array, approximate: str) -> Array:
        """``x * Phi(x)``, by erf or, with ``"tanh"``, by its usual approximation."""
        if approximate == "tanh":
            cubic = self.add(self.mul(self.mul(self.square(x), x), 0.044715), x)
            phi = self.add(self.tanh(self.mul(cubic, math.sqrt(2.0 / math.pi))), 1)
        else:
            phi = self.add(self.erf(self.mul(x, math.sqrt(0.5))), 1)
        return self.mul(self.mul(x, 0.5), phi)

    def cube(self, x: Array, out: Array | None = None) -> Array:
        """``x * x * x``."""
        return self.mul(self.square(x), x, out=out)

    def trunc_divide(self, x: Array, y: Array, out: Array | None = None) -> Array:
        """``x / y`` rounded towards zero, exact for integers too."""
        if x.dtype.kind in "iu":
            return self.floor_divide(self.sub(x, self.fmod(x, y)), y, out=out)
        return self.trunc(self.div(x, y), out=out)

    def softmax(self, x: Array, axis: int) -> Array:
        """``exp(x - max) / sum(exp(x - max))`` along ``axis``."""
        shifted = self.exp(self.sub(x, self.amax(x, axis, True)))
        return self.div(shifted, self.sum(shifted, axis, True))

    def softmax_grad(self, y: Array, grad: Array, axis: int) -> Array:
        """``y * (grad - sum(grad * y))`` for ``y = softmax(x)``."""
        return self.mul(y, self.sub(grad, self.sum(self.mul(grad, y), axis, True)))

    def log_softmax(self, x: Array, axis: int) -> Array:
        """``x - max - log(sum(exp(x - max)))`` along ``axis``."""
        shifted = self.sub(x, self.amax(x, axis, True))
        return self.sub(shifted, self.log(self.sum(self.exp(shifted), axis, True)))

    def log_softmax_grad(self, y: Array, grad: Array, axis: int) -> Array:
        """``grad - exp(y) * sum(grad)`` for ``y = log_softmax(x)``."""
        return self.sub(grad, self.mul(self.exp(y), self.sum(grad, axis, True)))

    def mse(self, x: Array, y: Array) -> Array:
        """Mean of ``(x - y)**2`` over all elements, x and y of one shape."""
        return self.mean(self.square(self.sub(x, y)))

    def mse_grad(self, x: Array, y: Array, grad: Array, scale: float) -> Array:
        """``scale * grad * (x - y)``, the gradient of a squared error in ``x``."""
        return self.mul(self.sub(x, y), self.mul(grad, scale))

    def cross_entropy(self, x: Array, target: Array) -> tuple[Array, Array]:
        """``-log_softmax(x)[i, target[i]]`` for every row i of a matrix, and ``softmax(x)``."""
        log_probabilities = self.log_softmax(x, 1)
        picked = self.take_along_axis(log_probabilities, self.reshape(target, (-1, 1)), 1)
        return self.neg(self.reshape(picked, (-1,))), self.exp(log_probabilities)

    def cross_entropy_grad(self, softmax: Array, target: Array, grad: Array) -> Array:
        """``grad[i] * (softmax[i] - onehot(target[i]))`` for every row i."""
        column, rows = self.reshape(target, (-1, 1)), self.reshape(grad, (-1, 1))
        spread = self.mul(softmax, rows)
        return self.sub(spread, self.scatter_along_axis(rows, column, 1, softmax.shape))


def is_basic(index: Any) -> bool:
    """Whether indexing with this gives a view: ints, slices, None and Ellipsis only."""
    if isinstance(index, tuple):
        return all(is_basic_item(i) for i in index)
    return is_basic_item(index)


def is_basic_item(item: Any) -> bool:
    return item is None or item is Ellipsis or isinstance(item, (int, slice))
