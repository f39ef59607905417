"""Layers that add elements around their input."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .module import Module

Sizes = Any  # a number, or a sequence of pairs, the last dimension first


class _Pad(Module):
    """Adds elements before and after the last dimensions.

    Args:
        padding: how many: one number for all sides, or (before, after) for each dimension, the
            last dimension first.
    """

    dims: int
    mode: str
    padding: tuple[int, ...]

    def __init__(self, padding: Sizes) -> None:
        super().__init__()
        same = isinstance(padding, int)
        self.padding = (padding,) * 2 * self.dims if same else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """Adds elements of one value."""

    mode = "constant"

    def __init__(self, padding: Sizes, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Adds elements of one value before and after the last dimension.

    >>> import gpugrad
    >>> gpugrad.nn.ConstantPad1d((1, 2), 5.0)(gpugrad.zeros(1, 1, 2))
    tensor([[[5., 0., 0., 5., 5.]]])
    """

    dims = 1


class ConstantPad2d(_ConstantPad):
    """Adds elements of one value around the last two dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.ConstantPad2d(1, 5.0)(gpugrad.zeros(1, 1, 1))
    tensor([[[5., 5., 5.],
             [5., 0., 5.],
             [5., 5., 5.]]])
    """

    dims = 2


class ConstantPad3d(_ConstantPad):
    """Adds elements of one value around the last three dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.ConstantPad3d(1, 5.0)(gpugrad.zeros(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    dims = 3


class _ZeroPad(_ConstantPad):
    """Adds zeros."""

    def __init__(self, padding: Sizes) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad):
    """Adds zeros before and after the last dimension.

    >>> import gpugrad
    >>> gpugrad.nn.ZeroPad1d(1)(gpugrad.ones(1, 2))
    tensor([[0., 1., 1., 0.]])
    """

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Adds zeros around the last two dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.ZeroPad2d((1, 0, 0, 1))(gpugrad.ones(1, 1, 2))
    tensor([[[0., 1., 1.],
             [0., 0., 0.]]])
    """

    dims = 2


class ZeroPad3d(_ZeroPad):
    """Adds zeros around the last three dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.ZeroPad3d(1)(gpugrad.ones(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    dims = 3


class ReflectionPad1d(_Pad):
    """Mirrors the last dimension at its first and last elements.

    >>> import gpugrad
    >>> gpugrad.nn.ReflectionPad1d(2)(gpugrad.tensor([[1, 2, 3]]))
    tensor([[3, 2, 1, 2, 3, 2, 1]])
    """

    dims, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Mirrors the last two dimensions at their first and last elements.

    >>> import gpugrad
    >>> gpugrad.nn.ReflectionPad2d(1)(gpugrad.tensor([[[1, 2], [3, 4]]]))
    tensor([[[4, 3, 4, 3],
             [2, 1, 2, 1],
             [4, 3, 4, 3],
             [2, 1, 2, 1]]])
    """

    dims, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """Mirrors the last three dimensions at their first and last elements.

    >>> import gpugrad
    >>> gpugrad.nn.ReflectionPad3d(1)(gpugrad.zeros(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    dims, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """Repeats the first and last elements of the last dimension.

    >>> import gpugrad
    >>> gpugrad.nn.ReplicationPad1d(2)(gpugrad.tensor([[1, 2, 3]]))
    tensor([[1, 1, 1, 2, 3, 3, 3]])
    """

    dims, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Repeats the first and last elements of the last two dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.ReplicationPad2d((1, 0, 1, 0))(gpugrad.tensor([[[1, 2], [3, 4]]]))
    tensor([[[1, 1, 2],
             [1, 1, 2],
             [3, 3, 4]]])
    """

    dims, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """Repeats the first and last elements of the last three dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.ReplicationPad3d(1)(gpugrad.zeros(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    dims, mode = 3, "replicate"


class _CircularPad(_Pad):
    """Goes on at the other end."""

    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (self.dims + 1, self.dims + 2):
            raise ValueError(
                f"expected {self.dims + 1}D or {self.dims + 2}D input (got {input.dim()}D input)"
            )
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """Goes on at the other end of the last dimension.

    >>> import gpugrad
    >>> gpugrad.nn.CircularPad1d(2)(gpugrad.tensor([[1, 2, 3]]))
    tensor([[2, 3, 1, 2, 3, 1, 2]])
    """

    dims = 1


class CircularPad2d(_CircularPad):
    """Goes on at the other end of the last two dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.CircularPad2d((1, 0, 1, 0))(gpugrad.tensor([[[1, 2], [3, 4]]]))
    tensor([[[4, 3, 4],
             [2, 1, 2],
             [4, 3, 4]]])
    """

    dims = 2


class CircularPad3d(_CircularPad):
    """Goes on at the other end of the last three dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.CircularPad3d(1)(gpugrad.zeros(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    dims = 3
