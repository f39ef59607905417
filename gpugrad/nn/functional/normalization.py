"""Normalization: over the last dimensions, over the batch, and of vectors to unit length."""

from __future__ import annotations

from collections.abc import Sequence

from ... import dtypes
from ...autograd.composed import shown_as
from ...autograd.grad_mode import no_grad
from ...casting.calls import THREADS, casting
from ...ops import channel_norm
from ...ops.normalization import LayerNormWithoutWeight, NativeLayerNorm
from ...tensor import Tensor
from .out import stored
from .promotion import require_floating
from .vector_norm import vector_norm


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) · weight + bias, over the last dimensions.

    Args:
        normalized_shape: the sizes of the dimensions to normalize over.

    Raises:
        RuntimeError: the input does not end in ``normalized_shape``, or weight or bias has
            another shape or type; beside a 16-bit input they may be float32.

    >>> import gpugrad
    >>> gpugrad.nn.functional.layer_norm(gpugrad.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    if THREADS and (run := casting("layer_norm")):
        return run(layer_norm, input, normalized_shape, weight, bias, eps)
    shape = _checked_shape("layer_norm", input, normalized_shape, "*, ")
    for name, tensor in (("weight", weight), ("bias", bias)):
        _check_affine(name, tensor, shape)
    require_floating(input, "LayerNormKernelImpl")
    if any(t is not None and t.dtype is not input.dtype for t in (weight, bias)):
        _refuse_mixture(input, weight, bias)
        return _in_float32(input, shape, weight, bias, eps)
    if weight is None:
        return _without_weight(input, shape, bias, eps)
    operands = (input, weight) if bias is None else (input, weight, bias)
    result: Tensor = NativeLayerNorm.apply(*operands, shape, float(eps))
    return result


@shown_as("NativeLayerNorm")
def _without_weight(
    input: Tensor, shape: tuple[int, ...], bias: Tensor | None, eps: float
) -> Tensor:
    result: Tensor = LayerNormWithoutWeight.apply(input, shape, float(eps))
    return result if bias is None else result + bias


@shown_as("NativeLayerNorm")
def _in_float32(
    input: Tensor,
    shape: tuple[int, ...],
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
) -> Tensor:
    """Of a 16-bit input beside weights of float32: rounded once, at the end."""
    result: Tensor = layer_norm(input.float(), shape, weight, bias, eps).to(input.dtype)
    return result


def _refuse_mixture(input: Tensor, weight: Tensor | None, bias: Tensor | None) -> None:
    """Refuse parameters of another type, but for float32 beside a 16-bit input."""
    if weight is not None and weight.dtype is input.dtype:
        assert bias is not None, "one of them differs"
        raise RuntimeError(f"expected scalar type {input.dtype.word} but found {bias.dtype.word}")
    if any(t is not None and t.dtype is not dtypes.float32 for t in (weight, bias)):
        raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
    if input.dtype is dtypes.float64:
        raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / sqrt(mean(x²) + eps) · weight, over the last dimensions.

    Args:
        eps: the spacing of the input's type at 1 if ``None``.

    Raises:
        RuntimeError: the input does not end in ``normalized_shape``, or the weight has another
            shape.

    >>> import gpugrad
    >>> gpugrad.nn.functional.rms_norm(gpugrad.tensor([[1.0, 7.0]]), (2,))
    tensor([[0.2000, 1.4000]])
    """
    if THREADS and (run := casting("rms_norm")):
        return run(rms_norm, input, normalized_shape, weight, eps)
    require_floating(input, "rms_norm")
    shape = _checked_shape("rms_norm", input, normalized_shape, "*")
    _check_affine("weight", weight, shape)
    if eps is None:
        eps = _spacing(input)
    dims = tuple(range(-len(shape), 0))
    # Squares of 16-bit numbers overflow; the result is rounded once, at the end.
    wide = input.float() if input.dtype.itemsize == 2 else input
    scaled = wide * (wide.square().mean(dims, True) + eps).rsqrt()
    if weight is not None:
        scaled = scaled * weight
    result: Tensor = scaled.to(input.dtype)
    return result


def _spacing(tensor: Tensor) -> float:
    """The distance from 1 to the next number of the tensor's type."""
    mantissa = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}
    return float(2.0 ** -mantissa[tensor.dtype.name])


