"""Activation functions, element by element or along one dimension."""

from __future__ import annotations

from ...autograd.composed import shown_as
from ...casting.calls import THREADS, casting
from ...dtypes import bool_
from ...ops.activation import (
    Elu,
    Gelu,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyRelu,
    LogSigmoid,
    Mish,
    Silu,
    Softplus,
)
from ...tensor import Tensor
from .out import stored
from .promotion import refuse_bools, require_floating

# The constants for which SELU keeps mean 0 and variance 1 (Klambauer et al., 2017).
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0).

    >>> import gpugrad
    >>> gpugrad.nn.functional.relu(gpugrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    result: Tensor = input.relu_() if inplace else input.relu()
    return result


def relu_(input: Tensor) -> Tensor:
    """``relu`` in place.

    >>> import gpugrad
    >>> gpugrad.nn.functional.relu_(gpugrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    result: Tensor = input.relu_()
    return result


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x)).

    >>> import gpugrad
    >>> gpugrad.nn.functional.sigmoid(gpugrad.tensor([-1.0, 2.0]))
    tensor([0.2689, 0.8808])
    """
    result: Tensor = input.sigmoid()
    return result


def tanh(input: Tensor) -> Tensor:
    """tanh(x).

    >>> import gpugrad
    >>> gpugrad.nn.functional.tanh(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.7616,  0.9640])
    """
    result: Tensor = input.tanh()
    return result


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where positive, ``negative_slope`` · x elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.functional.leaky_relu(gpugrad.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    apply = LeakyRelu.apply_ if inplace else LeakyRelu.apply
    result: Tensor = apply(input, negative_slope)
    return result


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """``leaky_relu`` in place.

    >>> import gpugrad
    >>> gpugrad.nn.functional.leaky_relu_(gpugrad.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return leaky_relu(input, negative_slope, True)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, ``alpha`` · (exp(x) - 1) elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.functional.elu(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    apply = Elu.apply_ if inplace else Elu.apply
    result: Tensor = apply(input, alpha)
    return result


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """``elu`` in place.

    >>> import gpugrad
    >>> gpugrad.nn.functional.elu_(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return elu(input, alpha, True)


@shown_as("Elu")
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale · x where positive, scale · alpha · (exp(x) - 1) elsewhere, with fixed constants.

    >>> import gpugrad
    >>> gpugrad.nn.functional.selu(gpugrad.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    # The gradient needs the input, which is overwritten in place.
    kept = input.clone() if inplace else input
    return _finish(input, Elu.apply(kept, _SELU_ALPHA) * _SELU_SCALE, inplace)


@shown_as("Celu")
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, ``alpha`` · (exp(x / alpha) - 1) elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.functional.celu(gpugrad.tensor([-1.0, 2.0]), 0.5)
    tensor([-0.4323,  2.0000])
    """
    require_floating(input, "elu_cpu")
    return _finish(input, Elu.apply(input / alpha, 1.0) * alpha, inplace)


def gelu(input: Tensor, *, approximate: str = "none", out: Tensor | None = None) -> Tensor:
    """x · Phi(x), Phi being the normal distribution function.

    Args:
        approximate: ``"tanh"`` for x · (1 + tanh(sqrt(2 / pi) · (x + 0.044715 x³))) / 2.

    Raises:
        RuntimeError: ``approximate`` is neither ``"none"`` nor ``"tanh"``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.gelu(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    result: Tensor = Gelu.apply(input, approximate)
    return result if out is None else stored(out, result, "gelu")


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · sigmoid(x).

    >>> import gpugrad
    >>> gpugrad.nn.functional.silu(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    result: Tensor = (Silu.apply_ if inplace else Silu.apply)(input)
    return result


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · tanh(softplus(x)).

    >>> import gpugrad
    >>> gpugrad.nn.functional.mish(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """
    require_floating(input, "mish_cpu")
    result: Tensor = (Mish.apply_ if inplace else Mish.apply)(input)
    return result


def softplus(
    input: Tensor, beta: float = 1, threshold: float = 20, *, out: Tensor | None = None
) -> Tensor:
    """log(1 + exp(beta · x)) / beta, and x itself where beta · x > threshold.

    >>> import gpugrad
    >>> gpugrad.nn.functional.softplus(gpugrad.tensor([-1.0, 2.0]))
    tensor([0.3133, 2.1269])
    """
    if THREADS and (run := casting("softplus")):
        return run(softplus, input, beta, threshold)
    result: Tensor = Softplus.apply(input, beta, threshold)
    return result if out is None else stored(out, result, "softplus")


def logsigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """log(sigmoid(x)) = -log(1 + exp(-x)).

    >>> import gpugrad
    >>> gpugrad.nn.functional.logsigmoid(gpugrad.tensor([-1.0, 2.0]))
    tensor([-1.3133, -0.1269])
    """
    refuse_bools(input, "log_sigmoid_cpu")
    result: Tensor = LogSigmoid.apply(input)
    return result if out is None else stored(out, result, "log_sigmoid")


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|).

    >>> import gpugrad
    >>> gpugrad.nn.functional.softsign(gpugrad.tensor([-1.0, 2.0]))
    tensor([-0.5000,  0.6667])
    """
    result: Tensor = input / (input.abs() + 1)
    return result


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x, cut off below ``min_val`` and above ``max_val``; no gradient at the bounds and beyond.

    Raises:
        ValueError: ``min_val`` is greater than ``max_val``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.hardtanh(gpugrad.tensor([-2.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    if input.dtype is bool_:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if input.is_floating_point():
        low, high = float(min_val), float(max_val)
    else:
        low, high = int(min_val), int(max_val)  # integers stay integers
    result: Tensor = (Hardtanh.apply_ if inplace else Hardtanh.apply)(input, low, high)
    return result


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6).

    >>> import gpugrad
    >>> gpugrad.nn.functional.relu6(gpugrad.tensor([-1.0, 2.0, 7.0]))
    tensor([0., 2., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """clamp(x + 3, 0, 6) / 6.

    >>> import gpugrad
    >>> gpugrad.nn.functional.hardsigmoid(gpugrad.tensor([-4.0, 1.5]))
    tensor([0.0000, 0.7500])
    """
    require_floating(input, "hardsigmoid_cpu")
    result: Tensor = (Hardsigmoid.apply_ if inplace else Hardsigmoid.apply)(input)
    return result


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · clamp(x + 3, 0, 6) / 6.

    >>> import gpugrad
    >>> gpugrad.nn.functional.hardswish(gpugrad.tensor([-1.0, 4.0]))
    tensor([-0.3333,  4.0000])
    """
    require_floating(input, "hardswish_cpu")
    result: Tensor = (Hardswish.apply_ if inplace else Hardswish.apply)(input)
    return result


@shown_as("Threshold", is_flat=True)
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where greater than ``threshold``, ``value`` elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.functional.threshold(gpugrad.tensor([0.5, 2.0]), 1.0, 0.0)
    tensor([0., 2.])
    """
    refuse_bools(input, "threshold_cpu")
    result = input.masked_fill(input <= threshold, value)
    return _finish(input, result, inplace)


@shown_as("PreluKernel", is_flat=True)
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where positive, ``weight`` · x elsewhere; one slope, or one for each channel (dim 1).

    Raises:
        RuntimeError: the number of slopes is neither 1 nor the number of channels.

    >>> import gpugrad
    >>> gpugrad.nn.functional.prelu(gpugrad.tensor([-1.0, 2.0]), gpugrad.tensor(0.1))
    tensor([-0.1000,  2.0000])
    """
    if THREADS and (run := casting("prelu")):
        return run(prelu, input, weight)
    require_floating(input, "prelu_cpu")
    if weight.dim() > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}"
        )
    if input.dim() == 0 and weight.dim():
        weight = weight.squeeze(0)
    if weight.numel() != 1:
        channels = input.size(1) if input.dim() > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
        weight = weight.reshape((channels,) + (1,) * (input.dim() - 2))
    result: Tensor = input.where(input > 0, weight * input)
    return result


@shown_as("Glu")
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a · sigmoid(b), a and b being the halves of the input along ``dim``.

    Raises:
        RuntimeError: the size of ``dim`` is odd.

    >>> import gpugrad
    >>> gpugrad.nn.functional.glu(gpugrad.tensor([3.0, 0.0]))
    tensor([1.5000])
    """
    require_floating(input, "glu_cpu")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.dim()} is size {size}"
        )
    first, second = input.chunk(2, dim)
    result: Tensor = first * second.sigmoid()
    return result


def _finish(input: Tensor, result: Tensor, inplace: bool) -> Tensor:
    """Write the result over the input if that is asked for."""
    return input.copy_(result) if inplace else result
