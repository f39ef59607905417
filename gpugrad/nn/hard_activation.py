"""Activation functions made of straight pieces with bounds, as modules."""

from __future__ import annotations

import warnings

from ..tensor import Tensor
from . import functional as F
from .activation import inplace_text
from .module import Module


class Hardtanh(Module):
    """x, cut off below ``min_val`` and above ``max_val``.

    Raises:
        AssertionError: ``max_val`` is not greater than ``min_val``.

    >>> import gpugrad
    >>> gpugrad.nn.Hardtanh()(gpugrad.tensor([-2.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for old, new, value in (
            ("min_value", "min_val", min_value),
            ("max_value", "max_val", max_value),
        ):
            if value is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and renamed to `{new}`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(
                f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            )

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + inplace_text(self)


class ReLU6(Hardtanh):
    """min(max(x, 0), 6).

    >>> import gpugrad
    >>> gpugrad.nn.ReLU6()(gpugrad.tensor([-1.0, 2.0, 7.0]))
    tensor([0., 2., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Threshold(Module):
    """x where greater than ``threshold``, ``value`` elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.Threshold(1.0, 0.0)(gpugrad.tensor([0.5, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}" + inplace_text(self)


class Hardsigmoid(Module):
    """clamp(x + 3, 0, 6) / 6.

    >>> import gpugrad
    >>> gpugrad.nn.Hardsigmoid()(gpugrad.tensor([-4.0, 1.5]))
    tensor([0.0000, 0.7500])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)


class Hardswish(Module):
    """x · clamp(x + 3, 0, 6) / 6.

    >>> import gpugrad
    >>> gpugrad.nn.Hardswish()(gpugrad.tensor([-1.0, 4.0]))
    tensor([-0.3333,  4.0000])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)
