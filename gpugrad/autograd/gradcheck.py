"""Compare analytic gradients with finite differences."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from ..backend import BACKENDS
from ..backend.primitives import Array
from .backward_pass import grad
from .engine import TensorBase, wrap


class GradcheckError(RuntimeError):
    """The analytic and the numerical gradient differ."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check the gradients of ``func`` at ``inputs`` against central differences.

    Args:
        func: takes the inputs, returns a tensor or a tuple of tensors.
        inputs: a tensor or a tuple; those that require gradients are checked, in float64:
            floating-point inputs of other types are converted, with a warning.
        eps: how far each element is moved to either side.
        atol, rtol: ``|analytic - numerical| <= atol + rtol * |numerical|`` passes.
        raise_exception: raise on failure instead of returning False.
        nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad,
        check_batched_forward_grad, check_forward_ad, check_backward_ad, fast_mode, masked: accepted
            for PyTorch's sake; the check is always the one described, element by element.

    Raises:
        GradcheckError: naming the worst element and both values there; or no result has a
            gradient, though one changes with an input.
        ValueError: no input requires gradients.

    >>> import gpugrad
    >>> x = gpugrad.ones(3, dtype=gpugrad.float64, requires_grad=True)
    >>> gpugrad.autograd.gradcheck(gpugrad.exp, (x,))
    True
    """
    given = _doubled(tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,))
    checked = [i for i, v in enumerate(given) if isinstance(v, TensorBase) and v.needs_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of "
            "them have requires_grad=True."
        )
    try:
        results = _results(func, given)
        for position in checked:
            for number, _ in enumerate(results):
                _check_pair(func, given, number, position, eps, atol, rtol)
            if not results:
                _check_constant(func, given, position, eps)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check second derivatives: :func:`gradcheck` of the gradients of ``func``.

    The gradients are functions of ``inputs`` and of ``grad_outputs``, on which they depend
    linearly, and are checked by both.

    Args:
        func, inputs, eps, atol, rtol, raise_exception: as in :func:`gradcheck`.
        grad_outputs: what the gradients start from, a tensor for each result of ``func``; by
            default numbers that differ from element to element.
        gen_non_contig_grad_outputs, nondet_tol, check_undefined_grad, check_grad_dtypes,
        check_batched_grad, check_fwd_over_rev, check_rev_over_rev, fast_mode, masked: accepted for
            PyTorch's sake.

    >>> import gpugrad
    >>> x = gpugrad.ones(3, dtype=gpugrad.float64, requires_grad=True)
    >>> gpugrad.autograd.gradgradcheck(gpugrad.sin, (x,))
    True
    """
    given = _doubled(tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,))
    checked = [i for i, v in enumerate(given) if isinstance(v, TensorBase) and v.needs_grad]
    count = len(given)
    if grad_outputs is None:
        starts = tuple(_weights(o) for o in _results(func, given))
    else:
        starts = tuple(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,)
    starts = tuple(s.detach().requires_grad_() for s in starts)

    def gradients(*args: Any) -> Any:
        outputs = _results(func, args[:count])
        picked = [args[i] for i in checked]
        found = grad(outputs, picked, args[count:], create_graph=True, allow_unused=True)
        for number, value in zip(checked, found, strict=True):
            if value is not None and not value.needs_grad and _depends(value):
                raise GradcheckError(
                    f"gradgradcheck: the gradient by input {number} has lost its graph: it should "
                    "depend on the gradient that comes in"
                )
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradients, (*given, *starts), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception
    )


def _depends(value: Any) -> bool:
    """Whether a gradient is not simply zero."""
    backend = BACKENDS[type(value.array)]
    return bool(backend.to_host(value.array).any())


