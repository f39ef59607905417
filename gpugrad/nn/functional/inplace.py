"""Activation functions in place, under names that end in an underscore."""

from __future__ import annotations

from ...tensor import Tensor
from . import activation
from .activation import celu, hardtanh, selu


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """:func:`hardtanh` in place.

    >>> import gpugrad
    >>> gpugrad.nn.functional.hardtanh_(gpugrad.tensor([-2.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    return hardtanh(input, min_val, max_val, True)


def selu_(input: Tensor) -> Tensor:
    """:func:`selu` in place.

    >>> import gpugrad
    >>> gpugrad.nn.functional.selu_(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.0507])
    """
    return selu(input, True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """:func:`celu` in place.

    >>> import gpugrad
    >>> gpugrad.nn.functional.celu_(gpugrad.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    return celu(input, alpha, True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """:func:`threshold` in place.

    >>> import gpugrad
    >>> gpugrad.nn.functional.threshold_(gpugrad.tensor([0.5, 2.0]), 1.0, 0.0)
    tensor([0., 2.])
    """
    return activation.threshold(input, threshold, value, True)
