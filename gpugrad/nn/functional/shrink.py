"""Activation functions that shrink small numbers to zero, and the leaky ReLU of random slope."""

from __future__ import annotations

from ...autograd.composed import shown_as
from ...creation import empty
from ...dtypes import float16, float64
from ...tensor import Tensor
from .activation import leaky_relu
from .out import stored
from .promotion import require_floating


@shown_as("Hardshrink", is_flat=True)
def hardshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x where \\|x\\| > ``lambd``, 0 elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.functional.hardshrink(gpugrad.tensor([-0.25, 1.0]))
    tensor([0., 1.])
    """
    require_floating(input, "hardshrink_cpu")
    result: Tensor = input.masked_fill(input.abs() <= lambd, 0)
    return result if out is None else stored(out, result, "hardshrink")


@shown_as("Softshrink", is_flat=True)
def softshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x moved towards 0 by ``lambd``, and 0 where it would pass it.

    Raises:
        RuntimeError: ``lambd`` is negative.

    >>> import gpugrad
    >>> gpugrad.nn.functional.softshrink(gpugrad.tensor([-0.25, 1.0]))
    tensor([0.0000, 0.5000])
    """
    require_floating(input, "softshrink_check")
    if lambd < 0:
        raise RuntimeError(
            f"lambda must be in range [0, 3.40282e+38] for input dtype {input.dtype.word}, but "
            f"found {lambd:g}"
        )
    result: Tensor = input - input.clamp(-lambd, lambd)
    return result if out is None else stored(out, result, "softshrink")


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x).

    >>> import gpugrad
    >>> gpugrad.nn.functional.tanhshrink(gpugrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """
    result: Tensor = input - input.tanh()
    return result


@shown_as("RreluWithNoise", is_flat=True)
def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """x where positive, a · x elsewhere, with a drawn for each element in training.

    Args:
        lower: a is uniform between this and ``upper``; their mean where not ``training``.

    Raises:
        RuntimeError: ``lower`` is greater than ``upper``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.rrelu(gpugrad.tensor([-4.0, 1.0]), 0.25, 0.75)
    tensor([-2.,  1.])
    """
    require_floating(input, "rrelu_with_noise_out_cpu")
    if input.dtype is float16:
        raise NotImplementedError("\"rrelu_with_noise_out_cpu\" not implemented for 'Half'")
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    slopes = _slopes(input.detach(), lower, upper)
    result: Tensor = input.mul_(slopes) if inplace else input * slopes
    return result


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """:func:`rrelu` in place."""
    return rrelu(input, lower, upper, training, True)


def _slopes(x: Tensor, lower: float, upper: float) -> Tensor:
    """One where positive; elsewhere drawn, on the CPU for those elements alone, as PyTorch does."""
    negative = x <= 0
    if x.is_cuda:
        everywhere: Tensor = x.new_empty(x.shape).uniform_(lower, upper)
        result: Tensor = everywhere.where(negative, x.new_ones(()))
        return result
    drawn = empty(int(negative.sum()), dtype=float64).uniform_(lower, upper)
    slopes: Tensor = x.new_ones(x.shape)
    slopes[negative] = drawn.to(x.dtype)
    return slopes
