"""Limiting gradients by their common norm or by value, in place."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from types import GeneratorType

from ...autograd.engine import wrap
from ...backend import backend_of
from ...creation import tensor as make_tensor
from ...device import device
from ...dtypes import promote_types
from ...gradient_lists import arrays_to_write, by_kind
from ...ops.joining import stack
from ...tensor import Tensor

Tensors = Tensor | Iterable[Tensor]
Kinds = dict[device, list[list[Tensor]]]


def _as_list(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors as if they were one vector.

    ::

        (Σ |x|^p)^(1/p), or the largest |x| if p is infinite

    It stays on the device of the first tensor: nobody waits for it, unless ``error_if_nonfinite``
    asks for its value.

    Args:
        tensors: floating-point tensors, or one.
        norm_type: p. With 0, the number of tensors that are not all zero.
        error_if_nonfinite: whether an infinite or nan norm is an error.
        foreach: accepted; tensors of one device and dtype are always taken together.

    Returns:
        A 0-d tensor of the tensors' dtype.

    Raises:
        RuntimeError: the norm is not finite and ``error_if_nonfinite`` is set; a tensor is not
            floating-point; a tensor is empty and ``norm_type`` is negative or infinite.

    >>> import gpugrad
    >>> gpugrad.nn.utils.get_total_norm([gpugrad.tensor([3.0]), gpugrad.tensor([4.0])])
    tensor(5.)
    """
    return _total(by_kind(_as_list(tensors)), float(norm_type), error_if_nonfinite)


def _total(kinds: Kinds, p: float, error_if_nonfinite: bool) -> Tensor:
    norms = [_norm(some, p) for of_device in kinds.values() for some in of_device]
    if not norms:
        zero: Tensor = make_tensor(0.0)
        return zero
    total = norms[0] if len(norms) == 1 else _joined(norms, p)
    if error_if_nonfinite and not math.isfinite(float(total)):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite "
            "norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def _norm(tensors: list[Tensor], p: float) -> Tensor:
    """The norm of tensors of one device and dtype."""
    if not tensors[0].is_floating_point():
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + tensors[0].dtype.word
        )
    if p < 0 or p == math.inf:
        _refuse_empty(tensors, p)
    backend = backend_of(tensors[0].array)
    norm = backend.total_norm([t.array for t in tensors], p)
    result: Tensor = wrap(backend.asarray(norm))  # NumPy may have handed back a scalar
    return result


def _refuse_empty(tensors: list[Tensor], p: float) -> None:
    if all(t.numel() for t in tensors):
        return
    what = (
        "_foreach_norm cannot compute the infinity norm"
        if p == math.inf
        else f"linalg.vector_norm cannot compute the {p:g} norm"
    )
    raise RuntimeError(f"{what} on an empty tensor because the operation does not have an identity")


def _joined(norms: list[Tensor], p: float) -> Tensor:
    """The norm of norms, on the first one's device, in the dtype that holds them all."""
    dtype = norms[0].dtype
    for norm in norms[1:]:
        dtype = promote_types(dtype, norm.dtype)
    together = stack([norm.to(device=norms[0].device, dtype=dtype) for norm in norms])
    if p == 0:
        result: Tensor = together.sum()
        return result
    return _norm([together], p)


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients, in place, given their common norm.

    ::

        grad = grad * min(max_norm / (total_norm + 1e-6), 1)

    Args:
        parameters: tensors, or one; those without a gradient do not count.
        max_norm: what the norm shall be at most.
        total_norm: what it is, such as :func:`get_total_norm` says; a tensor of one element.
        foreach: accepted; gradients of one device and dtype are always taken together.

    >>> import gpugrad
    >>> p = gpugrad.nn.Parameter(gpugrad.zeros(2))
    >>> p.grad = gpugrad.tensor([3.0, 4.0])
    >>> gpugrad.nn.utils.clip_grads_with_norm_(p, 1.0, gpugrad.tensor(10.0))
    >>> p.grad
    tensor([0.3000, 0.4000])
    """
    grads = [p.grad for p in _as_list(parameters) if p.grad is not None]
    _clip(by_kind(grads), float(max_norm), total_norm)


def _clip(kinds: Kinds, max_norm: float, total_norm: Tensor) -> None:
    for where, of_device in kinds.items():
        norm = total_norm.to(where).array.reshape(())
        for some in of_device:
            backend_of(norm).clip_by_norm(arrays_to_write(some), norm, max_norm)


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients, in place, so that their common norm is at most ``max_norm``.

    Nothing is read back from the device, so the scaling costs no wait.

    Args:
        parameters: tensors, or one; those without a gradient do not count.
        max_norm: what the norm shall be at most.
        norm_type, error_if_nonfinite, foreach: as for :func:`get_total_norm`.

    Returns:
        The norm before scaling.

    Raises:
        RuntimeError: as :func:`get_total_norm`.

    >>> import gpugrad
    >>> p = gpugrad.nn.Parameter(gpugrad.zeros(2))
    >>> p.grad = gpugrad.tensor([3.0, 4.0])
    >>> gpugrad.nn.utils.clip_grad_norm_(p, 1.0)
    tensor(5.)
    >>> p.grad
    tensor([0.6000, 0.8000])
    """
    listed = _as_list(parameters)
    if not listed and isinstance(parameters, GeneratorType):
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
        )
    kinds = by_kind(p.grad for p in listed if p.grad is not None)
    total = _total(kinds, float(norm_type), error_if_nonfinite)
    _clip(kinds, float(max_norm), total)
    return total


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """:func:`clip_grad_norm_` under its former name. Warns of that."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
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
