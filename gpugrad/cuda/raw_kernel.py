"""Kernels of the user's own, in CUDA C, launched with tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..autograd.engine import TensorBase
from ..autograd.grad_mode import mode
from ..autograd.inplace import mark_changed
from ..backend import cuda as _cuda
from ..backend import device_of
from ..backend.signature import Argument, arguments_of
from ..device import device as Device

Extent = int | Sequence[int]

MOST_THREADS = 1024
"""In one block."""


class RawKernel:
    """A kernel in CUDA C that is launched with tensors and numbers for arguments.

    It is compiled when first launched. The declaration in the source says what each argument must
    be, and every launch is checked against it: a kernel itself would misread without a word.

    The source may include the library's own headers, such as ``"common.cuh"``.

    Args:
        code: the source. The kernel must be declared as ``extern "C" __global__ void``.
        name: of the kernel.
        options: for the compiler, after ``-std=c++17``.

    Raises:
        ValueError: the source defines no such kernel.

    A kernel has no gradient. Launch it in the ``forward`` and ``backward`` of an
    :class:`gpugrad.autograd.Function`, or see :func:`gpugrad.cuda.elementwise`:

    >>> import gpugrad
    >>> scale = gpugrad.cuda.RawKernel('''
    ... extern "C" __global__ void scale(const float* x, float* y, float factor, int n) {
    ...     int i = blockIdx.x * blockDim.x + threadIdx.x;
    ...     if (i < n) y[i] = factor * x[i];
    ... }''', "scale")
    >>> class Scale(gpugrad.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x, factor):
    ...         ctx.factor = factor
    ...         y = gpugrad.empty_like(x)
    ...         scale(-(-x.numel() // 256), 256, (x, y, factor, x.numel()))
    ...         return y
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         return Scale.apply(grad.contiguous(), ctx.factor), None
    >>> if gpugrad.cuda.is_available():
    ...     x = gpugrad.ones(1000, device="cuda", requires_grad=True)
    ...     Scale.apply(x, 3.0).sum().backward()
    """

    def __init__(self, code: str, name: str, options: Sequence[str] = ()) -> None:
        self.code, self.name, self.options = code, name, tuple(options)
        self.arguments = arguments_of(code, name)

    def __call__(
        self, grid: Extent, block: Extent, args: Sequence[Any], *, shared_mem: int = 0
    ) -> None:
        """Launch on the tensors' device, on its current stream.

        Args:
            grid: the number of blocks, in up to three dimensions; with none, nothing is launched.
            block: the number of threads in a block, likewise.
            args: contiguous tensors of one CUDA device for pointers, or None; Python numbers for
                numbers, which are converted to the declared type.
            shared_mem: bytes of dynamic shared memory for each block.

        Raises:
            RuntimeError: CUDA cannot be used, tensors are elsewhere, or one that is written to
                requires gradients.
            TypeError: the number of arguments, or the type of one, is wrong.
            ValueError: a tensor is not contiguous, or the block is too large.
            OverflowError: a number is outside its type's range.
        """
        backend = _cuda.backend(Device("cuda"))
        if len(args) != len(self.arguments):
            names = ", ".join(a.name for a in self.arguments)
            raise TypeError(
                f"[{self.name}] takes {len(self.arguments)} arguments ({names}), got {len(args)}"
            )
        blocks, threads = self._extent("grid", grid), self._extent("block", block)
        if not 0 < math.prod(threads) <= MOST_THREADS:
            raise ValueError(f"[{self.name}] a block has 1 to {MOST_THREADS} threads, not {block}")
        where: Device | None = None
        values, written = [], []
        for argument, value in zip(self.arguments, args, strict=True):
            if not argument.pointer:
                values.append(argument.number(value, self.name))
            elif value is None:
                values.append(None)
            else:
                where = self._checked(argument, value, where)
                values.append(value.array)
                if argument.written:
                    written.append(value)
        if not math.prod(blocks):
            return
        with backend.on(where or Device("cuda")):
            function = backend.compiled(self.name, self.code, self.options)
            extra = {"shared_mem": shared_mem} if shared_mem else {}
            function(blocks, threads, tuple(values), **extra)
        for tensor in written:
            mark_changed(tensor)

    def _checked(self, argument: Argument, value: Any, where: Device | None) -> Device:
        """The device of a tensor that may be given for a pointer, ``where`` if that is known."""
        place = f"[{self.name}] {argument.name}"
        if not isinstance(value, TensorBase):
            raise TypeError(f"{place} must be a Tensor or None, got {type(value).__name__}")
        own = device_of(value.array)
        if own.type != "cuda":
            raise RuntimeError(f"{place} must be on a CUDA device, got a tensor on {own}")
        if where is not None and own != where:
            raise RuntimeError(f"{place} is on {own}, but tensors before it are on {where}")
        if not argument.allows(value.array.dtype.name):
            raise TypeError(
                f"{place} points to {argument.type}, got a tensor of {value.array.dtype.name}"
            )
        if not value.array.flags.c_contiguous:
            raise ValueError(f"{place} must be contiguous: use x.contiguous()")
        if argument.written and mode.enabled and value.requires_grad:
            raise RuntimeError(
                f"{place} is written to and requires gradients: launch the kernel in an "
                "autograd.Function or under no_grad(), or declare a pointer to const"
            )
        return own

    def _extent(self, what: str, extent: Extent) -> tuple[int, ...]:
        found = (extent,) if isinstance(extent, int) else tuple(extent)
        if not 1 <= len(found) <= 3 or not all(isinstance(n, int) and n >= 0 for n in found):
            raise ValueError(f"[{self.name}] {what} must be one to three numbers, got {extent!r}")
        return found

    def __repr__(self) -> str:
        arguments = ", ".join(
            f"{'const ' if a.pointer and not a.written else ''}{a.type}{'*' if a.pointer else ''} "
            f"{a.name}"
            for a in self.arguments
        )
        return f"RawKernel({self.name}({arguments}))"
