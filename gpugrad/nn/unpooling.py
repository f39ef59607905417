"""Layers that put pooled numbers back, and pooling by norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional as F
from .module import Module
from .pooling import Sizes, _Windows


class _MaxUnpool(_Windows):
    """Numbers put back where a max-pooling took them from, zeros elsewhere."""

    ndim: int

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        steps = None if stride is None else self._each(stride)
        super().__init__(self._each(kernel_size), steps, self._each(padding))

    def _each(self, value: Sizes) -> tuple[int, ...]:
        return (value,) * self.ndim if isinstance(value, int) else tuple(value)

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Any:
        windows = self.kernel_size, self.stride, self.padding
        return self._pool(input, indices, *windows, output_size)


class MaxUnpool1d(_MaxUnpool):
    """Undoes ``MaxPool1d(..., return_indices=True)``; see ``functional.max_unpool1d``.

    >>> import gpugrad
    >>> gpugrad.nn.MaxUnpool1d(2)(gpugrad.tensor([[3.0]]), gpugrad.tensor([[1]]))
    tensor([[0., 3.]])
    """

    ndim = 1
    _pool = staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """Undoes ``MaxPool2d(..., return_indices=True)``; see ``functional.max_unpool2d``.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> largest, where = nn.MaxPool2d(2, return_indices=True)(gpugrad.arange(4.0).reshape(1, 2, 2))
    >>> nn.MaxUnpool2d(2)(largest, where)
    tensor([[[0., 0.],
             [0., 3.]]])
    """

    ndim = 2
    _pool = staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """Undoes ``MaxPool3d(..., return_indices=True)``; see ``functional.max_unpool3d``.

    >>> import gpugrad
    >>> x, where = gpugrad.ones(1, 1, 1, 1), gpugrad.zeros(1, 1, 1, 1).long()
    >>> gpugrad.nn.MaxUnpool3d((1, 1, 2))(x, where)
    tensor([[[[1., 0.]]]])
    """

    ndim = 3
    _pool = staticmethod(F.max_unpool3d)


class _LPPool(Module):
    """The p-norm of each window."""

    _pool: ClassVar[Any]

    def __init__(
        self,
        norm_type: float,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        norm = float(self.norm_type)
        return self._pool(input, norm, self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """The p-norm of each window of input (N, C, L) or (C, L).

    >>> import gpugrad
    >>> gpugrad.nn.LPPool1d(2, 2)(gpugrad.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """

    _pool = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    """The p-norm of each window of input (N, C, H, W) or (C, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.LPPool2d(2, 2)(gpugrad.full((1, 2, 2), 2.0))
    tensor([[[4.]]])
    """

    _pool = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    """The p-norm of each window of input (N, C, D, H, W) or (C, D, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.LPPool3d(2, (1, 2, 2))(gpugrad.full((1, 1, 2, 2), 2.0))
    tensor([[[[4.]]]])
    """

    _pool = staticmethod(F.lp_pool3d)
