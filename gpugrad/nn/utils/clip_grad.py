"""Limiting gradients by their common norm or by value, in place."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ...creation import tensor as make_tensor
from ...ops.joining import stack
from ...tensor import Tensor
from ..functional.vector_norm import vector_norm

Tensors = Tensor | Iterable[Tensor]


def _as_list(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """The norm of all tensors as if they were one vector.

    Raises:
        RuntimeError: the norm is not finite and ``error_if_nonfinite`` is set.

    >>> import gpugrad
    >>> gpugrad.nn.utils.get_total_norm([gpugrad.tensor([3.0]), gpugrad.tensor([4.0])])
    tensor(5.)
    """
    norms = [vector_norm(tensor.detach(), float(norm_type)) for tensor in _as_list(tensors)]
    if not norms:
        zero: Tensor = make_tensor(0.0)
        return zero
    on_one_device = [norm.to(norms[0].device) for norm in norms]
    total = vector_norm(stack(on_one_device), float(norm_type))
    if error_if_nonfinite and not math.isfinite(float(total)):
        raise RuntimeError(
            f"The total norm of order {float(norm_type)} for gradients from `parameters` is "
            "non-finite, so it cannot be clipped. To disable this error and scale the gradients "
            "by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients, in place, so that their common norm is at most ``max_norm``.

    Nothing is read back from the device, so the scaling costs no wait.

    Returns:
        The norm before scaling.

    Raises:
        RuntimeError: the norm is not finite and ``error_if_nonfinite`` is set.

    >>> import gpugrad
    >>> p = gpugrad.nn.Parameter(gpugrad.zeros(2))
    >>> p.grad = gpugrad.tensor([3.0, 4.0])
    >>> gpugrad.nn.utils.clip_grad_norm_(p, 1.0)
    tensor(5.)
    >>> p.grad
    tensor([0.6000, 0.8000])
    """
    grads = [p.grad.detach() for p in _as_list(parameters) if p.grad is not None]
    total = get_total_norm(grads, norm_type, error_if_nonfinite)
    # The small term keeps the factor finite; clamping avoids a branch on the norm's value.
    factor = (max_norm / (total + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad.device))
    return total


def clip_grad_value_(parameters: Tensors, clip_value: float) -> None:
    """Limit every element of every gradient, in place, to ±``clip_value``.

    >>> import gpugrad
    >>> p = gpugrad.nn.Parameter(gpugrad.zeros(2))
    >>> p.grad = gpugrad.tensor([3.0, -4.0])
    >>> gpugrad.nn.utils.clip_grad_value_(p, 1.0)
    >>> p.grad
    tensor([ 1., -1.])
    """
    bound = float(clip_value)
    for parameter in _as_list(parameters):
        if parameter.grad is not None:
            parameter.grad.detach().clamp_(-bound, bound)
