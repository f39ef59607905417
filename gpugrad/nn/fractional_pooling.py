"""Max-pooling over windows at random places: ``FractionalMaxPool2d`` and ``3d``."""

from __future__ import annotations

from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional as F
from .module import Module
from .pooling import Sizes


class _FractionalMaxPool(Module):
    """The largest element of each of so many windows at random places."""

    ndim: int
    _pool: ClassVar[Any]

    def __init__(
        self,
        kernel_size: Sizes,
        output_size: Sizes | None = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = self._each(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else self._each(output_size)
        self.output_ratio = None if output_ratio is None else self._each(output_ratio)
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{type(self).__name__} requires specifying either an output size, or a pooling "
                "ratio"
            )
        if self.output_size is not None and self.output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def _each(self, value: Any) -> tuple[Any, ...]:
        return (value,) * self.ndim if isinstance(value, (int, float)) else tuple(value)

    def forward(self, input: Tensor) -> Any:
        return self._pool(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest element of each of so many windows at random places of input (N, C, H, W).

    Graham, "Fractional Max-Pooling", 2014. The places are drawn anew at every call.

    Args:
        kernel_size: the size of a window.
        output_size: how many windows: a number, or one for each dimension.
        output_ratio: that as a share of the input's size, between 0 and 1, instead.
        return_indices: also return the elements' row-major numbers in their planes.

    Raises:
        ValueError: neither or both of size and ratio are given, or a ratio out of range.

    >>> import gpugrad
    >>> gpugrad.nn.FractionalMaxPool2d(3, output_ratio=0.5)(gpugrad.zeros(2, 3, 8, 8)).shape
    torch.Size([2, 3, 4, 4])
    """

    ndim = 2
    _pool = staticmethod(F.fractional_max_pool2d)


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest element of each of so many windows at random places of input (N, C, D, H, W).

    Arguments as for ``FractionalMaxPool2d``.

    >>> import gpugrad
    >>> gpugrad.nn.FractionalMaxPool3d(2, output_size=3)(gpugrad.zeros(1, 2, 5, 5, 5)).shape
    torch.Size([1, 2, 3, 3, 3])
    """

    ndim = 3
    _pool = staticmethod(F.fractional_max_pool3d)
