"""Pooling layers: the largest element or the mean of each window, 1d and 2d."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

from ..tensor import Tensor
from . import functional as F
from .module import Module

Sizes: TypeAlias = int | Sequence[int]


class _Windows(Module):
    """Windows of a size, with steps between them and added elements around the input."""

    _pool: ClassVar[Any]

    def __init__(self, kernel_size: Sizes, stride: Sizes | None, padding: Sizes) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _MaxPool(_Windows):
    """The largest element of each window.

    Args:
        kernel_size: the size of a window.
        stride: steps between windows, ``kernel_size`` by default.
        padding: elements of minus infinity added on both sides.
        dilation: steps between the elements of a window.
        return_indices: also return the elements' row-major numbers in the input.
        ceil_mode: let the last windows reach beyond the input.
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self._pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"


class MaxPool1d(_MaxPool):
    """The largest element of each window of input (N, C, L) or (C, L); see ``MaxPool2d``.

    >>> import gpugrad
    >>> gpugrad.nn.MaxPool1d(2)(gpugrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    _pool = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest element of each window of input (N, C, H, W) or (C, H, W).

    Args:
        kernel_size: the size of a window, a number or one for each dimension, as the next three.
        stride: steps between windows, ``kernel_size`` by default.
        padding: elements of minus infinity added on both sides.
        dilation: steps between the elements of a window.
        return_indices: also return the elements' row-major numbers in the input.
        ceil_mode: let the last windows reach beyond the input.

    >>> import gpugrad
    >>> gpugrad.nn.MaxPool2d(2)(gpugrad.zeros(5, 3, 8, 8)).shape
    torch.Size([5, 3, 4, 4])
    """

    _pool = staticmethod(F.max_pool2d)


class AvgPool1d(_Windows):
    """The mean of each window of input (N, C, L) or (C, L); see ``AvgPool2d``.

    >>> import gpugrad
    >>> gpugrad.nn.AvgPool1d(2)(gpugrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[2., 1.]])
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        steps = None if stride is None else _single(stride)
        super().__init__(_single(kernel_size), steps, _single(padding))
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


class _AvgPool(_Windows):
    """The mean of each window of several dimensions."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Any:
        return self._pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_AvgPool):
    """The mean of each window of input (N, C, H, W) or (C, H, W).

    Args:
        kernel_size: the size of a window, a number or one for each dimension, as the next two.
        stride: steps between windows, ``kernel_size`` by default.
        padding: zeros added on both sides.
        ceil_mode: let the last windows reach beyond the input.
        count_include_pad: whether the added zeros count as elements.
        divisor_override: divide the sums by this instead of the number of elements.

    >>> import gpugrad
    >>> gpugrad.nn.AvgPool2d(2)(gpugrad.arange(4.0).reshape(1, 2, 2))
    tensor([[[1.5000]]])
    """

    _pool = staticmethod(F.avg_pool2d)


def _single(value: Sizes) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


class _AdaptivePool(Module):
    """One number for each of so many about equal parts."""

    _pool: ClassVar[Any]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        return self._pool(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveMaxPool(_AdaptivePool):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return self._pool(input, self.output_size, self.return_indices)


class AdaptiveAvgPool1d(_AdaptivePool):
    """The means of ``output_size`` about equal parts of input (N, C, L) or (C, L).

    >>> import gpugrad
    >>> gpugrad.nn.AdaptiveAvgPool1d(1)(gpugrad.tensor([[1.0, 3.0]]))
    tensor([[2.]])
    """

    _pool = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptivePool):
    """The means of so many about equal parts of each plane of input (N, C, H, W) or (C, H, W).

    Args:
        output_size: a number, or one for each dimension; ``None`` for the input's size.

    >>> import gpugrad
    >>> gpugrad.nn.AdaptiveAvgPool2d((1, None))(gpugrad.zeros(3, 5, 7)).shape
    torch.Size([3, 1, 7])
    """

    _pool = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest elements of ``output_size`` about equal parts of input (N, C, L) or (C, L).

    >>> import gpugrad
    >>> gpugrad.nn.AdaptiveMaxPool1d(1)(gpugrad.tensor([[1.0, 3.0]]))
    tensor([[3.]])
    """

    _pool = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest elements of so many about equal parts of each plane of input (N, C, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.AdaptiveMaxPool2d(2)(gpugrad.zeros(3, 5, 7)).shape
    torch.Size([3, 2, 2])
    """

    _pool = staticmethod(F.adaptive_max_pool2d)