def _checked_shape(
    function: str, input: Tensor, normalized_shape: Sequence[int], star: str
) -> tuple[int, ...]:
    if isinstance(normalized_shape, int):
        raise TypeError(
            f"{function}(): argument 'normalized_shape' (position 2) must be tuple of ints, not int"
        )
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = []"
        )
    if tuple(input.shape[-len(shape) :]) != shape:
        sizes = ", ".join(str(n) for n in shape)
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [{star}{sizes}], "
            f"but got input of size{list(input.shape)}"
        )
    return shape


def _check_affine(name: str, tensor: Tensor | None, shape: tuple[int, ...]) -> None:
    if tensor is not None and tuple(tensor.shape) != shape:
        raise RuntimeError(
            f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
            f"{list(tensor.shape)} and normalized_shape = {list(shape)}"
        )


@shown_as("NativeBatchNorm")
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) · weight + bias, each channel (dimension 1) by itself.

    In training mean and variance are those of the batch, and the running ones are moved towards
    them, in place: running = (1 - momentum) · running + momentum · batch, with the unbiased
    variance. Otherwise the running ones are used.

    Raises:
        ValueError: in training, there is only one value for each channel.
        RuntimeError: a size is not the number of channels, or there are no running statistics to
            use.

    >>> import gpugrad
    >>> gpugrad.nn.functional.batch_norm(gpugrad.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    require_floating(input, "batch_norm")
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if input.dtype.itemsize == 2:  # rounded once, at the end
        wide = (input.float(), running_mean, running_var, weight, bias, training, momentum, eps)
        narrow: Tensor = batch_norm(*wide).to(input.dtype)
        return narrow
    channels = input.size(1) if input.dim() > 1 else 0
    dims = (0, *range(2, input.dim()))
    if training:
        per_channel = input.numel() // channels if channels else 0
        if per_channel == 1:
            raise ValueError(
                "Expected more than 1 value per channel when training, got input size "
                f"{input.size()}"
            )
    for name, tensor in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        if tensor is None:
            if name.startswith("running") and not training:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
        elif tensor.numel() != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {tensor.numel()}")
    shape = (1, channels) + (1,) * (input.dim() - 2) if input.dim() > 1 else (0,)
    result: Tensor
    if training and input.numel() and _of_one_type(input, weight, bias):
        with_weight = None if weight is None else bias
        result, mean, variance = channel_norm.batch_norm(input, weight, with_weight, float(eps))
        _move_running(running_mean, running_var, mean, variance, momentum, per_channel)
        return result if bias is None or weight is not None else result + bias.reshape(shape)
    if training:
        mean = input.mean(dims, True)
        centred = input - mean
        variance = centred.square().mean(dims, True)
        if input.numel() > 0:  # else there is nothing to move towards
            _move_running(running_mean, running_var, mean, variance, momentum, per_channel)
    else:
        assert running_mean is not None and running_var is not None  # checked above
        centred = input - running_mean.reshape(shape)
        variance = running_var.reshape(shape)
    result = centred * (variance + eps).rsqrt()
    if weight is not None:
        result = result * weight.reshape(shape)
    return result if bias is None else result + bias.reshape(shape)


def _of_one_type(*tensors: Tensor | None) -> bool:
    return len({t.dtype for t in tensors if t is not None}) == 1


def _move_running(
    running_mean: Tensor | None,
    running_var: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    momentum: float | Tensor,
    count: int,
) -> None:
    """Move running statistics towards those of a batch with so many values for each channel."""
    with no_grad():
        if running_mean is not None:
            running_mean.mul_(1 - momentum).add_(mean.reshape(-1) * momentum)
        if running_var is not None:
            factor = momentum * count / max(count - 1, 1)
            running_var.mul_(1 - momentum).add_(variance.reshape(-1) * factor)


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """x / max(‖x‖_p, eps) along ``dim``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.normalize(gpugrad.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    if not input.is_floating_point():
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + input.dtype.word
        )
    result: Tensor = input / vector_norm(input, p, dim, True).clamp(min=eps)
    return result if out is None else stored(out, result, "normalize")
