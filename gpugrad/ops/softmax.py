"""Softmax and its logarithm."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import OUTPUT, Node
from ..casting.calls import THREADS, casting
from .arguments import word
from .operands import cast, row_major
from .shape import wrap_dim


class Softmax(Node):
    """``exp(x) / sum(exp(x))`` along one dimension."""

    __slots__ = ("axis", "out")
    saves = {"out": OUTPUT}

    def forward(self, xp: Any, x: Any, axis: int) -> Any:
        self.axis = axis
        self.out = row_major(xp, xp.softmax(x, axis)) if x.size else xp.copy(x)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.softmax_grad(self.out, grad, self.axis),)


class LogSoftmax(Node):
    """``log(softmax(x))`` along one dimension."""

    __slots__ = ("axis", "out")
    saves = {"out": OUTPUT}

    def forward(self, xp: Any, x: Any, axis: int) -> Any:
        self.axis = axis
        self.out = row_major(xp, xp.log_softmax(x, axis)) if x.size else xp.copy(x)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.log_softmax_grad(self.out, grad, self.axis),)


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """``exp(input) / sum(exp(input))`` along ``dim``.

    >>> import gpugrad
    >>> gpugrad.softmax(gpugrad.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
    if THREADS and (run := casting("softmax")):
        return run(softmax, input, dim, dtype=dtype)
    x = input if dtype is None else cast(input, dtypes.as_dtype(dtype))
    _require_floating(x, "softmax")
    return Softmax.apply(x, _softmax_axis(x, dim))


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """``log(softmax(input))`` along ``dim``, without overflow.

    >>> import gpugrad
    >>> gpugrad.log_softmax(gpugrad.tensor([0.0, 0.0]), dim=0)
    tensor([-0.6931, -0.6931])
    """
    if THREADS and (run := casting("log_softmax")):
        return run(log_softmax, input, dim, dtype=dtype)
    x = input if dtype is None else cast(input, dtypes.as_dtype(dtype))
    _require_floating(x, "log_softmax")
    return LogSoftmax.apply(x, _softmax_axis(x, dim))


def _softmax_axis(x: Any, dim: int) -> Any:
    axis = wrap_dim(dim, x.array.ndim)
    return axis if x.array.ndim else ()


def _require_floating(x: Any, name: str) -> None:
    if x.array.dtype.kind not in "fV":
        raise NotImplementedError(
            f"\"{name}_lastdim_kernel_impl\" not implemented for '{word(x.array)}'"
        )