def _doubled(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Floating-point inputs that require gradients in float64, with a note if that changes any.

    Differences in narrower types are too coarse for the tolerances.
    """
    narrow = [
        v
        for v in given
        if isinstance(v, TensorBase) and v.needs_grad and v.array.dtype != "float64"
    ]
    if not narrow:
        return given
    warnings.warn(
        "gradcheck computes in float64: inputs of other floating-point types were converted",
        UserWarning,
        stacklevel=3,
    )
    return tuple(_double(v) for v in given)


def _double(value: Any) -> Any:
    if not isinstance(value, TensorBase) or value.array.dtype.kind not in "fV":
        return value
    wide = wrap(BACKENDS[type(value.array)].cast(value.array, "float64"))
    wide.needs_grad = value.needs_grad
    return wide


def _results(func: Callable[..., Any], args: Any) -> tuple[Any, ...]:
    """The differentiable results of ``func``."""
    out = func(*args)
    outputs = tuple(out) if isinstance(out, (tuple, list)) else (out,)
    return tuple(o for o in outputs if isinstance(o, TensorBase) and o.needs_grad)


def _moved(
    given: tuple[Any, ...], position: int, index: tuple[int, ...], step: float
) -> tuple[Any, ...]:
    """The arguments with one element of one of them moved by ``step``."""
    target = given[position].array
    array: Array = BACKENDS[type(target)].copy(target)
    array[index] += step
    leaf = wrap(array)
    leaf.needs_grad = True
    return (*given[:position], leaf, *given[position + 1 :])


def _check_constant(
    func: Callable[..., Any], given: tuple[Any, ...], position: int, eps: float
) -> None:
    """Of a function whose results have no gradients: that they do not change with an input."""
    shape = given[position].array.shape
    for flat in range(math.prod(shape)):
        index = _unravel(flat, shape)
        above, below = (_arrays(func, _moved(given, position, index, s)) for s in (eps, -eps))
        if any(bool((a != b).any()) for a, b in zip(above, below, strict=True)):
            raise GradcheckError(
                "Numerical gradient for function expected to be zero: no result requires "
                f"gradients, but one changes with element {list(index)} of input {position}"
            )


def _arrays(func: Callable[..., Any], args: Any) -> list[Array]:
    """The floating-point results of ``func``."""
    out = func(*args)
    outputs = tuple(out) if isinstance(out, (tuple, list)) else (out,)
    found = [o.array for o in outputs if isinstance(o, TensorBase)]
    return [a for a in found if a.dtype.kind in "fV"]


def _weights(output: Any) -> Any:
    """A fixed, uneven weight for each element: equal ones would hide errors that cancel."""
    backend = BACKENDS[type(output.array)]
    count = max(output.array.size, 1)
    ramp = backend.arange(1, count + 1, 1, output.array.dtype) / count
    return wrap(backend.reshape(backend.cos(ramp * 3.0)[: output.array.size], output.array.shape))


def _check_pair(
    func: Callable[..., Any],
    given: tuple[Any, ...],
    number: int,
    position: int,
    eps: float,
    atol: float,
    rtol: float,
) -> None:
    """Compare the derivative of one result by one input, element by element of the input."""
    output = _results(func, given)[number]
    weights = _weights(output)
    (found,) = grad(output, given[position], weights, allow_unused=True, materialize_grads=True)
    backend = BACKENDS[type(found.array)]
    analytic = backend.to_host(found.array).reshape(-1)
    shape = given[position].array.shape

    def weighted(step: float, index: tuple[int, ...]) -> Any:
        result = _results(func, _moved(given, position, index, step))[number].array
        return (result * weights.array).sum().item()

    worst, message = 0.0, ""
    for flat, expected in enumerate(analytic):
        index = _unravel(flat, shape)
        numeric = (weighted(eps, index) - weighted(-eps, index)) / (2 * eps)
        excess = abs(expected - numeric) - (atol + rtol * abs(numeric))
        if excess > worst or excess != excess:
            worst = excess
            message = (
                f"gradcheck: the gradient of output {number} by input {position} is wrong, worst "
                f"at element {list(index)}: analytic {expected:.8g}, numerical {numeric:.8g}"
            )
    if message:
        raise GradcheckError(message)


def _unravel(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index = []
    for n in reversed(shape):
        index.append(flat % n)
        flat //= n
    return tuple(reversed(index))
